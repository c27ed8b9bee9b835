//! What one node commits reaches the listeners of the others: in order, without a gap, and once.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::{Client, Cluster, Server, Socket, eventually};

/// How often each writer writes.
const CHANGES: usize = 60;

/// Positions that a socket is told, until `count` events have come.
pub async fn positions(socket: &mut Socket, count: usize) -> Vec<u64> {
    let mut told = Vec::new();
    while told.len() < count {
        let frame = socket.expect_type("event").await;
        told.push(frame["position"].as_u64().expect("a position"));
    }
    told
}

/// Positions in the journal after another one.
pub async fn journal(owner: &Client, after: u64) -> Vec<u64> {
    let (mut positions, mut after) = (Vec::new(), after.to_string());
    loop {
        let page = owner.get(&format!("/api/v1/events?limit=200&after={after}")).await.expect(200);
        let entries = page["items"].as_array().expect("items");
        positions.extend(entries.iter().map(|entry| entry["position"].as_u64().expect("a position")));
        match page["next"].as_str() {
            Some(next) => next.clone_into(&mut after),
            None => return positions,
        }
    }
}

/// Changes a title so often.
pub async fn rename(client: Client, conversation: String, times: usize) {
    for number in 0..times {
        let title = json!({ "title": format!("{number} times") });
        let path = format!("/api/v1/conversations/{conversation}");
        eventually("a change", || async {
            match client.patch(&path, &title).await.status {
                200 => Some(()),
                409 | 503 => None,
                other => panic!("{other}"),
            }
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn listeners_of_both_nodes_are_told_everything_in_order_while_both_write() {
    let cluster = Cluster::of(Server::builder()).start().await;
    let owner = cluster.owner().await;
    let clients = [cluster.at(0, &owner), cluster.at(1, &owner)];
    let conversations = join_all((0..6).map(|number| clients[number % 2].conversation())).await;
    let mut sockets = Vec::new();
    for client in &clients {
        let mut socket = client.socket().await;
        let subscribed = socket.subscribe("user:me", None).await;
        sockets.push((socket, subscribed["position"].as_u64().expect("a position")));
    }
    let mut events = clients[1].events("/api/v1/events", None).await;
    let writing =
        join_all(conversations.iter().enumerate().map(|(number, conversation)| {
            rename(clients[number % 2].clone(), conversation.clone(), CHANGES)
        }));
    let count = CHANGES * conversations.len();
    let listening = join_all(sockets.iter_mut().map(|(socket, _)| positions(socket, count)));
    let reading = async {
        let mut told = Vec::new();
        while told.len() < count {
            let event = events.next().await.expect("an event").json();
            told.push(event["position"].as_u64().expect("a position"));
        }
        told
    };
    let (_, told, read) = tokio::join!(writing, listening, reading);
    for ((_, start), told) in sockets.iter().zip(&told) {
        assert_eq!(told, &journal(&owner, *start).await);
    }
    assert!(read.windows(2).all(|pair| pair[0] < pair[1]), "{read:?}");
    assert!(told[1].ends_with(&read[read.len() - CHANGES..]), "the same on every way");
}

#[tokio::test]
async fn each_person_is_told_only_their_own_wherever_they_are() {
    let cluster = Cluster::of(Server::builder()).start().await;
    let owner = cluster.owner().await;
    let other = cluster.node(1).member("other").await;
    let mut hers = cluster.at(0, &other).socket().await;
    hers.subscribe("user:me", None).await;
    owner.conversation().await;
    let conversation = cluster.at(1, &other).conversation().await;
    let event = hers.expect_type("event").await;
    let told: &Value = &event["event"]["conversation"]["id"];
    assert_eq!(told, &json!(conversation), "the first that she is told of is her own: {event}");
}
