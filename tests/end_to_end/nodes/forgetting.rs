//! Events that are no longer kept: whoever comes back with an older position is told so, in every transport.

use serde_json::json;

use crate::harness::{Cluster, Server, eventually};

/// As if it had happened in December 2025: the first half of an id is its time. Without naming every workspace the wall
/// between them would hide all of it.
const AGE: &str =
    "SET colloquy.workspace = '*'; UPDATE events SET id = ('019ad8a0' || substr(id::text, 9))::uuid";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_has_missed_forgotten_events_is_told() {
    let keeping = Server::builder().env("COLLOQUY_DATABASE__KEEP_EVENTS_MONTHS", "1");
    let mut cluster = Cluster::of(keeping).nodes(1).start().await;
    let owner = cluster.owner().await;
    let conversation = owner.conversation_with(&json!({ "title": "Old" })).await;
    let channels = ["user:me".to_owned(), format!("conversation:{conversation}")];
    let path = format!("/api/v1/conversations/{conversation}");
    let seen = owner.socket().await.subscribe("user:me", None).await;
    let (epoch, early) = (
        seen["epoch"].as_str().expect("an epoch").to_owned(),
        seen["position"].as_u64().expect("a position"),
    );
    owner.patch(&path, &json!({ "title": "Missed" })).await.expect(200);
    let seen = owner.socket().await.subscribe("user:me", None).await;
    let late = seen["position"].as_u64().expect("a position");
    assert!(early < late);
    let read = async |owner: &crate::harness::Client, after: u64| {
        owner.get(&format!("/api/v1/events?after={after}")).await
    };
    assert_eq!(read(&owner, early).await.expect(200)["items"].as_array().map(Vec::len), Some(1));

    cluster.terminate(0).await;
    cluster.database.execute(&[AGE]).expect("a statement");
    cluster.start_node(0).await;
    let owner = cluster.at(0, &owner);
    eventually("the events to be forgotten", || async {
        (read(&owner, early).await.status == 410).then_some(())
    })
    .await;
    owner.patch(&path, &json!({ "title": "New" })).await.expect(200);

    let gone = read(&owner, early).await.expect(410);
    assert_eq!(gone["type"], "/problems/events_forgotten");
    let id = early.to_string();
    assert_eq!(owner.events("/api/v1/events", Some(&id)).await.status, 410);
    for channel in &channels {
        let mut socket = owner.socket().await;
        let subscribed = socket.subscribe(channel, Some((&epoch, early))).await;
        assert_eq!(subscribed["recovered"], false, "{channel}");
        let snapshot = socket.expect_type("snapshot").await;
        assert!(snapshot.to_string().contains("\"New\""), "{snapshot}");
    }

    // Whoever has seen the last of what is forgotten has missed nothing.
    assert_eq!(read(&owner, late).await.expect(200)["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(owner.events("/api/v1/events", Some(&late.to_string())).await.status, 200);
    let mut socket = owner.socket().await;
    let subscribed = socket.subscribe("user:me", Some((&epoch, late))).await;
    assert_eq!(subscribed["recovered"], true);
    // And whoever names no position gets what there is.
    let kept = owner.get("/api/v1/events").await.expect(200);
    assert_eq!(kept["items"].as_array().map(Vec::len), Some(1));
}
