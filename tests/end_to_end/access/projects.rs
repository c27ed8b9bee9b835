//! What a project shows, to its members as far as they may, and to nobody else.

use reqwest::Method;
use serde_json::{Value, json};
use testing::upstream::{Script, Upstream};

use super::{NOTHING, account, hospitable, id, key_with};
use crate::harness::{Answer, Client, Server};

/// A project of somebody's, with one who writes and one who reads there, and somebody who does neither.
struct Cast {
    alice: Client,
    writer: Client,
    reader: Client,
    bob: Client,
    bob_id: String,
    project: String,
    conversation: String,
    question: String,
    answer: String,
    run: String,
}

/// The id of a person, as their conversations tell it.
async fn person_id(person: &Client) -> String {
    let made = person.post("/api/v1/conversations", &json!({})).await.expect(201);
    made["owner_id"].as_str().expect("an id").to_owned()
}

async fn put(client: &Client, path: &str, body: &Value) -> Answer {
    Answer::of(client.request(Method::PUT, path).json(body)).await
}

async fn cast(server: &Server) -> Cast {
    let (alice, writer) = (server.member("alice").await, server.member("writer").await);
    let (reader, bob) = (server.member("reader").await, server.member("bob").await);
    let project =
        id(&alice.post("/api/v1/projects", &json!({ "name": "Garden" })).await.expect(201)).to_owned();
    for (who, access) in [(&writer, "write"), (&reader, "read")] {
        let path = format!("/api/v1/projects/{project}/members/{}", person_id(who).await);
        let member = put(&alice, &path, &json!({ "access": access })).await.expect(200);
        assert_eq!(member["access"], access);
    }
    let conversation =
        alice.conversation_with(&json!({ "title": "Secret plans", "project_id": project })).await;
    let exchange = alice.send(&conversation, "The heliotrope password is swordfish").await;
    alice.finished(id(&exchange["reply"])).await;
    Cast {
        bob_id: person_id(&bob).await,
        project,
        conversation,
        question: id(&exchange["message"]).to_owned(),
        answer: id(&exchange["reply"]).to_owned(),
        run: id(&exchange["run"]).to_owned(),
        alice,
        writer,
        reader,
        bob,
    }
}

async fn ask(client: &Client, method: &Method, path: &str, body: &Value) -> Answer {
    let request = client.request(method.clone(), path);
    Answer::of(if *method == Method::GET { request } else { request.json(body) }).await
}

/// Asks for a name, and gives the answer as a client can tell it from others.
async fn appearance(
    client: &Client,
    method: &Method,
    path: &str,
    body: &Value,
    name: &str,
) -> (u16, Vec<String>, String) {
    let body =
        serde_json::from_str(&body.to_string().replace("\"{}\"", &format!("\"{name}\""))).expect("JSON");
    ask(client, method, &path.replace("{}", name), &body).await.appearance(&[name])
}

#[tokio::test]
async fn a_project_of_others_looks_like_none() {
    let server = hospitable().start().await;
    let cast = cast(&server).await;
    let his = cast.bob.conversation().await;
    let member = format!("/api/v1/projects/{{}}/members/{}", cast.bob_id);
    let own = format!("/api/v1/conversations/{his}");
    let access = json!({ "access": "write" });
    for (method, path, body) in [
        (Method::GET, "/api/v1/projects/{}", json!({})),
        (Method::PATCH, "/api/v1/projects/{}", json!({ "name": "Mine" })),
        (Method::DELETE, "/api/v1/projects/{}", json!({})),
        (Method::GET, "/api/v1/projects/{}/members", json!({})),
        (Method::PUT, member.as_str(), access.clone()),
        (Method::DELETE, member.as_str(), json!({})),
        (Method::GET, "/api/v1/conversations?project={}", json!({})),
        (Method::POST, "/api/v1/conversations", json!({ "project_id": "{}" })),
        (Method::PATCH, own.as_str(), json!({ "project_id": "{}" })),
    ] {
        let theirs = appearance(&cast.bob, &method, path, &body, &cast.project).await;
        assert_eq!(theirs.0, 404, "{method} {path}: {theirs:?}");
        assert_eq!(theirs, appearance(&cast.bob, &method, path, &body, NOTHING).await, "{method} {path}");
    }
    // Attached, then read: it was not attached.
    assert_eq!(cast.bob.get(&own).await.expect(200)["project_id"], Value::Null);
    // Nobody of another workspace becomes a member, under a project of one's own either.
    let his_project = cast.bob.post("/api/v1/projects", &json!({ "name": "His" })).await.expect(201);
    let stranger = format!("/api/v1/projects/{}/members/{NOTHING}", id(&his_project));
    put(&cast.bob, &stranger, &access).await.expect_problem(404, "not_found");
    assert!(
        cast.bob.get("/api/v1/projects").await.expect(200)["items"]
            .as_array()
            .is_some_and(|all| all.len() == 1)
    );
}

#[tokio::test]
async fn members_read_and_write_as_far_as_they_may() {
    let server = hospitable().start().await;
    let cast = cast(&server).await;
    let conversation = format!("/api/v1/conversations/{}", cast.conversation);
    let (messages, question) =
        (format!("{conversation}/messages"), format!("/api/v1/messages/{}", cast.question));
    let read = [
        conversation.clone(),
        messages.clone(),
        format!("{messages}?branch=all"),
        format!("{messages}?leaf={}", cast.question),
        question.clone(),
        format!("{question}/edits"),
        format!("/api/v1/runs/{}", cast.run),
        format!("/api/v1/projects/{}", cast.project),
        format!("/api/v1/projects/{}/members", cast.project),
        format!("/api/v1/conversations?project={}", cast.project),
    ];
    for path in &read {
        for member in [&cast.reader, &cast.writer] {
            member.get(path).await.expect(200);
        }
        cast.bob.get(path).await.expect_problem(404, "not_found");
    }
    let text = json!({ "text": "And water?", "reply": false });
    let writes = [
        (Method::POST, messages.clone(), text.clone(), 201),
        (Method::POST, format!("/api/v1/messages/{}/regenerate", cast.answer), json!({}), 201),
        (Method::POST, format!("/api/v1/runs/{}/cancel", cast.run), json!({}), 200),
    ];
    for (method, path, body, status) in &writes {
        ask(&cast.reader, method, path, body).await.expect_problem(403, "forbidden");
        ask(&cast.bob, method, path, body).await.expect_problem(404, "not_found");
        let done = ask(&cast.writer, method, path, body).await.expect(*status);
        if done["reply"].is_object() {
            cast.writer.finished(id(&done["reply"])).await;
        }
    }
    let owns = [
        (Method::PATCH, conversation.clone(), json!({ "title": "Mine" })),
        (Method::PATCH, conversation.clone(), json!({ "project_id": null })),
        (Method::PATCH, conversation.clone(), json!({ "archived": true })),
        (Method::PATCH, question.clone(), json!({ "text": "changed" })),
        (Method::DELETE, question.clone(), json!({})),
        (Method::POST, format!("{conversation}/shares"), json!({ "kind": "live" })),
        (Method::GET, format!("{conversation}/shares"), json!({})),
        (Method::DELETE, conversation.clone(), json!({})),
    ];
    for (method, path, body) in &owns {
        for member in [&cast.reader, &cast.writer] {
            ask(member, method, path, body).await.expect_problem(403, "forbidden");
        }
        ask(&cast.bob, method, path, body).await.expect_problem(404, "not_found");
    }
    // A child of what is shown has no place under something of one's own.
    let own = cast.reader.conversation().await;
    let path = format!("/api/v1/conversations/{own}/messages");
    let child = json!({ "text": "Hi", "parent_id": cast.question, "reply": false });
    cast.reader.post(&path, &child).await.expect_problem(422, "invalid_input");
    let fork = json!({ "message_id": cast.question });
    let path = format!("/api/v1/conversations/{own}/fork");
    cast.reader.post(&path, &fork).await.expect_problem(422, "invalid_input");
    let copy = cast.reader.post(&format!("{conversation}/fork"), &fork).await.expect(201);
    assert_ne!(copy["owner_id"], cast.alice.get(&conversation).await.expect(200)["owner_id"]);
    assert_eq!(copy["project_id"], Value::Null);
}

#[tokio::test]
async fn search_recall_lists_and_events_of_members_stay_their_own() {
    let upstream = Upstream::start().await;
    upstream.script("m", Script::answer("Hi"));
    let server = hospitable().provider("mock", &upstream, "m").start().await;
    let cast = cast(&server).await;
    let asked = cast.reader.conversation_with(&json!({ "model": "builtin/recall" })).await;
    let recalled = cast.reader.ask(&asked, "What is the heliotrope password?").await;
    let mut seen = vec![("recall", recalled.to_string())];
    for path in ["/api/v1/search?q=swordfish", "/api/v1/conversations", "/api/v1/events?limit=200"] {
        seen.push((path, cast.reader.get(path).await.expect(200).to_string()));
    }
    for (place, text) in &seen {
        for hidden in ["swordfish", "Secret plans", &cast.question] {
            assert!(!text.contains(hidden), "{place} tells {hidden}: {text}");
        }
    }
}

#[tokio::test]
async fn who_is_no_longer_a_member_is_told_so_and_nothing_more() {
    let server = hospitable().start().await;
    let cast = cast(&server).await;
    let reader_id = person_id(&cast.reader).await;
    let channel = format!("conversation:{}", cast.conversation);
    let (mut reading, mut writing) = (cast.reader.socket().await, cast.writer.socket().await);
    for socket in [&mut reading, &mut writing] {
        assert_eq!(socket.subscribe(&channel, None).await["type"], "subscribed");
    }
    let path = format!("/api/v1/projects/{}/members/{reader_id}", cast.project);
    cast.alice.delete(&path).await.expect(204);
    let told = reading.expect_type("error").await;
    assert_eq!((&told["channel"], &told["problem"]["status"]), (&json!(channel), &json!(404)), "{told}");
    let text = json!({ "text": "Between us", "reply": false });
    let messages = format!("/api/v1/conversations/{}/messages", cast.conversation);
    cast.alice.post(&messages, &text).await.expect(201);
    writing.expect_type("event").await;
    cast.reader.get(&messages).await.expect_problem(404, "not_found");
    // The connection goes on, and was told nothing in between.
    reading.send(&json!({ "type": "ping", "id": "1" })).await;
    assert_eq!(reading.next().await["type"], "pong");
    // Taken out of the project, it is nobody else's.
    let conversation = format!("/api/v1/conversations/{}", cast.conversation);
    cast.alice.patch(&conversation, &json!({ "project_id": null })).await.expect(200);
    let mut told = writing.next().await;
    while told["type"] == "event" {
        told = writing.next().await;
    }
    assert_eq!((&told["type"], &told["channel"]), (&json!("error"), &json!(channel)), "{told}");
    cast.writer.get(&conversation).await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn an_administrator_steps_in_where_nobody_is_left_who_manages() {
    let server = hospitable().start().await;
    let cast = cast(&server).await;
    let admin = account(&server, "admin").await;
    let (admin_id, reader_id) = (person_id(&admin).await, person_id(&cast.reader).await);
    let owner = server.owner().await;
    let alice = format!("/api/v1/users/{}", person_id(&cast.alice).await);
    owner.delete(&alice).await.expect(204);
    let members = format!("/api/v1/projects/{}/members", cast.project);
    let (one, manage) = (|user: &str| format!("{members}/{user}"), json!({ "access": "manage" }));
    for person in [&cast.reader, &cast.writer] {
        put(person, &one(&reader_id), &manage).await.expect_problem(403, "forbidden");
    }
    put(&cast.bob, &one(&cast.bob_id), &manage).await.expect_problem(404, "not_found");
    // Not for others, not for less, and not with a key that is not for managing.
    put(&admin, &one(&reader_id), &manage).await.expect_problem(404, "not_found");
    put(&admin, &one(&admin_id), &json!({ "access": "read" })).await.expect_problem(404, "not_found");
    let (narrow, _) = key_with(&admin, &["read", "write"]).await;
    put(&narrow, &one(&admin_id), &manage).await.expect_problem(404, "not_found");
    admin.get(&members).await.expect_problem(404, "not_found");
    let nothing = format!("/api/v1/projects/{NOTHING}/members/{admin_id}");
    put(&admin, &nothing, &manage).await.expect_problem(404, "not_found");

    put(&admin, &one(&admin_id), &manage).await.expect(200);
    admin.get(&members).await.expect(200);
    put(&admin, &one(&reader_id), &manage).await.expect(200);
    cast.reader
        .patch(&format!("/api/v1/projects/{}", cast.project), &json!({ "name": "Ours" }))
        .await
        .expect(200);
    let entries = owner.get("/api/v1/audit?name=project.member_set").await.expect(200);
    let entry = entries["items"].as_array().and_then(|all| all.get(1)).expect("an entry");
    assert_eq!((&entry["actor_id"], &entry["user_id"]), (&json!(admin_id), &json!(admin_id)), "{entries}");
}
