//! Idempotency: one attempt, however often it is repeated, has one effect and one result.

use futures_util::future::join_all;
use serde_json::json;
use testing::upstream::{Script, Upstream};

use crate::harness::{Server, eventually};

#[tokio::test]
async fn fifty_repetitions_at_once_are_one_row_one_provider_call_and_one_result() {
    let upstream = Upstream::start().await;
    upstream.script("echo", Script::answer("once"));
    let builder =
        Server::builder().provider("mock", &upstream, "echo").env("COLLOQUY_APPLICATION__TITLES", "false");
    let server = builder.start().await;
    let owner = server.owner().await;
    let conversation = owner.conversation_with(&json!({ "model": "mock/echo" })).await;
    let path = format!("/api/v1/conversations/{conversation}/messages");
    let body = json!({ "text": "Hi" });

    let answers = join_all((0..50).map(|_| async {
        eventually("the stored result", || async {
            let answer = owner.post_once("attempt-1", &path, &body).await;
            match answer.status {
                201 => Some(answer.json()),
                409 => None,
                _ => panic!("{answer:?}"),
            }
        })
        .await
    }))
    .await;

    assert!(answers.iter().all(|answer| *answer == answers[0]), "the results differ");
    owner.finished(answers[0]["reply"]["id"].as_str().expect("an id")).await;
    let stored = owner.get(&format!("/api/v1/conversations/{conversation}")).await.expect(200);
    assert_eq!(stored["message_count"], 2);
    assert_eq!(upstream.counts().requests, 1);
}

#[tokio::test]
async fn a_key_that_was_used_with_another_body_is_refused() {
    let server = Server::start().await;
    let owner = server.owner().await;
    owner.post_once("attempt-1", "/api/v1/conversations", &json!({ "title": "One" })).await.expect(201);
    let other = owner.post_once("attempt-1", "/api/v1/conversations", &json!({ "title": "Two" })).await;
    let problem = other.expect_problem(422, "invalid_input");
    assert_eq!(problem["errors"][0]["code"], "idempotency_key_reused");
    let listed = owner.get("/api/v1/conversations").await.expect(200);
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_result_survives_kill_dash_nine() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let body = json!({ "title": "One" });
    let first = owner.post_once("attempt-1", "/api/v1/conversations", &body).await.expect(201);
    let server = server.kill().await.start().await;
    let owner = owner.at(server.address());
    assert_eq!(owner.post_once("attempt-1", "/api/v1/conversations", &body).await.expect(201), first);
}

#[tokio::test]
async fn the_same_key_of_another_person_is_another_attempt() {
    let server = Server::start().await;
    let (owner, other) = (server.owner().await, server.member("other").await);
    let body = json!({ "title": "One" });
    let first = owner.post_once("attempt-1", "/api/v1/conversations", &body).await.expect(201);
    let second = other.post_once("attempt-1", "/api/v1/conversations", &body).await.expect(201);
    assert_ne!(first["id"], second["id"]);
}

#[tokio::test]
async fn a_secret_is_repeated_for_the_credential_that_made_it_alone() {
    let server = Server::start().await;
    let key = server.owner().await;
    let session = key.in_browser();
    let (path, body) =
        ("/api/v1/users", json!({ "email": "ada@example.org", "display_name": "Ada", "role": "viewer" }));
    let made = session.post_once("1", path, &body).await.expect(201);
    assert!(made["link"].is_string(), "{made}");
    assert_eq!(session.post_once("1", path, &body).await.expect(201), made);
    let problem = key.post_once("1", path, &body).await.expect_problem(422, "invalid_input");
    assert_eq!(problem["errors"][0]["code"], "idempotency_key_reused", "{problem}");
    // What is no secret is the same for whoever repeats it.
    let made = session.post_once("2", "/api/v1/conversations", &json!({})).await.expect(201);
    let again = key.post_once("2", "/api/v1/conversations", &json!({})).await.expect(201);
    assert_eq!(made["id"], again["id"]);
}
