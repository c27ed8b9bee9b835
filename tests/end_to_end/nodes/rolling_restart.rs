//! Each node in turn is stopped and started again, behind a load balancer: nobody is refused, and nobody misses a word.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;
use testing::upstream::{Script, Upstream};
use tokio::task::JoinSet;
use tokio::time::Instant;

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
    let closings: Vec<u16> = listeners.join_all().await.into_iter().flatten().collect();
    assert!(!closings.is_empty(), "no socket was open while its node stopped");
    assert!(closings.iter().all(|code| [1001, 1012].contains(code)), "{closings:?}");
    let ended = load.end().await;
    let failed: Vec<_> = ended.answers.iter().filter(|answer| !matches!(answer.status, 200 | 201)).collect();
    assert!(failed.is_empty(), "{} of {} requests failed: {failed:?}", failed.len(), ended.answers.len());
    ended.is_kept(&owner.at(cluster.node(0).address())).await;
}

/// Asks one question after the other and follows each answer, coming back wherever the load balancer says; the codes with
/// which sockets were closed.
async fn listen(client: Client, whole: String, is_over: Arc<AtomicBool>) -> Vec<u16> {
    let mut closings = Vec::new();
    while !is_over.load(Ordering::Relaxed) {
        let conversation = client.conversation_with(&json!({ "model": "mock/m", "title": "Followed" })).await;
        let exchange = client.send(&conversation, "Count").await;
        let channel = format!("run:{}", id(&exchange["run"]));
        let mut reader = Reader::default();
        while reader.last.is_none() {
            let mut socket = client.socket().await;
            reader.subscribe(&mut socket, &channel).await;
            loop {
                match socket.next_text().await {
                    Ok(text) => {
                        let frame: serde_json::Value = serde_json::from_str(&text).expect("JSON in a frame");
                        if frame["channel"] == channel && frame["type"] != "subscribed" {
                            reader.take(&frame);
                        }
                        if reader.last.is_some() {
                            break;
                        }
                    }
                    Err(code) => {
                        closings.push(code);
                        break;
                    }
                }
            }
        }
        let stored = client.finished(id(&exchange["reply"])).await;
        assert_eq!(json!(reader.parts), stored["parts"]);
        assert_eq!(words(&stored), whole, "an answer within the drain time is completed: {stored}");
    }
    closings
}
