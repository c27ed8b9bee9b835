//! One matrix: what each kind of credential may do.

use reqwest::Method;
use serde_json::{Value, json};

use super::{NOTHING, account, hospitable, id, key_with};
use crate::harness::{Answer, Client, Server};

/// What an operation needs.
#[derive(Clone, Copy, PartialEq)]
enum Needs {
    Read,
    Write,
    Generate,
    ManageOwnKeys,
    ManageUsers,
}

use Needs::{Generate, ManageOwnKeys, ManageUsers, Read, Write};

/// Every operation, on things that do not exist wherever that is possible: whoever may, gets something else than 403.
fn operations(conversation: &str) -> Vec<(Needs, Method, String, Value)> {
    let operation = |needs, method, path: &str, body| (needs, method, path.to_owned(), body);
    let messages = format!("/api/v1/conversations/{conversation}/messages");
    let nothing = |path: &str| path.replace("{}", NOTHING);
    vec![
        operation(Read, Method::GET, "/api/v1/me", json!({})),
        operation(Read, Method::GET, "/api/v1/models", json!({})),
        operation(Read, Method::GET, "/api/v1/events", json!({})),
        operation(Read, Method::GET, "/api/v1/search?q=words", json!({})),
        operation(Read, Method::GET, "/api/v1/conversations", json!({})),
        operation(Read, Method::GET, &nothing("/api/v1/conversations/{}"), json!({})),
        operation(Read, Method::GET, &nothing("/api/v1/conversations/{}/messages"), json!({})),
        operation(Read, Method::GET, &nothing("/api/v1/messages/{}"), json!({})),
        operation(Read, Method::GET, &nothing("/api/v1/messages/{}/edits"), json!({})),
        operation(Read, Method::GET, &nothing("/api/v1/runs/{}"), json!({})),
        operation(Read, Method::GET, &nothing("/api/v1/runs/{}/events"), json!({})),
        operation(Write, Method::POST, "/api/v1/conversations", json!({})),
        operation(Write, Method::PATCH, &nothing("/api/v1/conversations/{}"), json!({})),
        operation(Write, Method::DELETE, &nothing("/api/v1/conversations/{}"), json!({})),
        operation(
            Write,
            Method::POST,
            &nothing("/api/v1/conversations/{}/fork"),
            json!({ "message_id": NOTHING }),
        ),
        operation(Write, Method::PATCH, &nothing("/api/v1/messages/{}"), json!({ "text": "x" })),
        operation(Write, Method::DELETE, &nothing("/api/v1/messages/{}"), json!({})),
        operation(Write, Method::POST, &nothing("/api/v1/runs/{}/cancel"), json!({})),
        operation(Write, Method::POST, &messages, json!({ "text": "x", "parent_id": null, "reply": false })),
        operation(Generate, Method::POST, &messages, json!({ "text": "x", "parent_id": null })),
        operation(ManageOwnKeys, Method::GET, "/api/v1/api-keys", json!({})),
        operation(ManageOwnKeys, Method::DELETE, &nothing("/api/v1/api-keys/{}"), json!({})),
        operation(ManageUsers, Method::GET, "/api/v1/users", json!({})),
        operation(
            ManageUsers,
            Method::POST,
            "/api/v1/users",
            json!({ "email": "owner@example.org", "display_name": "x", "role": "viewer" }),
        ),
    ]
}

async fn attempt(client: &Client, method: &Method, path: &str, body: &Value) -> Answer {
    let mut request = client.request(method.clone(), path);
    if *method != Method::GET {
        request = request.json(body);
    }
    Answer::of(request).await
}

/// Tries everything. A command that generates needs to be allowed to write, too.
async fn assert_may(name: &str, client: &Client, conversation: &str, may: &[Needs]) {
    for (needs, method, path, body) in operations(conversation) {
        let answer = attempt(client, &method, &path, &body).await;
        let allowed = may.contains(&needs) && (needs != Generate || may.contains(&Write));
        assert_eq!(answer.status != 403, allowed, "{name}: {method} {path}: {answer:?}");
        assert!(answer.status < 500 && answer.status != 401, "{name}: {method} {path}: {answer:?}");
        if !allowed {
            answer.expect_problem(403, "forbidden");
        }
    }
}

#[tokio::test]
async fn each_role_may_do_what_it_may_and_nothing_else() {
    let server = hospitable().start().await;
    for (role, may) in [
        ("viewer", &[Read][..]),
        ("member", &[Read, Write, Generate, ManageOwnKeys]),
        ("admin", &[Read, Write, Generate, ManageOwnKeys, ManageUsers]),
    ] {
        let person = account(&server, role).await;
        let conversation = if role == "viewer" { NOTHING.to_owned() } else { person.conversation().await };
        assert_may(role, &person, &conversation, may).await;
    }
}

#[tokio::test]
async fn each_scope_of_a_key_allows_what_it_says_and_nothing_else() {
    let server = hospitable().start().await;
    let owner = server.owner().await;
    let conversation = owner.conversation().await;
    for (scopes, may) in [
        (&["read"][..], &[Read][..]),
        (&["write"], &[Write]),
        (&["generate"], &[]),
        // The model of this server answers from what was written, which is reading.
        (&["write", "generate"], &[Write]),
        (&["read", "write", "generate"], &[Read, Write, Generate]),
        (&["admin"], &[ManageUsers]),
        (&["read", "write", "generate", "admin"], &[Read, Write, Generate, ManageUsers]),
    ] {
        let (key, _) = key_with(&owner, scopes).await;
        assert_may(&scopes.join("+"), &key, &conversation, may).await;
    }
}

#[tokio::test]
async fn a_key_that_may_not_read_is_told_nothing_by_the_model_that_answers_from_messages() {
    let server = hospitable().start().await;
    let owner = server.owner().await;
    let conversation = owner.conversation().await;
    let said = json!({ "text": "The number of the giraffe is 4711.", "reply": false });
    owner.post(&format!("/api/v1/conversations/{conversation}/messages"), &said).await.expect(201);
    let asked = json!({ "model": "builtin/recall", "messages": [{ "role": "user", "content": "giraffe" }] });
    for (scopes, may) in [(&["generate"][..], false), (&["read", "generate"], true)] {
        let (key, _) = key_with(&owner, scopes).await;
        let answer = key.post("/v1/chat/completions", &asked).await;
        assert_eq!(answer.status, if may { 200 } else { 403 }, "{scopes:?}: {answer:?}");
        let told = String::from_utf8_lossy(&answer.bytes);
        assert_eq!(told.contains("4711"), may, "{scopes:?}: {told}");
    }
}

#[tokio::test]
async fn a_scope_never_gives_more_than_the_role_behind_it() {
    let server = hospitable().start().await;
    let member = account(&server, "member").await;
    let (key, _) = key_with(&member, &["read", "write", "generate", "admin"]).await;
    let conversation = key.conversation().await;
    assert_may("a member's key", &key, &conversation, &[Read, Write, Generate]).await;
}

#[tokio::test]
async fn the_same_limits_hold_over_the_socket_and_in_a_batch() {
    let server = hospitable().start().await;
    let owner = server.owner().await;
    let conversation = owner.conversation().await;
    let (reader, _) = key_with(&owner, &["read"]).await;
    let commands = [
        ("conversation.create", json!({})),
        ("conversation.delete", json!({ "conversation_id": conversation })),
        ("message.send", json!({ "conversation_id": conversation, "text": "x" })),
        ("run.cancel", json!({ "run_id": NOTHING })),
        (
            "user.create",
            json!({ "email": "x@example.org", "display_name": "x", "role": "owner", "password": "long enough" }),
        ),
        ("api_key.create", json!({ "name": "x" })),
    ];
    let mut socket = reader.socket().await;
    for (name, parameters) in commands {
        let frame = socket.command(name, parameters.clone()).await;
        assert_eq!((&frame["type"], &frame["problem"]["status"]), (&json!("error"), &json!(403)), "{frame}");
        let batch = json!({ "commands": [{ "id": "1", "name": name, "params": parameters }] });
        let answer = reader.post("/api/v1/batch", &batch).await.expect(200);
        assert_eq!(answer["results"][0]["status"], 403, "{answer}");
    }
    socket.subscribe(&format!("conversation:{conversation}"), None).await;

    let (writer, _) = key_with(&owner, &["write"]).await;
    let mut socket = writer.socket().await;
    for channel in ["user:me".to_owned(), format!("conversation:{conversation}")] {
        socket.send(&json!({ "type": "subscribe", "id": "1", "channel": channel })).await;
        let frame = socket.reply_to("1").await;
        assert_eq!(frame["problem"]["status"], 403, "a key that may not read cannot listen: {frame}");
    }
    assert_eq!(
        owner.get("/api/v1/conversations").await.expect(200)["items"].as_array().map(Vec::len),
        Some(1)
    );
}

#[tokio::test]
async fn no_key_makes_keys_or_passwords_and_nobody_an_account_above_their_own() {
    let server = hospitable().start().await;
    let owner = server.owner().await;
    let limits = json!({ "name": "narrow", "scopes": ["read", "admin"], "requests_per_minute": 100 });
    for (key, id) in
        [owner.with_new_api_key_of(&limits).await, key_with(&owner, &["read", "write", "admin"]).await]
    {
        let body = json!({ "name": "as wide" });
        key.post("/api/v1/api-keys", &body).await.expect_problem(403, "forbidden");
        key.get("/api/v1/api-keys").await.expect_problem(403, "forbidden");
        key.delete(&format!("/api/v1/api-keys/{id}")).await.expect_problem(403, "forbidden");
        let mut body = json!({ "email": "by-key@example.org", "display_name": "By key", "role": "member",
            "password": "long enough password" });
        key.post("/api/v1/users", &body).await.expect_problem(403, "password_by_key");
        let listed = owner.get("/api/v1/users").await.expect(200);
        assert!(!listed.to_string().contains("by-key"), "{listed}");
        body["email"] = json!(format!("{id}@example.org"));
        body.as_object_mut().expect("an object").remove("password");
        let made = key.post("/api/v1/users", &body).await.expect(201);
        assert_eq!((&made["state"], made["link"].is_string()), (&json!("pending"), true));
    }

    let admin = account(&server, "admin").await;
    let body = json!({ "email": "x@example.org", "display_name": "x", "role": "owner", "password": "long enough password" });
    admin.post("/api/v1/users", &body).await.expect_problem(403, "forbidden");
    let users = owner.get("/api/v1/users").await.expect(200);
    let owners = users["items"].as_array().expect("users").iter().filter(|user| user["role"] == "owner");
    assert_eq!(owners.count(), 1);
    assert!(!users.to_string().contains("password"), "{users}");
}

#[tokio::test]
async fn a_key_is_shown_once_and_never_again() {
    let server = Server::start().await;
    let owner = server.owner().await.in_browser();
    let made = owner.post("/api/v1/api-keys", &json!({ "name": "once" })).await.expect(201);
    let key = made["key"].as_str().expect("a key");
    assert!(key.starts_with("clq_") && key.len() > 40, "{key}");
    assert!(key.starts_with(made["prefix"].as_str().expect("a prefix")));
    let listed = owner.get("/api/v1/api-keys").await.expect(200);
    assert!(listed["items"].as_array().is_some_and(|keys| keys.iter().any(|found| id(found) == id(&made))));
    let events = owner.get("/api/v1/events?limit=200").await.expect(200);
    for (place, text) in [
        ("list", listed.to_string()),
        ("events", events.to_string()),
        ("log", server.log()),
        ("database", String::from_utf8_lossy(&server.folder().stored()).into_owned()),
    ] {
        assert!(!text.contains(key), "the key is in the {place}");
    }
}
