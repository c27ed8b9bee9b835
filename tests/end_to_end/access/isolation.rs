//! What belongs to somebody else looks exactly like what does not exist.

use reqwest::Method;
use serde_json::{Value, json};
use testing::upstream::{Script, Upstream};

use super::{NOTHING, hospitable, id};
use crate::harness::{Answer, Client, Server};

/// Everything of one person that has an id.
struct Belongings {
    conversation: String,
    question: String,
    answer: String,
    run: String,
    key: String,
    cursor: String,
}

async fn belongings(person: &Client) -> Belongings {
    let conversation = person.conversation_with(&json!({ "title": "Secret plans" })).await;
    let exchange = person.send(&conversation, "The heliotrope password is swordfish").await;
    person.finished(id(&exchange["reply"])).await;
    let path = format!("/api/v1/conversations/{conversation}/messages?limit=1");
    let cursor = person.get(&path).await.expect(200)["next"].as_str().expect("a cursor").to_owned();
    Belongings {
        conversation,
        question: id(&exchange["message"]).to_owned(),
        answer: id(&exchange["reply"]).to_owned(),
        run: id(&exchange["run"]).to_owned(),
        key: person.with_new_api_key_of(&json!({ "name": "k" })).await.1,
        cursor,
    }
}

async fn two_people(server: &Server) -> (Client, Belongings, Client) {
    let (alice, bob) = (server.member("alice").await, server.member("bob").await);
    let hers = belongings(&alice).await;
    (alice, hers, bob)
}

/// Puts a name wherever a value holds a place for it.
fn naming(value: &Value, name: &str) -> Value {
    serde_json::from_str(&value.to_string().replace("\"{}\"", &format!("\"{name}\""))).expect("JSON")
}

/// Asks for a name, and gives the answer as a client can tell it from others.
async fn ask(
    client: &Client,
    method: &Method,
    path: &str,
    body: &Value,
    name: &str,
) -> (u16, Vec<String>, String) {
    let mut request = client.request(method.clone(), &path.replace("{}", name));
    if *method != Method::GET {
        request = request.json(&naming(body, name));
    }
    Answer::of(request).await.appearance(&[name])
}

#[tokio::test]
async fn every_id_of_another_person_in_a_path_looks_like_a_random_one() {
    let server = hospitable().start().await;
    let (alice, hers, bob) = two_people(&server).await;
    let before = alice.get(&format!("/api/v1/conversations/{}", hers.conversation)).await.bytes;
    let text = json!({ "text": "mine now" });
    let nothing = json!({});
    let conversation = "/api/v1/conversations/{}";
    for (method, path, body, name) in [
        (Method::GET, conversation, &nothing, &hers.conversation),
        (Method::GET, "/api/v1/conversations/{}?fields=id", &nothing, &hers.conversation),
        (Method::PATCH, conversation, &json!({ "title": "mine now" }), &hers.conversation),
        (Method::DELETE, conversation, &nothing, &hers.conversation),
        (
            Method::POST,
            "/api/v1/conversations/{}/fork",
            &json!({ "message_id": hers.question }),
            &hers.conversation,
        ),
        (Method::GET, "/api/v1/conversations/{}/messages", &nothing, &hers.conversation),
        (Method::GET, "/api/v1/conversations/{}/messages?branch=all", &nothing, &hers.conversation),
        (Method::POST, "/api/v1/conversations/{}/messages", &text, &hers.conversation),
        (Method::GET, "/api/v1/messages/{}", &nothing, &hers.answer),
        (Method::GET, "/api/v1/messages/{}", &nothing, &hers.question),
        (Method::PATCH, "/api/v1/messages/{}", &text, &hers.question),
        (Method::DELETE, "/api/v1/messages/{}", &nothing, &hers.question),
        (Method::GET, "/api/v1/messages/{}/edits", &nothing, &hers.question),
        (Method::POST, "/api/v1/messages/{}/regenerate", &nothing, &hers.answer),
        (Method::GET, "/api/v1/runs/{}", &nothing, &hers.run),
        (Method::POST, "/api/v1/runs/{}/cancel", &nothing, &hers.run),
        (Method::GET, "/api/v1/runs/{}/events", &nothing, &hers.run),
        // The right id of the wrong kind.
        (Method::GET, "/api/v1/messages/{}", &nothing, &hers.conversation),
        (Method::GET, conversation, &nothing, &hers.question),
    ] {
        let theirs = ask(&bob, &method, path, body, name).await;
        assert_eq!(theirs.0, 404, "{method} {path}");
        assert_eq!(theirs, ask(&bob, &method, path, body, NOTHING).await, "{method} {path}");
    }
    let browser = bob.in_browser();
    let revoke = async |id: &str| ask(&browser, &Method::DELETE, "/api/v1/api-keys/{}", &nothing, id).await;
    let theirs = revoke(&hers.key).await;
    assert_eq!((theirs.0, &theirs), (404, &revoke(NOTHING).await));
    for tag in ["\"1\"", "\"999\"", "*"] {
        let patch = async |name: &str| {
            let request =
                bob.request(Method::PATCH, &conversation.replace("{}", name)).header("if-match", tag);
            Answer::of(request.json(&json!({ "title": "x" }))).await.appearance(&[name])
        };
        assert_eq!(patch(&hers.conversation).await, patch(NOTHING).await, "no version is given away");
    }
    let after = alice.get(&format!("/api/v1/conversations/{}", hers.conversation)).await.bytes;
    assert_eq!(before, after);
    let keys = alice.in_browser().get("/api/v1/api-keys").await.expect(200);
    assert!(keys["items"].as_array().is_some_and(|keys| keys.iter().any(|key| id(key) == hers.key)));
}

#[tokio::test]
async fn every_id_of_another_person_in_a_body_or_query_looks_like_a_random_one() {
    let server = hospitable().start().await;
    let (_alice, hers, bob) = two_people(&server).await;
    let his = belongings(&bob).await;
    let own = |rest: &str| format!("/api/v1/conversations/{}{rest}", his.conversation);
    for (method, path, body, name) in [
        (Method::POST, own("/messages"), json!({ "text": "Hi", "parent_id": "{}" }), &hers.answer),
        (Method::POST, own("/messages"), json!({ "text": "Hi", "parent_id": "{}" }), &hers.question),
        (Method::POST, own("/fork"), json!({ "message_id": "{}" }), &hers.answer),
        (Method::PATCH, own(""), json!({ "active_leaf_id": "{}" }), &hers.answer),
        (Method::GET, own("/messages?leaf={}"), json!({}), &hers.answer),
    ] {
        let theirs = ask(&bob, &method, &path, &body, name).await;
        assert_eq!(theirs.0, 422, "{method} {path}: {theirs:?}");
        assert_eq!(theirs, ask(&bob, &method, &path, &body, NOTHING).await, "{method} {path}");
    }
    let with_her_cursor = bob.get(&own(&format!("/messages?after={}", hers.cursor))).await;
    with_her_cursor.expect_problem(422, "invalid_input");

    // An attempt of hers cannot be replayed by him.
    let owner = server.owner().await;
    let made =
        owner.post_once("attempt", "/api/v1/conversations", &json!({ "title": "Hers" })).await.expect(201);
    let other =
        bob.post_once("attempt", "/api/v1/conversations", &json!({ "title": "Hers" })).await.expect(201);
    assert_ne!(made["id"], other["id"]);
    assert_ne!(made["owner_id"], other["owner_id"]);
}

#[tokio::test]
async fn every_id_of_another_person_in_a_frame_looks_like_a_random_one() {
    let server = hospitable().start().await;
    let (_alice, hers, bob) = two_people(&server).await;
    let his = belongings(&bob).await;
    let plain = |mut problem: Value, name: &str| {
        problem.as_object_mut().expect("a problem").remove("trace_id");
        problem.to_string().replace(name, "<named>")
    };
    for (name, parameters, theirs) in [
        ("conversation.update", json!({ "conversation_id": "{}", "title": "x" }), &hers.conversation),
        ("conversation.delete", json!({ "conversation_id": "{}" }), &hers.conversation),
        (
            "conversation.fork",
            json!({ "conversation_id": "{}", "message_id": his.question }),
            &hers.conversation,
        ),
        (
            "conversation.fork",
            json!({ "conversation_id": his.conversation, "message_id": "{}" }),
            &hers.question,
        ),
        ("message.send", json!({ "conversation_id": "{}", "text": "x" }), &hers.conversation),
        (
            "message.send",
            json!({ "conversation_id": his.conversation, "parent_id": "{}", "text": "x" }),
            &hers.answer,
        ),
        ("message.edit", json!({ "message_id": "{}", "text": "x" }), &hers.question),
        ("message.delete", json!({ "message_id": "{}" }), &hers.question),
        ("message.regenerate", json!({ "message_id": "{}" }), &hers.answer),
        ("run.cancel", json!({ "run_id": "{}" }), &hers.run),
        ("api_key.delete", json!({ "api_key_id": "{}" }), &hers.key),
    ] {
        let ask = async |id: &str| {
            let parameters = naming(&parameters, id);
            let bob = if name == "api_key.delete" { bob.in_browser() } else { bob.clone() };
            let over_socket = bob.socket().await.command(name, parameters.clone()).await["problem"].clone();
            let commands = json!({ "commands": [{ "id": "1", "name": name, "params": parameters }] });
            let batch = bob.post("/api/v1/batch", &commands).await.expect(200);
            let in_batch = batch["results"][0]["problem"].clone();
            (plain(over_socket, id), plain(in_batch, id))
        };
        let answer = ask(theirs).await;
        assert_eq!(answer, ask(NOTHING).await, "{name}");
        assert_eq!(answer.0, answer.1, "{name} is the same in both");
    }
    for (kind, theirs) in [("conversation", &hers.conversation), ("run", &hers.run)] {
        let ask = async |id: &str| {
            let mut socket = bob.socket().await;
            socket.send(&json!({ "type": "subscribe", "id": "1", "channel": format!("{kind}:{id}") })).await;
            let frame = socket.reply_to("1").await;
            assert_eq!(frame["type"], "error", "{frame}");
            plain(frame["problem"].clone(), id)
        };
        assert_eq!(ask(theirs).await, ask(NOTHING).await, "{kind}");
    }
}

#[tokio::test]
async fn nothing_of_another_person_is_listed_told_or_recalled() {
    let upstream = Upstream::start().await;
    upstream.script("m", Script::answer("an answer with the word heliotrope"));
    let server = hospitable().provider("mock", &upstream, "m").start().await;
    let (alice, bob) = (server.member("alice").await, server.member("bob").await);
    let mut listening = bob.socket().await;
    listening.subscribe("user:me", None).await;
    let hers = belongings(&alice).await;

    let asked = bob.conversation_with(&json!({ "model": "builtin/recall" })).await;
    let answer = bob.ask(&asked, "What is the heliotrope password?").await;
    assert_eq!(answer["status"], "complete");
    let mut seen = vec![("what recall quotes", answer.to_string())];
    for path in [
        "/api/v1/conversations",
        "/api/v1/events?limit=200",
        "/api/v1/api-keys",
        "/api/v1/conversations?q=secret",
    ] {
        let found = bob.in_browser().get(path).await;
        assert_eq!(found.status, 200, "{found:?}");
        seen.push((path, String::from_utf8_lossy(&found.bytes).into_owned()));
    }
    let mut frames = String::new();
    while !frames.contains("run.completed") {
        frames.push_str(&listening.next_text().await.expect("an open socket"));
    }
    seen.push(("user:me", frames));
    for (place, text) in &seen {
        for secret in ["swordfish", "Secret plans", &hers.conversation, &hers.question, &hers.run, &hers.key]
        {
            assert!(!text.contains(secret), "{place} tells {secret}: {text}");
        }
    }
    // Nor does what the model is shown.
    bob.ask(&bob.conversation_with(&json!({ "model": "mock/m" })).await, "Hi").await;
    let shown = upstream.last_request().expect("a request").json().to_string();
    assert!(!shown.contains("swordfish"), "{shown}");
    // Not even the owner of the server reads along.
    let owner = server.owner().await;
    owner.get(&format!("/api/v1/conversations/{}", hers.conversation)).await.expect_problem(404, "not_found");
}
