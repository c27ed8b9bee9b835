//! What one node began is found on the others: running answers by who comes later, and results by who repeats.

use reqwest::Method;
use serde_json::json;

use super::{ask, id, streaming, words};
use crate::harness::{Answer, Client, Events, Reader, SseEvent};

const WORDS: [&str; 3] = ["one ", "two ", "three"];

#[tokio::test]
async fn who_subscribes_to_a_conversation_gets_the_answer_that_the_other_node_is_writing() {
    let (upstream, cluster, owner) = streaming(&WORDS).await;
    let exchange = ask(&owner).await;
    upstream.release(1);
    let (conversation, run) =
        (exchange["message"]["conversation_id"].as_str().expect("an id"), id(&exchange["run"]));
    let mut socket = cluster.at(1, &owner).socket().await;
    // A position from nowhere: the channel begins with a snapshot, which names the run.
    socket.subscribe(&format!("conversation:{conversation}"), Some(("elsewhere", 1))).await;
    let snapshot = socket.expect_type("snapshot").await;
    assert_eq!(snapshot["state"]["runs"], json!([{ "id": run, "status": "running" }]));
    let subscribed = socket.expect_type("subscribed").await;
    assert_eq!(subscribed["channel"], format!("run:{run}"));
    assert_eq!(subscribed["recovered"], true);
    upstream.release(100);
    let mut reader = Reader::default();
    while reader.last.is_none() {
        let frame = socket.next().await;
        if frame["channel"] == format!("run:{run}") {
            reader.take(&frame);
        }
    }
    assert_eq!(words(&json!({ "parts": reader.parts })), WORDS.concat());
}

/// Sends a question and follows the answer in one request.
async fn send_and_follow(client: &Client, conversation: &str, key: &str) -> Events {
    let path = format!("/api/v1/conversations/{conversation}/messages");
    let request = client.request(Method::POST, &path).header("idempotency-key", key);
    let request = request.header("accept", "text/event-stream").json(&json!({ "text": "Count" }));
    Events::open(request).await
}

#[tokio::test]
async fn a_question_that_is_repeated_on_the_other_node_follows_the_same_answer() {
    let (upstream, cluster, owner) = streaming(&WORDS).await;
    let conversation = owner.conversation_with(&json!({ "model": "mock/m", "title": "Fixed" })).await;
    let mut first = send_and_follow(&owner, &conversation, "once").await;
    let result = first.next().await.expect("the result").json();
    let mut again = send_and_follow(&cluster.at(1, &owner), &conversation, "once").await;
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(again.next().await.expect("the result").json(), result);
    upstream.release(100);
    let (first, again) = (first.rest().await, again.rest().await);
    let said = |events: &[SseEvent]| {
        let mut reader = Reader::default();
        for event in events {
            reader.take(&event.json());
        }
        (reader.parts, reader.last)
    };
    assert_eq!(said(&first), said(&again));
    assert_eq!(first.last().map(|event| &event.id), again.last().map(|event| &event.id));
    assert_eq!(upstream.counts().requests, 1, "the model was asked once");
}

#[tokio::test]
async fn a_kept_completion_that_is_repeated_on_the_other_node_has_the_same_answer() {
    let (upstream, cluster, owner) = streaming(&WORDS).await;
    let body =
        json!({ "model": "mock/m", "store": true, "messages": [{ "role": "user", "content": "Count" }] });
    let complete = |client: Client| {
        let request = client.request(Method::POST, "/v1/chat/completions").header("idempotency-key", "once");
        Answer::of(request.json(&body))
    };
    let releasing = async {
        upstream.wait_until(|counts| counts.requests == 1).await;
        upstream.release(100);
    };
    let (first, ()) = tokio::join!(complete(cluster.at(0, &owner)), releasing);
    let again = complete(cluster.at(1, &owner)).await;
    let (first, again) = (first.expect(200), again.expect(200));
    assert_eq!(first["choices"][0]["message"]["content"], WORDS.concat());
    assert_eq!((&again["choices"], &again["model"]), (&first["choices"], &first["model"]));
}
