//! What a project no longer shows is no longer told on any node, within five seconds.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use testing::upstream::{Script, Upstream};
use tokio::time::Instant;

use super::{SLACK, id, nodes};
use crate::harness::{Answer, Cluster};

/// The contract.
const FELT_IN: Duration = Duration::from_secs(5);

#[tokio::test]
async fn who_is_removed_on_one_node_is_told_nothing_more_on_the_other() {
    let upstream = Upstream::start().await;
    upstream.script("m", Script::tokens(["one ", "two ", "three"]).gated());
    let cluster = Cluster::of(nodes(&upstream)).start().await;
    let (owner, reader) = (cluster.owner().await, cluster.node(0).member("reader").await);
    let project = owner.post("/api/v1/projects", &json!({ "name": "Garden" })).await.expect(201);
    let reader_id = reader.post("/api/v1/conversations", &json!({})).await.expect(201)["owner_id"].clone();
    let member = format!("/api/v1/projects/{}/members/{}", id(&project), reader_id.as_str().expect("an id"));
    let set = owner.request(Method::PUT, &member).json(&json!({ "access": "read" }));
    Answer::of(set).await.expect(200);
    let fields = json!({ "model": "mock/m", "title": "Fixed", "project_id": project["id"] });
    let conversation = owner.conversation_with(&fields).await;
    let exchange = owner.send(&conversation, "Tell me").await;
    let run = id(&exchange["run"]).to_owned();

    let there = cluster.at(1, &reader);
    let mut conversation_socket = there.socket().await;
    let conversation_channel = format!("conversation:{conversation}");
    conversation_socket.subscribe(&conversation_channel, None).await;
    let mut run_socket = there.socket().await;
    run_socket.subscribe(&format!("run:{run}"), None).await;
    let stream = there.events(&format!("/api/v1/runs/{run}/events"), None).await;

    let removed = Instant::now();
    cluster.at(0, &owner).delete(&member).await.expect(204);
    for (socket, channel) in
        [(&mut conversation_socket, &conversation_channel), (&mut run_socket, &format!("run:{run}"))]
    {
        let problem = loop {
            let frame = socket.next().await;
            if frame["type"] == "error" && frame["channel"] == **channel {
                break frame["problem"].clone();
            }
        };
        assert_eq!(problem["status"], 404, "{problem}");
    }
    let last = stream.rest().await.pop().expect("a last event");
    assert_eq!((last.event.as_str(), &last.json()["problem"]["status"]), ("error", &json!(404)));
    assert!(removed.elapsed() < FELT_IN + SLACK, "{:?}", removed.elapsed());
    there.get(&format!("/api/v1/conversations/{conversation}")).await.expect_problem(404, "not_found");

    // The answer goes on, for its owner.
    upstream.release(100);
    let answer: Value = owner.finished(id(&exchange["reply"])).await;
    assert_eq!(answer["parts"][0]["text"], "one two three");
    conversation_socket.send(&json!({ "type": "ping", "id": "1" })).await;
    // The conversation brought its run along, which ends on this socket too; nothing else is told.
    let mut frame = conversation_socket.next().await;
    while frame["type"] == "error" {
        frame = conversation_socket.next().await;
    }
    assert_eq!(frame["type"], "pong", "{frame}");
}
