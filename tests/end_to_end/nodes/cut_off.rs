//! A node that is cut off from Postgres for a while catches up from the journal.

use std::time::Duration;

use serde_json::json;

use super::SLACK;
use super::events::{journal, positions, rename};
use crate::harness::{Cluster, Line, Server, eventually};

/// How soon after the end of a cut a node has caught up.
const CAUGHT_UP_IN: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_node_whose_connections_were_cut_catches_up() {
    catches_up(Line::Cut).await;
}

#[tokio::test]
async fn a_node_whose_connections_fell_silent_catches_up() {
    catches_up(Line::Silent).await;
}

async fn catches_up(line: Line) {
    const CHANGES: usize = 40;
    let cluster = Cluster::of(Server::builder()).linked().start().await;
    let owner = cluster.owner().await;
    let (here, there) = (cluster.at(0, &owner), cluster.at(1, &owner));
    let conversation = here.conversation().await;
    let mut socket = there.socket().await;
    let subscribed = socket.subscribe("user:me", None).await;
    let start = subscribed["position"].as_u64().expect("a position");
    rename(here.clone(), conversation.clone(), CHANGES).await;
    let mut told = positions(&mut socket, CHANGES).await;

    cluster.link(1).set(line);
    rename(here.clone(), conversation.clone(), CHANGES).await;
    eventually("no readiness of the node that is cut off", || async {
        (there.get("/health/ready").await.status == 503).then_some(())
    })
    .await;
    here.get("/api/v1/conversations").await.expect(200);
    cluster.link(1).set(Line::Open);

    let caught_up = tokio::time::timeout(CAUGHT_UP_IN + SLACK, positions(&mut socket, CHANGES)).await;
    told.extend(caught_up.expect("what it missed, soon after"));
    rename(there.clone(), conversation.clone(), 1).await;
    told.extend(positions(&mut socket, 1).await);
    assert_eq!(told, journal(&here, start).await);
    let shown = there.get(&format!("/api/v1/conversations/{conversation}")).await.expect(200);
    assert_eq!(shown["title"], json!("0 times"), "{shown}");
}
