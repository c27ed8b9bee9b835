//! The connection to Postgres is cut when it has committed and before it could say so: the same attempt again has one
//! effect.

use serde_json::{Value, json};
use testing::upstream::{Script, Upstream};

use super::{id, nodes, words};
use crate::harness::{Client, Cluster, Line, eventually};

async fn linked() -> (Upstream, Cluster, Client) {
    let upstream = Upstream::start().await;
    upstream.script("m", Script::answer("once"));
    let cluster = Cluster::of(nodes(&upstream)).linked().start().await;
    let owner = cluster.owner().await;
    (upstream, cluster, owner)
}

/// Tries once while every commit of the first node is cut off; what the asker was told.
async fn cut_off(cluster: &Cluster, owner: &Client, path: &str, body: &Value) -> u16 {
    let before = cluster.link(0).cuts();
    cluster.link(0).set(Line::CutAfterCommit);
    let answer = owner.post_once("attempt", path, body).await;
    assert!(answer.status == 201 || answer.status == 503, "{answer:?}");
    assert!(answer.status == 201 || !answer.header("retry-after").is_empty(), "{answer:?}");
    assert!(cluster.link(0).cuts() > before, "nothing was cut off");
    cluster.link(0).set(Line::Open);
    answer.status
}

/// The same attempt until it is answered.
async fn again(client: &Client, path: &str, body: &Value) -> Value {
    eventually("the result of the attempt", || async {
        let answer = client.post_once("attempt", path, body).await;
        match answer.status {
            201 => Some(answer.json()),
            409 | 503 => None,
            _ => panic!("{answer:?}"),
        }
    })
    .await
}

#[tokio::test]
async fn a_conversation_is_made_once() {
    let (_upstream, cluster, owner) = linked().await;
    let body = json!({ "title": "Once" });
    cut_off(&cluster, &owner, "/api/v1/conversations", &body).await;
    let made = again(&owner, "/api/v1/conversations", &body).await;
    let repeated = again(&cluster.at(1, &owner), "/api/v1/conversations", &body).await;
    assert_eq!(made, repeated, "on whichever node");
    let listed = owner.get("/api/v1/conversations").await.expect(200);
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1), "{listed}");
}

#[tokio::test]
async fn a_question_is_stored_once_and_answered_once() {
    let (upstream, cluster, owner) = linked().await;
    let conversation = owner.conversation_with(&json!({ "model": "mock/m", "title": "Fixed" })).await;
    let path = format!("/api/v1/conversations/{conversation}/messages");
    let body = json!({ "text": "Hi" });
    cut_off(&cluster, &owner, &path, &body).await;
    let exchange = again(&owner, &path, &body).await;
    let repeated = again(&cluster.at(1, &owner), &path, &body).await;
    assert_eq!(exchange, repeated);
    let stored = owner.get(&format!("/api/v1/conversations/{conversation}")).await.expect(200);
    assert_eq!(stored["message_count"], 2, "{stored}");
    // Whoever was told that it is unclear may find the run interrupted: nobody may have begun it. It is never asked twice.
    let reply = owner.finished(id(&exchange["reply"])).await;
    match reply["status"].as_str() {
        Some("complete") => assert_eq!(words(&reply), "once"),
        Some("interrupted") => assert_eq!(words(&reply), ""),
        other => panic!("{other:?}: {reply}"),
    }
    assert!(upstream.counts().requests <= 1, "{:?}", upstream.counts());
}

#[tokio::test]
async fn what_ends_an_answer_is_stored_once() {
    let (upstream, cluster, owner) = linked().await;
    upstream.script("m", Script::tokens(["one ", "two"]).gated());
    let exchange = super::ask(&owner).await;
    upstream.release(1);
    cluster.link(0).set(Line::CutAfterCommit);
    let before = cluster.link(0).cuts();
    upstream.release(100);
    eventually("a cut", || std::future::ready((cluster.link(0).cuts() > before).then_some(()))).await;
    cluster.link(0).set(Line::Open);
    let there = cluster.at(1, &owner);
    let stored = there.finished(id(&exchange["reply"])).await;
    assert_eq!((stored["status"].as_str(), words(&stored)), (Some("complete"), "one two"));
    let events = there.get("/api/v1/events?limit=200").await.expect(200);
    let events = events["items"].as_array().expect("items");
    let ends = events.iter().filter(|event| event["event"]["type"] == "run.completed").count();
    assert_eq!(ends, 1);
}
