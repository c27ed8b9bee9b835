//! Postgres stops, starts again or freezes while people write.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use testing::upstream::{Script, Upstream};
use tokio::time::Instant;

use super::load::{Load, Observed};
use super::{SLACK, ask, id, nodes, words};
use crate::harness::{Answer, Client, Cluster, eventually};

/// The contract: a refusal takes a second, and all is as before five seconds after the database is back.
const REFUSED_IN: Duration = Duration::from_secs(1);
const NORMAL_IN: Duration = Duration::from_secs(5);

/// What happens to Postgres.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    Stopped,
    Frozen,
    Restarted,
}

/// How long Postgres is away. The promise speaks of 30 s; `COLLOQUY_TEST_AWAY_SECONDS=30` tries just that, and 10 s are the
/// same to a server whose longest patience is one second.
fn away() -> Duration {
    let seconds = std::env::var("COLLOQUY_TEST_AWAY_SECONDS").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(seconds.unwrap_or(10))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_postgres_is_refused_for_quickly_and_forgotten_when_it_is_back() {
    outlast(Fault::Stopped).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_postgres_is_refused_for_quickly_and_forgotten_when_it_goes_on() {
    outlast(Fault::Frozen).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restarted_postgres_costs_no_more_than_a_retry() {
    outlast(Fault::Restarted).await;
}

async fn outlast(fault: Fault) {
    let upstream = Upstream::start().await;
    let tokens: Vec<String> = (0..60).map(|number| format!("{number} ")).collect();
    upstream.script("m", Script::tokens(tokens.clone()).paced(Duration::from_millis(50)));
    let mut cluster = Cluster::of(nodes(&upstream)).own_postgres().start().await;
    let owner = cluster.owner().await;
    let clients = [cluster.at(0, &owner), cluster.at(1, &owner)];
    let load = Load::start(&clients, 4);
    load.goes_on(20).await;
    // Each node has an answer on its way, which ends while the database is away.
    let exchanges = join_all(clients.iter().map(ask)).await;
    upstream.wait_until(|counts| counts.requests == 2).await;

    let gone = Instant::now();
    match fault {
        Fault::Restarted => cluster.postgres().restart().await.expect("a restart"),
        Fault::Stopped => cluster.postgres().stop().await.expect("an end"),
        Fault::Frozen => cluster.postgres().freeze().expect("a signal"),
    }
    if fault != Fault::Restarted {
        notice(&clients).await;
        tokio::time::sleep(away().saturating_sub(gone.elapsed())).await;
        for client in &clients {
            assert_eq!(quick(client, "/health/live").await.status, 200);
        }
    }
    let returning = Instant::now();
    match fault {
        Fault::Restarted => {}
        Fault::Stopped => cluster.postgres().start_again().await.expect("a start"),
        Fault::Frozen => cluster.postgres().thaw().expect("a signal"),
    }
    let back = Instant::now();
    for client in &clients {
        eventually("readiness", || async {
            (quick(client, "/health/ready").await.status == 200).then_some(())
        })
        .await;
    }
    assert!(back.elapsed() < NORMAL_IN + SLACK, "ready after {:?}", back.elapsed());
    tokio::time::sleep((back + NORMAL_IN + SLACK).saturating_duration_since(Instant::now())).await;
    load.goes_on(20).await;
    let ended = load.end().await;

    answered_in_time(&ended.answers);
    if fault != Fault::Restarted {
        let while_away =
            |answer: &&Observed| answer.at > gone + REFUSED_IN && answer.at + answer.elapsed < returning;
        let refused: Vec<_> = ended.answers.iter().filter(while_away).collect();
        assert!(!refused.is_empty(), "somebody must have asked meanwhile");
        for answer in refused {
            assert!(answer.status == 503 && answer.has_retry_after, "{answer:?}");
        }
    }
    let late = ended.answers.iter().filter(|answer| answer.at > back + NORMAL_IN + SLACK);
    let wrong: Vec<_> = late.filter(|answer| answer.status >= 300 || answer.status == 0).collect();
    assert!(wrong.is_empty(), "after all should be normal: {wrong:?}");
    ended.is_kept(&owner).await;
    for exchange in exchanges {
        let stored = owner.finished(id(&exchange["reply"])).await;
        assert_eq!((stored["status"].as_str(), words(&stored)), (Some("complete"), tokens.concat().as_str()));
    }
}

/// Both nodes see that the database is away: alive, not ready, and quick to say so.
async fn notice(clients: &[Client]) {
    for client in clients {
        eventually("no readiness", || async {
            (quick(client, "/health/ready").await.status == 503).then_some(())
        })
        .await;
        assert_eq!(quick(client, "/health/live").await.status, 200);
        let unready = quick(client, "/health/ready").await;
        assert!(unready.status == 503 && !unready.header("retry-after").is_empty(), "{unready:?}");
    }
}

/// An answer that comes within the promised time.
async fn quick(client: &Client, path: &str) -> Answer {
    let started = Instant::now();
    let answer = Answer::of(client.request(Method::GET, path)).await;
    assert!(started.elapsed() < REFUSED_IN + SLACK, "{path} took {:?}", started.elapsed());
    answer
}

/// No request was kept waiting, and none failed otherwise than by a refusal.
fn answered_in_time(answers: &[Observed]) {
    let is_wrong = |answer: &&Observed| {
        !matches!(answer.status, 200 | 201 | 409 | 503)
            || answer.status == 503 && !answer.has_retry_after
            || answer.elapsed >= REFUSED_IN + SLACK
    };
    let wrong: Vec<_> = answers.iter().filter(is_wrong).collect();
    assert!(wrong.is_empty(), "{} of {} answers: {wrong:?}", wrong.len(), answers.len());
}
