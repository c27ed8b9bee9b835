//! Each node in turn is stopped and started again, behind a load balancer: nobody is refused, and nobody misses a word.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use testing::upstream::{Script, Upstream};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::events::journal;
use super::load::Load;
use super::{id, nodes, words};
use crate::harness::{Client, Cluster, Reader};

/// The contract: a node that is asked to stop is gone within these.
const GONE_IN: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_fails_no_request_and_every_stream_resumes() {
    let upstream = Upstream::start().await;
    let tokens: Vec<String> = (0..30).map(|number| format!("{number} ")).collect();
    upstream.script("m", Script::tokens(tokens.clone()).paced(Duration::from_millis(100)));
    let mut cluster = Cluster::of(nodes(&upstream)).start().await;
    let owner = cluster.owner().await;
    // A connection a request, as of many people who come and go.
    let balanced = cluster.balanced(&owner).with_a_connection_each();
    let load = Load::start(std::slice::from_ref(&balanced), 6);
    load.goes_on(20).await;
    let (is_over, mut listeners) = (Arc::new(AtomicBool::new(false)), JoinSet::new());
    for _ in 0..4 {
        listeners.spawn(listen(balanced.clone(), tokens.concat(), Arc::clone(&is_over)));
    }
    let (last, mut onlookers) = (Arc::new(AtomicU64::new(u64::MAX)), JoinSet::new());
    for _ in 0..4 {
        onlookers.spawn(look_on(balanced.clone(), Arc::clone(&last)));
    }
    for node in 0..2 {
        load.goes_on(20).await;
        let started = Instant::now();
        assert_eq!(cluster.terminate(node).await, Some(0));
        assert!(started.elapsed() < GONE_IN, "{:?}", started.elapsed());
        load.goes_on(20).await;
        cluster.start_node(node).await;
    }
    load.goes_on(20).await;
    is_over.store(true, Ordering::Relaxed);
    listeners.join_all().await;
    let ended = load.end().await;
    let failed: Vec<_> = ended.answers.iter().filter(|answer| !matches!(answer.status, 200 | 201)).collect();
    assert!(failed.is_empty(), "{} of {} requests failed: {failed:?}", failed.len(), ended.answers.len());
    let owner = owner.at(cluster.node(0).address());
    ended.is_kept(&owner).await;
    let told = journal(&owner, 0).await;
    last.store(*told.last().expect("an event"), Ordering::Relaxed);
    // One more, so that everybody who looks on looks up.
    owner.conversation().await;
    for (start, positions, closings) in onlookers.join_all().await {
        assert!(!closings.is_empty(), "a socket was open while its node stopped");
        assert!(closings.iter().all(|code| [1001, 1012].contains(code)), "{closings:?}");
        let expected: Vec<u64> = told.iter().copied().filter(|position| *position > start).collect();
        assert_eq!(positions[..expected.len()], expected, "everything in order, across {closings:?}");
    }
}

/// Follows all that happens until `last`, coming back wherever the load balancer says: the position at the beginning, those
/// that came, and the codes with which sockets were closed.
async fn look_on(client: Client, last: Arc<AtomicU64>) -> (u64, Vec<u64>, Vec<u16>) {
    let mut socket = client.socket().await;
    let subscribed = socket.subscribe("user:me", None).await;
    let mut epoch = subscribed["epoch"].as_str().expect("an epoch").to_owned();
    let start = subscribed["position"].as_u64().expect("a position");
    let (mut positions, mut closings) = (Vec::new(), Vec::new());
    while positions.last().is_none_or(|position| *position < last.load(Ordering::Relaxed)) {
        match socket.next_text().await {
            Ok(text) => {
                let frame: Value = serde_json::from_str(&text).expect("JSON in a frame");
                if frame["type"] == "event" {
                    positions.push(frame["position"].as_u64().expect("a position"));
                }
            }
            Err(code) => {
                closings.push(code);
                socket = client.socket().await;
                let after = positions.last().copied().unwrap_or(start);
                let subscribed = socket.subscribe("user:me", Some((&epoch, after))).await;
                assert_eq!(subscribed["recovered"], true, "{subscribed}");
                subscribed["epoch"].as_str().expect("an epoch").clone_into(&mut epoch);
            }
        }
    }
    (start, positions, closings)
}

/// Asks one question after the other and follows each answer, coming back wherever the load balancer says.
async fn listen(client: Client, whole: String, is_over: Arc<AtomicBool>) {
    while !is_over.load(Ordering::Relaxed) {
        let conversation = client.conversation_with(&json!({ "model": "mock/m", "title": "Followed" })).await;
        let exchange = client.send(&conversation, "Count").await;
        let channel = format!("run:{}", id(&exchange["run"]));
        let mut reader = Reader::default();
        while reader.last.is_none() {
            let mut socket = client.socket().await;
            reader.subscribe(&mut socket, &channel).await;
            while reader.last.is_none() {
                let Ok(text) = socket.next_text().await else { break };
                let frame: Value = serde_json::from_str(&text).expect("JSON in a frame");
                if frame["channel"] == channel && frame["type"] != "subscribed" {
                    reader.take(&frame);
                }
            }
        }
        let stored = client.finished(id(&exchange["reply"])).await;
        assert_eq!(json!(reader.parts), stored["parts"]);
        assert_eq!(words(&stored), whole, "an answer within the drain time is completed: {stored}");
    }
}
