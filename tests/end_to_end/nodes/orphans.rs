//! A node dies in the middle of an answer: another one ends it, and nothing that was read is lost.

use std::time::Duration;

use serde_json::{Value, json};
use testing::upstream::{Script, Upstream};
use tokio::time::Instant;

use super::{SLACK, ask, id, nodes, words};
use crate::harness::{Cluster, Reader};

/// The contract: within these an answer whose owner died is interrupted.
const BOUND: Duration = Duration::from_secs(10);

#[tokio::test]
async fn the_answer_of_a_killed_node_is_interrupted_by_the_other_with_its_text() {
    let upstream = Upstream::start().await;
    let tokens = (0..400).map(|number| format!("{number} "));
    upstream.script("m", Script::tokens(tokens).paced(Duration::from_millis(25)));
    let mut cluster = Cluster::of(nodes(&upstream)).start().await;
    let owner = cluster.owner().await;
    let exchange = ask(&owner).await;
    let there = cluster.at(1, &owner);
    let channel = format!("run:{}", id(&exchange["run"]));
    let mut socket = there.socket().await;
    let mut reader = Reader::default();
    reader.subscribe(&mut socket, &channel).await;
    let mut received: Vec<(Instant, String)> = Vec::new();
    while received.len() < 80 {
        reader.read_a_little(&mut socket, &channel).await;
        received.push((Instant::now(), words(&json!({ "parts": reader.parts })).to_owned()));
    }
    let killed_at = Instant::now();
    cluster.kill(0).await;
    while reader.last.is_none() {
        reader.read_a_little(&mut socket, &channel).await;
    }
    let elapsed = killed_at.elapsed();
    assert_eq!(reader.last.expect("the end")["type"], "run.interrupted");
    assert!(elapsed < BOUND + SLACK, "it took {elapsed:?}");
    let stored = there.get(&format!("/api/v1/messages/{}", id(&exchange["reply"]))).await.expect(200);
    assert_eq!(stored["status"], "interrupted");
    let old = received.iter().rev().find(|(at, _)| killed_at.duration_since(*at) > Duration::from_secs(1));
    let (_, old) = old.expect("something was read more than a second before");
    assert!(words(&stored).starts_with(old.as_str()), "{old:?} was read, but {stored} is kept");
    assert_eq!(json!(reader.parts), stored["parts"], "what a reader ends with is what is stored");
}

#[tokio::test]
async fn a_frozen_owner_that_comes_back_does_not_write_over_the_end_of_its_answer() {
    let upstream = Upstream::start().await;
    let tokens: Vec<String> = (0..40).map(|number| format!("{number} ")).collect();
    upstream.script("m", Script::tokens(tokens).paced(Duration::from_millis(100)));
    let mut cluster = Cluster::of(nodes(&upstream)).start().await;
    let owner = cluster.owner().await;
    let exchange = ask(&owner).await;
    let mut socket = owner.socket().await;
    socket.subscribe(&format!("run:{}", id(&exchange["run"])), None).await;
    socket.expect_type("delta").await;
    cluster.node_mut(0).signal(rustix::process::Signal::STOP);
    let there = cluster.at(1, &owner);
    let interrupted = there.finished(id(&exchange["reply"])).await;
    assert_eq!(interrupted["status"], "interrupted");
    cluster.node_mut(0).signal(rustix::process::Signal::CONT);
    // The thawed node has the rest of the answer by now, and learns that it is too late for it.
    while let Ok(text) = socket.next_text().await {
        let frame: Value = serde_json::from_str(&text).expect("JSON in a frame");
        let kind = frame["type"].as_str().unwrap_or_default();
        assert_ne!(kind, "run.completed", "{frame}");
        if ["run.interrupted", "run.failed"].contains(&kind) {
            break;
        }
    }
    for node in 0..2 {
        let path = format!("/api/v1/messages/{}", id(&exchange["reply"]));
        let stored = cluster.at(node, &owner).get(&path).await.expect(200);
        assert_eq!((&stored["status"], &stored["parts"]), (&json!("interrupted"), &interrupted["parts"]));
    }
}
