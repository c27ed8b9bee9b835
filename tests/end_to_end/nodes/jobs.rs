//! Work in the background moves to a living node.

use std::time::Duration;

use serde_json::json;
use testing::upstream::{Script, Upstream};
use tokio::time::Instant;

use super::{SLACK, nodes};
use crate::harness::{Cluster, eventually};

/// The contract: within these another node has taken over.
const BOUND: Duration = Duration::from_secs(10);

#[tokio::test]
async fn the_job_of_a_killed_node_is_done_by_the_other() {
    let upstream = Upstream::start().await;
    upstream.scripts("m", [Script::answer("Yes."), Script::silent(), Script::answer("A better title")]);
    let server = nodes(&upstream).env("COLLOQUY_APPLICATION__TITLES", "true");
    let mut cluster = Cluster::of(server).nodes(1).prepare().await;
    cluster.start_node(0).await;
    let owner = cluster.owner().await;
    let conversation = owner.conversation_with(&json!({ "model": "mock/m" })).await;
    owner.ask(&conversation, "Is it?").await;
    // The first node has the job and waits for the model when it dies.
    upstream.wait_until(|counts| counts.requests == 2).await;
    let second = cluster.builder(0).start_alone().await;
    let there = owner.at(second.address());
    let killed_at = Instant::now();
    cluster.kill(0).await;
    let shown = eventually("the title", || async {
        let shown = there.get(&format!("/api/v1/conversations/{conversation}")).await.expect(200);
        (shown["title_origin"] == "model").then_some(shown)
    })
    .await;
    assert_eq!(shown["title"], "A better title");
    assert!(killed_at.elapsed() < BOUND + SLACK, "{:?}", killed_at.elapsed());
    assert_eq!(upstream.counts().requests, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_job_is_done_once_however_many_nodes_look_for_it() {
    const CONVERSATIONS: usize = 12;
    let upstream = Upstream::start().await;
    upstream.script("m", Script::answer("A title"));
    let cluster =
        Cluster::of(nodes(&upstream).env("COLLOQUY_APPLICATION__TITLES", "true")).nodes(3).start().await;
    let owner = cluster.owner().await;
    for number in 0..CONVERSATIONS {
        let client = cluster.at(number % 3, &owner);
        let conversation = client.conversation_with(&json!({ "model": "mock/m" })).await;
        client.ask(&conversation, "Is it?").await;
    }
    eventually("every title", || async {
        let listed = owner.get("/api/v1/conversations").await.expect(200);
        let listed = listed["items"].as_array().expect("items").clone();
        let titled = listed.iter().filter(|shown| shown["title_origin"] == "model").count();
        (titled == CONVERSATIONS).then_some(())
    })
    .await;
    assert_eq!(upstream.counts().requests, 2 * CONVERSATIONS, "an answer and a title each");
}
