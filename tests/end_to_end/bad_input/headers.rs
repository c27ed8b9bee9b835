//! Headers that are wrong, stale, or meant for somebody else.

use reqwest::Method;
use serde_json::json;

use super::{assert_alive, assert_points_at, id, messages_of, say};
use crate::harness::{Answer, RawHttp, Server};

#[tokio::test]
async fn a_stale_version_is_refused_with_the_present_one_and_nothing_is_changed() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let conversation = owner.conversation_with(&json!({ "title": "One" })).await;
    let message = say(&owner, &conversation, json!({})).await;
    let one = format!("/api/v1/conversations/{conversation}");
    let message_path = format!("/api/v1/messages/{}", id(&message));
    let seen = owner.get(&one).await.header("etag").to_owned();
    owner.patch(&one, &json!({ "title": "Two" })).await.expect(200);
    owner.patch(&message_path, &json!({ "text": "Edited" })).await.expect(200);
    let present = owner.get(&one).await;
    let present_message = owner.get(&message_path).await;
    for (method, path, body, stale, current) in [
        (Method::PATCH, &one, json!({ "title": "Three" }), seen.as_str(), present.header("etag")),
        (Method::DELETE, &one, json!({}), seen.as_str(), present.header("etag")),
        (Method::PATCH, &message_path, json!({ "text": "Again" }), "\"1\"", present_message.header("etag")),
        (Method::DELETE, &message_path, json!({}), "\"1\"", present_message.header("etag")),
    ] {
        let request = owner.request(method.clone(), path).header("if-match", stale).json(&body);
        let answer = Answer::of(request).await;
        assert_eq!(answer.header("etag"), current, "{method} {path}");
        answer.expect_problem(412, "stale_version");
    }
    assert_eq!(owner.get(&one).await.bytes, present.bytes);
    assert_eq!(owner.get(&message_path).await.bytes, present_message.bytes);

    let mut socket = owner.socket().await;
    let parameters = json!({ "conversation_id": conversation, "title": "Three", "expected_version": 1 });
    let frame = socket.command("conversation.update", parameters).await;
    assert_eq!(
        (&frame["problem"]["type"], &frame["problem"]["status"]),
        (&json!("/problems/stale_version"), &json!(412))
    );

    for tag in [present.header("etag"), "*"] {
        let request = owner.request(Method::PATCH, &one).header("if-match", tag);
        Answer::of(request.json(&json!({ "title": "Two" }))).await.expect(200);
    }
}

#[tokio::test]
async fn of_changes_from_one_version_only_one_happens() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let path = format!("/api/v1/conversations/{}", owner.conversation().await);
    let changes = (0..20).map(|number| {
        let request = owner.request(Method::PATCH, &path).header("if-match", "\"1\"");
        Answer::of(request.json(&json!({ "title": format!("Change {number}") })))
    });
    let answers = futures_util::future::join_all(changes).await;
    let happened: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!(happened.len(), 1);
    assert!(answers.iter().all(|answer| [200, 409, 412].contains(&answer.status)));
    assert_eq!(owner.get(&path).await.expect(200)["title"], happened[0].json()["title"]);
}

#[tokio::test]
async fn an_if_match_that_is_no_entity_tag_is_refused_and_not_ignored() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let path = format!("/api/v1/conversations/{}", owner.conversation().await);
    for tag in
        ["1", "\"1", "1\"", "\"\"", "\"abc\"", "\"0\"", "\"-1\"", "\"01\"", "\"1\", \"2\"", "W/\"1\"", ""]
    {
        for method in [Method::PATCH, Method::DELETE] {
            let request = owner.request(method, &path).header("if-match", tag).json(&json!({}));
            let answer = Answer::of(request).await;
            assert_eq!(answer.status, 422, "{tag}: {answer:?}");
            answer.expect_problem(422, "if_match");
        }
    }
    let huge =
        owner.request(Method::PATCH, &path).header("if-match", "\"99999999999999999999\"").json(&json!({}));
    assert!([412, 422].contains(&Answer::of(huge).await.status));
    let twice = owner.request(Method::PATCH, &path).header("if-match", "\"1\"").header("if-match", "\"2\"");
    Answer::of(twice.json(&json!({}))).await.expect_problem(422, "if_match");
    assert_eq!(owner.get(&path).await.expect(200)["version"], 1);
    let in_body = owner.patch(&path, &json!({ "title": "x", "expected_version": 1 })).await;
    assert_points_at(in_body, "/expected_version");
}

#[tokio::test]
async fn an_idempotency_key_that_is_none_is_refused_and_not_ignored() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let long = "k".repeat(256);
    for key in ["", " ", "a b", "ä", "a\tb", long.as_str()] {
        owner
            .post_once(key, "/api/v1/conversations", &json!({}))
            .await
            .expect_problem(400, "idempotency_key");
    }
    let twice = owner.request(Method::POST, "/api/v1/conversations");
    let twice = twice.header("idempotency-key", "a").header("idempotency-key", "b").json(&json!({}));
    Answer::of(twice).await.expect_problem(400, "idempotency_key");
    assert_eq!(owner.get("/api/v1/conversations").await.expect(200)["items"], json!([]));
    owner.post_once(&"k".repeat(255), "/api/v1/conversations", &json!({})).await.expect(201);
}

#[tokio::test]
async fn a_request_id_is_echoed_only_where_it_is_harmless() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let ask = async |name: &str| {
        let request = owner.request(Method::GET, "/api/v1/me").header("x-request-id", name);
        Answer::of(request).await.header("x-request-id").to_owned()
    };
    assert_eq!(ask("req-1/2:3").await, "req-1/2:3");
    for name in ["a b", "ä", "", &"a".repeat(129)] {
        let echoed = ask(name).await;
        assert_ne!(echoed, name);
        assert!(!echoed.is_empty());
    }
    for traceparent in
        ["00-zz", "ff-00000000000000000000000000000000-0000000000000000-00", &"0".repeat(10_000)]
    {
        let request = owner.request(Method::GET, "/api/v1/nowhere").header("traceparent", traceparent);
        let problem = Answer::of(request).await.expect_problem(404, "not_found");
        assert_eq!(problem["trace_id"].as_str().map(str::len), Some(32));
    }
    let trace_id = "4bf92f3577b34da6a3ce929d0e0e4736";
    let request = owner.request(Method::GET, "/api/v1/nowhere");
    let request = request.header("traceparent", format!("00-{trace_id}-00f067aa0ba902b7-01"));
    assert_eq!(Answer::of(request).await.json()["trace_id"], trace_id);
}

#[tokio::test]
async fn no_value_of_a_request_becomes_a_header_of_an_answer() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let conversation = owner.conversation().await;
    say(&owner, &conversation, json!({})).await;
    say(&owner, &conversation, json!({})).await;
    let injected = "%0d%0aX-Injected:%201%0d%0a%0d%0abody";
    for target in [
        format!("/api/v1/conversations?limit=1&q={injected}"),
        format!("/api/v1/conversations?limit=1&after={injected}"),
        format!("{}?limit=1&branch={injected}", messages_of(&conversation)),
        format!("/api/v1/{injected}"),
        format!("/api/v1/conversations?fields={injected}"),
    ] {
        let answer = owner.get(&target).await;
        assert_eq!(answer.header("x-injected"), "", "{target}");
        assert!(answer.status < 500, "{target}: {answer:?}");
    }
    for raw in [
        "GET /api/v1/me\r\nX-Injected: 1 HTTP/1.1\r\nhost: {host}\r\n\r\n",
        "GET /api/v1/me HTTP/1.1\r\nhost: {host}\r\nx-request-id: a\rX-Injected: 1\r\n\r\n",
        "GET /api/v1/me HTTP/1.1\r\nhost: {host}\r\nx-request-id: a\0b\r\n\r\n",
        "GET /api/v1/me HTTP/1.1\r\nhost: {host}\r\nx-request-id: a\r\n X-Injected: 1\r\n\r\n",
        "GET /api/v1/me HTTP/1.1\r\nhost: {host}\r\nx request id: a\r\n\r\n",
        "GET /api/v1/me HTTP/1.1\r\nhost : {host}\r\n\r\n",
    ] {
        let raw = raw.replace("{host}", &owner.address().to_string());
        if let Some(answer) = RawHttp::ask(owner.address(), raw.as_bytes()).await {
            assert!((400..500).contains(&answer.status), "{raw:?}: {answer:?}");
            assert_eq!(answer.header("x-injected"), "");
        }
    }
    assert_alive(&owner).await;
}
