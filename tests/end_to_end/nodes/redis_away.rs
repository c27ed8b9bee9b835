//! Redis stops, freezes, forgets everything or starts again while people write, read and stream: nobody notices.

use std::time::Duration;

use serde_json::json;
use testing::upstream::{Script, Upstream};
use tokio::time::Instant;

use super::load::Load;
use super::{ask, id, nodes, words};
use crate::harness::{Cluster, Reader};

/// How long each state of Redis lasts.
const WHILE: Duration = Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_happens_to_redis_no_request_fails() {
    let upstream = Upstream::start().await;
    upstream.script("m", Script::answer("Fine."));
    let mut cluster = Cluster::of(nodes(&upstream)).start().await;
    let owner = cluster.owner().await;
    let load = Load::start(&[cluster.at(0, &owner), cluster.at(1, &owner)], 4);
    load.goes_on(20).await;
    for what in ["flushed", "frozen", "thawed", "killed", "started", "stopped", "started", "restarted"] {
        let redis = cluster.redis();
        let done = match what {
            "flushed" => redis.command(&["FLUSHALL"]).map(|_| ()),
            "frozen" => redis.freeze(),
            "thawed" => redis.thaw(),
            "killed" => redis.kill().await,
            "started" => redis.start_again().await,
            "stopped" => redis.stop().await,
            _ => redis.restart().await,
        };
        done.unwrap_or_else(|error| panic!("{what}: {error}"));
        let started = Instant::now();
        load.goes_on(10).await;
        for client in [cluster.at(0, &owner), cluster.at(1, &owner)] {
            assert_eq!(client.get("/health/ready").await.status, 200, "{what}");
            let exchange = ask(&client).await;
            let stored = client.finished(id(&exchange["reply"])).await;
            assert_eq!((stored["status"].as_str(), words(&stored)), (Some("complete"), "Fine."), "{what}");
        }
        tokio::time::sleep(WHILE.saturating_sub(started.elapsed())).await;
    }
    let ended = load.end().await;
    let wrong: Vec<_> = ended.answers.iter().filter(|answer| !matches!(answer.status, 200 | 201)).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    ended.is_kept(&owner).await;
}

#[tokio::test]
async fn a_stream_read_on_the_other_node_survives_the_loss_of_redis() {
    for what in ["flushed", "frozen", "restarted", "killed"] {
        let upstream = Upstream::start().await;
        let tokens: Vec<String> = (0..40).map(|number| format!("{number} ")).collect();
        upstream.script("m", Script::tokens(tokens.clone()).gated());
        let mut cluster = Cluster::of(nodes(&upstream)).start().await;
        let owner = cluster.owner().await;
        let exchange = ask(&owner).await;
        let there = cluster.at(1, &owner);
        let channel = format!("run:{}", id(&exchange["run"]));
        let (mut reader, mut socket) = (Reader::default(), there.socket().await);
        reader.subscribe(&mut socket, &channel).await;
        upstream.release(10);
        while words(&json!({ "parts": reader.parts })) != tokens[..10].concat() {
            reader.read_a_little(&mut socket, &channel).await;
        }
        let redis = cluster.redis();
        let done = match what {
            "flushed" => redis.command(&["FLUSHALL"]).map(|_| ()),
            "frozen" => redis.freeze(),
            "restarted" => redis.restart().await,
            _ => redis.kill().await,
        };
        done.unwrap_or_else(|error| panic!("{what}: {error}"));
        upstream.release(100);
        while reader.last.is_none() {
            reader.read_a_little(&mut socket, &channel).await;
        }
        let stored = there.finished(id(&exchange["reply"])).await;
        assert_eq!((stored["status"].as_str(), words(&stored)), (Some("complete"), tokens.concat().as_str()));
        assert_eq!(json!(reader.parts), stored["parts"], "{what}");
    }
}

#[tokio::test]
async fn without_redis_a_reader_on_the_other_node_gets_the_answer_when_it_is_stored() {
    let upstream = Upstream::start().await;
    upstream.script("m", Script::tokens(["one ", "two ", "three"]).gated());
    let cluster = Cluster::of(nodes(&upstream)).without_redis().start().await;
    let owner = cluster.owner().await;
    let exchange = ask(&owner).await;
    let there = cluster.at(1, &owner);
    let channel = format!("run:{}", id(&exchange["run"]));
    let (mut reader, mut socket) = (Reader::default(), there.socket().await);
    reader.subscribe(&mut socket, &channel).await;
    upstream.release(100);
    while reader.last.is_none() {
        reader.read_a_little(&mut socket, &channel).await;
    }
    let stored = there.finished(id(&exchange["reply"])).await;
    assert_eq!(words(&stored), "one two three");
    assert_eq!(json!(reader.parts), stored["parts"]);
}
