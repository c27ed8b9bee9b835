//! An answer that one node writes is read on the others, to the byte.

use serde_json::json;

use super::{ask, id, streaming, words};
use crate::harness::{Reader, TOKENS};

#[tokio::test]
async fn a_stream_of_one_node_is_read_on_the_other_with_resume_at_every_delta() {
    let (upstream, cluster, owner) = streaming(&TOKENS).await;
    let exchange = ask(&owner).await;
    let there = cluster.at(1, &owner);
    let channel = format!("run:{}", id(&exchange["run"]));
    let mut reader = Reader::default();
    let mut socket = there.socket().await;
    reader.subscribe(&mut socket, &channel).await;
    for index in 0..TOKENS.len() {
        upstream.release(1);
        while words(&json!({ "parts": reader.parts })) != TOKENS[..=index].concat() {
            reader.read_a_little(&mut socket, &channel).await;
        }
        drop(socket);
        socket = there.socket().await;
        let subscribed = reader.subscribe(&mut socket, &channel).await;
        assert_eq!(subscribed["recovered"], true, "after delta {index}");
    }
    upstream.release(100);
    while reader.last.is_none() {
        reader.read_a_little(&mut socket, &channel).await;
    }
    let stored = there.finished(id(&exchange["reply"])).await;
    assert_eq!(json!(reader.parts), stored["parts"]);
    assert_eq!(words(&stored), TOKENS.concat());
    assert_eq!(reader.last.expect("the end")["finish_reason"], "stop");
}

#[tokio::test]
async fn a_reader_may_come_back_to_any_node() {
    let (upstream, cluster, owner) = streaming(&TOKENS).await;
    let exchange = ask(&owner).await;
    let channel = format!("run:{}", id(&exchange["run"]));
    let mut reader = Reader::default();
    let balanced = cluster.balanced(&owner);
    let mut socket = balanced.socket().await;
    reader.subscribe(&mut socket, &channel).await;
    for index in 0..TOKENS.len() {
        upstream.release(1);
        while words(&json!({ "parts": reader.parts })) != TOKENS[..=index].concat() {
            reader.read_a_little(&mut socket, &channel).await;
        }
        cluster.proxy.pin(Some(index % 2));
        cluster.proxy.cut();
        assert_eq!(socket.closed().await, 0, "cut off without a word");
        socket = balanced.socket().await;
        let subscribed = reader.subscribe(&mut socket, &channel).await;
        assert_eq!(subscribed["recovered"], true, "after delta {index}");
    }
    upstream.release(100);
    while reader.last.is_none() {
        reader.read_a_little(&mut socket, &channel).await;
    }
    let stored = owner.finished(id(&exchange["reply"])).await;
    assert_eq!(json!(reader.parts), stored["parts"]);
}

#[tokio::test]
async fn an_event_stream_resumes_on_the_other_node_at_every_delta() {
    let (upstream, cluster, owner) = streaming(&TOKENS).await;
    let exchange = ask(&owner).await;
    let path = format!("/api/v1/runs/{}/events", id(&exchange["run"]));
    let mut reader = Reader::default();
    let mut resume_at: Option<String> = None;
    for index in 0..TOKENS.len() {
        let there = cluster.at((index + 1) % 2, &owner);
        let mut events = there.events(&path, resume_at.as_deref()).await;
        assert_eq!(events.status, 200);
        upstream.release(1);
        let before = reader.parts.clone();
        while reader.parts == before {
            let event = events.next().await.expect("an event");
            reader.take(&event.json());
            resume_at = Some(event.id);
        }
    }
    upstream.release(100);
    let there = cluster.at(1, &owner);
    for event in there.events(&path, resume_at.as_deref()).await.rest().await {
        reader.take(&event.json());
        resume_at = Some(event.id);
    }
    let stored = there.finished(id(&exchange["reply"])).await;
    assert_eq!(json!(reader.parts), stored["parts"]);
    assert_eq!(reader.last.expect("the end")["type"], "run.completed");
    assert_eq!(there.events(&path, resume_at.as_deref()).await.status, 204, "nothing follows the end");
}

#[tokio::test]
async fn a_late_reader_on_the_other_node_has_everything() {
    let (upstream, cluster, owner) = streaming(&TOKENS).await;
    let exchange = ask(&owner).await;
    let channel = format!("run:{}", id(&exchange["run"]));
    let mut near = owner.socket().await;
    let mut first = Reader::default();
    first.subscribe(&mut near, &channel).await;
    upstream.release(12);
    while words(&json!({ "parts": first.parts })) != TOKENS[..12].concat() {
        first.read_a_little(&mut near, &channel).await;
    }
    let mut far = cluster.at(1, &owner).socket().await;
    let mut late = Reader::default();
    late.subscribe(&mut far, &channel).await;
    upstream.release(100);
    while late.last.is_none() {
        late.read_a_little(&mut far, &channel).await;
    }
    while first.last.is_none() {
        first.read_a_little(&mut near, &channel).await;
    }
    assert_eq!(late.parts, first.parts);
    let stored = cluster.at(1, &owner).finished(id(&exchange["reply"])).await;
    assert_eq!(json!(late.parts), stored["parts"]);
}

#[tokio::test]
async fn the_channel_of_a_conversation_brings_the_runs_of_the_other_node() {
    let (upstream, cluster, owner) = streaming(&["one ", "two ", "three"]).await;
    let conversation = owner.conversation_with(&json!({ "model": "mock/m", "title": "Fixed" })).await;
    let mut socket = cluster.at(1, &owner).socket().await;
    socket.subscribe(&format!("conversation:{conversation}"), None).await;
    let exchange = owner.send(&conversation, "Count").await;
    upstream.release(100);
    let channel = format!("run:{}", id(&exchange["run"]));
    let (mut reader, mut facts) = (Reader::default(), Vec::new());
    while reader.last.is_none() || facts.last().is_none_or(|kind| kind != "run.completed") {
        let frame = socket.next().await;
        if frame["type"] == "event" {
            facts.push(frame["event"]["type"].as_str().expect("a type").to_owned());
        } else if frame["channel"] == channel && frame["type"] != "subscribed" {
            reader.take(&frame);
        }
    }
    assert_eq!(words(&json!({ "parts": reader.parts })), "one two three");
    let expected =
        ["message.posted", "message.posted", "conversation.updated", "run.started", "run.completed"];
    assert_eq!(facts, expected);
}

#[tokio::test]
async fn an_answer_is_stopped_from_the_other_node() {
    let (upstream, cluster, owner) = streaming(&["one ", "two ", "three"]).await;
    let exchange = ask(&owner).await;
    let mut socket = owner.socket().await;
    socket.subscribe(&format!("run:{}", id(&exchange["run"])), None).await;
    upstream.release(1);
    socket.expect_type("delta").await;
    let there = cluster.at(1, &owner);
    let path = format!("/api/v1/runs/{}/cancel", id(&exchange["run"]));
    let stopped = there.post(&path, &json!({})).await;
    assert!((200..300).contains(&stopped.status), "{stopped:?}");
    socket.expect_type("run.cancelled").await;
    for node in 0..2 {
        let stored = cluster.at(node, &owner).finished(id(&exchange["reply"])).await;
        assert_eq!((&stored["status"], words(&stored)), (&json!("cancelled"), "one "), "at node {node}");
    }
    upstream.wait_until(|counts| counts.aborted == 1).await;
}
