//! A model provider that is connected at one node is connected at all of them within five seconds.

use std::time::Duration;

use serde_json::json;
use testing::upstream::{Script, Upstream};
use tokio::time::Instant;

use super::{SLACK, id};
use crate::harness::{Cluster, Server, eventually};

/// How soon the other nodes know.
const FELT_IN: Duration = Duration::from_secs(5);

#[tokio::test]
async fn a_provider_is_known_and_forgotten_at_the_other_node() {
    let upstream = Upstream::start().await;
    upstream.script("echo", Script::answer("from far away"));
    upstream.require_key("sk-of-an-administrator");
    let server = Server::builder().env("COLLOQUY_OUTBOUND__ALLOWED_HOSTS", "127.0.0.1");
    let cluster = Cluster::of(server).without_redis().start().await;
    let owner = cluster.owner().await;
    let there = cluster.at(1, &owner);
    let body = json!({
        "name": "mine", "kind": "openai-compatible", "base_url": upstream.base_url(), "models": ["echo"],
        "api_key": "sk-of-an-administrator",
    });
    let made = owner.post("/api/v1/providers", &body).await.expect(201);
    let changed = Instant::now();
    let knows = async || there.get("/api/v1/models").await.expect(200).to_string().contains("mine/echo");
    eventually("the provider", || async { knows().await.then_some(()) }).await;
    assert!(changed.elapsed() < FELT_IN + SLACK, "{:?}", changed.elapsed());
    let conversation = there.conversation_with(&json!({ "model": "mine/echo" })).await;
    assert_eq!(there.ask(&conversation, "hello").await["parts"][0]["text"], "from far away");
    let test = there.post(&format!("/api/v1/providers/{}/test", id(&made)), &json!({})).await.expect(200);
    assert_eq!(test["ok"], true, "{test}");

    owner.delete(&format!("/api/v1/providers/{}", id(&made))).await.expect(204);
    let changed = Instant::now();
    eventually("its end", || async { (!knows().await).then_some(()) }).await;
    assert!(changed.elapsed() < FELT_IN + SLACK, "{:?}", changed.elapsed());
}
