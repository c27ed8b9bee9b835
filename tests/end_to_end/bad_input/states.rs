//! Commands that are well formed, but do not fit what is there.

use reqwest::Method;
use serde_json::{Value, json};
use testing::upstream::{Script, Upstream};

use super::{NOTHING, assert_points_at, gated, id, messages_of, say};
use crate::harness::{Answer, Server};

#[tokio::test]
async fn nothing_can_be_done_with_a_deleted_conversation() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let conversation = owner.conversation().await;
    let question = say(&owner, &conversation, json!({})).await;
    let one = format!("/api/v1/conversations/{conversation}");
    let message = format!("/api/v1/messages/{}", id(&question));
    owner.delete(&one).await.expect(204);
    for (method, path, body) in [
        (Method::POST, messages_of(&conversation), json!({ "text": "Are you there?" })),
        (Method::GET, messages_of(&conversation), Value::Null),
        (Method::GET, one.clone(), Value::Null),
        (Method::PATCH, one.clone(), json!({ "title": "x" })),
        (Method::DELETE, one.clone(), json!({})),
        (Method::POST, format!("{one}/fork"), json!({ "message_id": id(&question) })),
        (Method::GET, message.clone(), Value::Null),
        (Method::PATCH, message.clone(), json!({ "text": "x" })),
        (Method::DELETE, message.clone(), json!({})),
        (Method::GET, format!("{message}/edits"), Value::Null),
        (Method::POST, format!("{message}/regenerate"), json!({})),
    ] {
        let mut request = owner.request(method.clone(), &path);
        if !body.is_null() {
            request = request.json(&body);
        }
        let answer = Answer::of(request).await;
        assert_eq!(answer.status, 404, "{method} {path}: {answer:?}");
        answer.expect_problem(404, "not_found");
    }
    let mut socket = owner.socket().await;
    let frame =
        socket.command("message.send", json!({ "conversation_id": conversation, "text": "Hi" })).await;
    assert_eq!(frame["problem"]["type"], "/problems/not_found", "{frame}");
    let listed = owner.get("/api/v1/conversations").await.expect(200);
    assert_eq!(listed["items"], json!([]));
}

#[tokio::test]
async fn a_parent_must_be_a_message_of_the_same_conversation() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let (here, there) = (owner.conversation().await, owner.conversation().await);
    let own = say(&owner, &here, json!({})).await;
    let foreign = say(&owner, &there, json!({})).await;
    let send = async |parent: &str| {
        owner.post(&messages_of(&here), &json!({ "text": "Hi", "parent_id": parent })).await
    };
    let of_another = assert_points_at(send(id(&foreign)).await, "/parent_id");
    let unknown = assert_points_at(send(NOTHING).await, "/parent_id");
    assert_eq!(of_another["errors"], unknown["errors"]);
    assert_points_at(send("nonsense").await, "/parent_id");
    assert_points_at(send(&here).await, "/parent_id");
    let stored = owner.get(&format!("{}?branch=all", messages_of(&here))).await.expect(200);
    assert_eq!(stored["items"].as_array().map(Vec::len), Some(1), "nothing was stored by halves");
    assert_eq!(send(id(&own)).await.status, 201);
}

#[tokio::test]
async fn a_second_answer_waits_for_the_first_but_another_branch_does_not() {
    let (upstream, _server, owner) = gated().await;
    let conversation = owner.conversation_with(&json!({ "model": "mock/gated" })).await;
    let exchange = owner.send(&conversation, "One").await;
    let (question, reply) = (id(&exchange["message"]), id(&exchange["reply"]));
    let messages = messages_of(&conversation);
    let reply_path = format!("/api/v1/messages/{reply}");
    let fork = format!("/api/v1/conversations/{conversation}/fork");
    let refused = async |method: Method, path: &str, body: Value| {
        let answer = Answer::of(owner.request(method, path).json(&body)).await;
        assert_eq!(answer.status, 409, "{path}: {answer:?}");
        answer.expect_problem(409, "answer_running");
    };
    // Before the first token, and in the middle.
    for _ in 0..2 {
        refused(Method::POST, &messages, json!({ "text": "Two" })).await;
        refused(Method::POST, &messages, json!({ "text": "Two", "parent_id": reply })).await;
        refused(Method::POST, &messages, json!({ "text": "Two", "parent_id": reply, "reply": false })).await;
        refused(Method::PATCH, &reply_path, json!({ "text": "Mine" })).await;
        refused(Method::DELETE, &reply_path, json!({})).await;
        refused(Method::DELETE, &format!("/api/v1/messages/{question}"), json!({})).await;
        refused(Method::POST, &format!("{reply_path}/regenerate"), json!({})).await;
        refused(Method::POST, &fork, json!({ "message_id": reply })).await;
        upstream.release(1);
        crate::harness::eventually("the first token", || async {
            let answer = owner.get(&reply_path).await.expect(200);
            (answer["status"] == "streaming").then_some(())
        })
        .await;
    }
    let elsewhere = json!({ "text": "Another beginning", "parent_id": null });
    let other = owner.post(&messages, &elsewhere).await.expect(201);
    owner.post(&fork, &json!({ "message_id": question })).await.expect(201);
    upstream.release(100);
    for exchange in [&exchange, &other] {
        let answer = owner.finished(id(&exchange["reply"])).await;
        assert_eq!(answer["parts"][0]["text"], "one two three");
    }
    let all = owner.get(&format!("{messages}?branch=all")).await.expect(200);
    assert_eq!(all["items"].as_array().map(Vec::len), Some(4), "what was refused left nothing behind");
    assert_eq!(owner.send(&conversation, "And now?").await["message"]["parent_id"], other["reply"]["id"]);
}

#[tokio::test]
async fn of_questions_asked_at_the_same_moment_each_is_stored_whole_or_refused() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let conversation = owner.conversation().await;
    let sends = (0..20).map(|number| {
        let body = json!({ "text": format!("Question {number}"), "reply": number % 2 == 0 });
        let (owner, path) = (&owner, messages_of(&conversation));
        async move { owner.post(&path, &body).await }
    });
    let answers = futures_util::future::join_all(sends).await;
    assert!(answers.iter().all(|answer| [201, 409].contains(&answer.status)), "{answers:?}");
    let accepted: Vec<Value> =
        answers.iter().filter(|answer| answer.status == 201).map(Answer::json).collect();
    let expected: usize = accepted.iter().map(|exchange| 1 + usize::from(!exchange["reply"].is_null())).sum();
    let all = owner.get(&format!("{}?branch=all&limit=200", messages_of(&conversation))).await.expect(200);
    assert_eq!(all["items"].as_array().map(Vec::len), Some(expected));
    let stored = owner.get(&format!("/api/v1/conversations/{conversation}")).await.expect(200);
    assert_eq!(stored["message_count"], expected);
}

#[tokio::test]
async fn deleting_a_conversation_stops_its_answer() {
    let (upstream, _server, owner) = gated().await;
    let conversation = owner.conversation_with(&json!({ "model": "mock/gated" })).await;
    let exchange = owner.send(&conversation, "One").await;
    let mut socket = owner.socket().await;
    socket.subscribe(&format!("run:{}", id(&exchange["run"])), None).await;
    upstream.release(1);
    socket.expect_type("delta").await;
    owner.delete(&format!("/api/v1/conversations/{conversation}")).await.expect(204);
    upstream.wait_until(|counts| counts.aborted == 1).await;
    socket.expect_type("run.cancelled").await;
    owner.get(&format!("/api/v1/runs/{}", id(&exchange["run"]))).await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn an_unknown_or_ambiguous_model_is_refused_at_its_field_everywhere() {
    let (first, second) = (Upstream::start().await, Upstream::start().await);
    for upstream in [&first, &second] {
        upstream.script("twin", Script::answer("which one am I"));
    }
    let server = Server::builder()
        .provider("left", &first, "twin,only")
        .provider("right", &second, "twin")
        .start()
        .await;
    let owner = server.owner().await;
    let conversation = owner.conversation().await;
    let question = say(&owner, &conversation, json!({})).await;
    let one = format!("/api/v1/conversations/{conversation}");
    let regenerate = format!("/api/v1/messages/{}/regenerate", id(&question));
    for (model, code) in [
        ("no-such-model", "unknown_model"),
        ("left/no-such-model", "unknown_model"),
        ("nowhere/twin", "unknown_model"),
        ("twin", "ambiguous_model"),
    ] {
        for (method, path, body) in [
            (Method::POST, "/api/v1/conversations", json!({ "model": model })),
            (Method::PATCH, one.as_str(), json!({ "model": model })),
            (Method::POST, messages_of(&conversation).as_str(), json!({ "text": "Hi", "model": model })),
            (Method::POST, regenerate.as_str(), json!({ "model": model })),
        ] {
            let problem =
                assert_points_at(Answer::of(owner.request(method, path).json(&body)).await, "/model");
            assert_eq!(problem["errors"][0]["code"], code, "{path} {model}");
        }
    }
    let bare = owner.conversation_with(&json!({ "model": "only" })).await;
    let stored = owner.get(&format!("/api/v1/conversations/{bare}")).await.expect(200);
    assert_eq!(stored["model"], "left/only", "an unambiguous name is completed");
    let all = owner.get(&format!("{}?branch=all", messages_of(&conversation))).await.expect(200);
    assert_eq!(all["items"].as_array().map(Vec::len), Some(1), "nothing was stored by halves");
}

#[tokio::test]
async fn only_a_message_of_the_conversation_can_be_forked_or_shown() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let (here, there) = (owner.conversation().await, owner.conversation().await);
    say(&owner, &here, json!({})).await;
    let foreign = say(&owner, &there, json!({})).await;
    let one = format!("/api/v1/conversations/{here}");
    for name in [id(&foreign), NOTHING, "nonsense", here.as_str()] {
        assert_points_at(
            owner.post(&format!("{one}/fork"), &json!({ "message_id": name })).await,
            "/message_id",
        );
        assert_points_at(owner.patch(&one, &json!({ "active_leaf_id": name })).await, "/active_leaf_id");
    }
    assert_points_at(owner.post(&format!("{one}/fork"), &json!({})).await, "/message_id");
    let both = json!({ "message_id": id(&foreign), "conversation_id": there });
    assert_points_at(owner.post(&format!("{one}/fork"), &both).await, "/conversation_id");
    assert_eq!(
        owner.get("/api/v1/conversations").await.expect(200)["items"].as_array().map(Vec::len),
        Some(2)
    );
}

#[tokio::test]
async fn only_what_exists_can_be_regenerated_edited_or_cancelled() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let conversation = owner.conversation().await;
    let answer = owner.ask(&conversation, "Hello").await;
    let path = format!("/api/v1/messages/{}", id(&answer));
    for (pointer, body) in [
        ("/surprise", json!({ "surprise": 1 })),
        ("/message_id", json!({ "message_id": id(&answer) })),
        ("/parameters/top_p", json!({ "parameters": { "top_p": 7 } })),
        ("/model", json!({ "model": "nope" })),
    ] {
        assert_points_at(owner.post(&format!("{path}/regenerate"), &body).await, pointer);
    }
    for (pointer, body) in [
        ("/text", json!({})),
        ("/text", json!({ "text": " \n" })),
        ("/text", json!({ "text": null })),
        ("/parts", json!({ "text": "a", "parts": [{ "kind": "text", "text": "b" }] })),
        ("/parts", json!({ "parts": [] })),
        (
            "/parts/0/kind",
            json!({ "parts": [{ "kind": "tool_call", "id": "1", "name": "a", "arguments": "{}" }] }),
        ),
        (
            "/parts/1/url",
            json!({ "parts": [{ "kind": "text", "text": "b" }, { "kind": "image", "url": "file:///etc/passwd" }] }),
        ),
        ("/parts/0/url", json!({ "parts": [{ "kind": "image", "url": "javascript:alert(1)" }] })),
        ("/role", json!({ "text": "a", "role": "system" })),
    ] {
        assert_points_at(owner.patch(&path, &body).await, pointer);
    }
    for path in [format!("/api/v1/messages/{NOTHING}/regenerate"), format!("/api/v1/runs/{NOTHING}/cancel")] {
        owner.post(&path, &json!({})).await.expect_problem(404, "not_found");
    }
    assert_eq!(owner.get(&path).await.expect(200)["version"], answer["version"]);
}
