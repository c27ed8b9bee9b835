//! Resume: whatever happens to a connection, the text a client ends with is byte-identical to what is stored.

use serde_json::{Value, json};
use testing::upstream::{Script, Upstream};

use crate::harness::{Client, Reader, Server, SseEvent, TOKENS, is_postgres};

async fn streaming(tokens: &[&str]) -> (Upstream, Server, Client, String, Value) {
    let upstream = Upstream::start().await;
    upstream.script("slow", Script::tokens(tokens.iter().copied()).gated());
    // Every token becomes a delta of its own, so that there is a delta to drop the connection at.
    let builder =
        Server::builder().provider("mock", &upstream, "slow").env("COLLOQUY_APPLICATION__COALESCE_MS", "1");
    let server = builder.start().await;
    let owner = server.owner().await;
    let conversation = owner.conversation_with(&json!({ "model": "mock/slow" })).await;
    let exchange = owner.send(&conversation, "Tell me").await;
    (upstream, server, owner, conversation, exchange)
}

fn id(value: &Value) -> &str {
    value["id"].as_str().expect("an id")
}

#[tokio::test]
async fn a_socket_dropped_at_every_delta_resumes_byte_identically() {
    let (upstream, _server, owner, _, exchange) = streaming(&TOKENS).await;
    let channel = format!("run:{}", id(&exchange["run"]));
    let mut reader = Reader::default();
    let mut socket = owner.socket().await;
    reader.subscribe(&mut socket, &channel).await;
    for index in 0..TOKENS.len() {
        upstream.release(1);
        reader.read_a_little(&mut socket, &channel).await;
        drop(socket);
        socket = owner.socket().await;
        let subscribed = reader.subscribe(&mut socket, &channel).await;
        assert_eq!(subscribed["recovered"], true, "after delta {index}");
    }
    upstream.release(100);
    while reader.last.is_none() {
        reader.read_a_little(&mut socket, &channel).await;
    }
    let stored = owner.finished(id(&exchange["reply"])).await;
    assert_eq!(json!(reader.parts), stored["parts"]);
    assert_eq!(stored["parts"][0]["text"], TOKENS.concat());
    assert_eq!(reader.last.expect("the end")["finish_reason"], "stop");
}

#[tokio::test]
async fn an_event_stream_dropped_at_every_delta_resumes_byte_identically() {
    let (upstream, _server, owner, _, exchange) = streaming(&TOKENS).await;
    let path = format!("/api/v1/runs/{}/events", id(&exchange["run"]));
    let mut reader = Reader::default();
    let mut last_id: Option<String> = None;
    let mut read = |reader: &mut Reader, event: SseEvent| {
        assert_eq!(event.json()["type"], event.event.as_str());
        reader.take(&event.json());
        last_id = Some(event.id);
        last_id.clone()
    };
    let mut resume_at = None;
    for _ in &TOKENS {
        let mut events = owner.events(&path, resume_at.as_deref()).await;
        assert_eq!(events.status, 200);
        upstream.release(1);
        let before = reader.parts.clone();
        while reader.parts == before {
            let event = events.next().await.expect("an event");
            resume_at = read(&mut reader, event);
        }
    }
    upstream.release(100);
    let events = owner.events(&path, resume_at.as_deref()).await;
    for event in events.rest().await {
        resume_at = read(&mut reader, event);
    }
    let stored = owner.finished(id(&exchange["reply"])).await;
    assert_eq!(json!(reader.parts), stored["parts"]);
    assert_eq!(reader.last.expect("the end")["type"], "run.completed");
    assert_eq!(owner.events(&path, resume_at.as_deref()).await.status, 204, "nothing follows the end");
}

#[tokio::test]
async fn a_reader_that_knows_another_log_gets_a_snapshot_and_then_the_rest() {
    let (upstream, _server, owner, _, exchange) = streaming(&TOKENS).await;
    let channel = format!("run:{}", id(&exchange["run"]));
    let mut watcher = Reader::default();
    let mut socket = owner.socket().await;
    watcher.subscribe(&mut socket, &channel).await;
    upstream.release(10);
    while !watcher
        .parts
        .first()
        .is_some_and(|part| part["text"].as_str().is_some_and(|text| text.contains("let x")))
    {
        watcher.read_a_little(&mut socket, &channel).await;
    }
    let mut late = Reader { epoch: "another".to_owned(), ..Reader::default() };
    let mut other = owner.socket().await;
    let subscribed = late.subscribe(&mut other, &channel).await;
    assert_eq!(subscribed["recovered"], false, "this log is not the one that the reader knew");
    let first = other.next().await;
    assert_eq!(first["type"], "snapshot", "the snapshot comes first");
    late.take(&first);
    upstream.release(100);
    while late.last.is_none() {
        late.read_a_little(&mut other, &channel).await;
    }
    let stored = owner.finished(id(&exchange["reply"])).await;
    assert_eq!(json!(late.parts), stored["parts"]);
}

#[tokio::test]
async fn after_a_restart_a_reader_is_told_plainly_and_gets_what_is_stored() {
    let (upstream, server, owner, conversation, exchange) = streaming(&TOKENS).await;
    let channel = format!("run:{}", id(&exchange["run"]));
    let mut reader = Reader::default();
    let mut socket = owner.socket().await;
    reader.subscribe(&mut socket, &channel).await;
    upstream.release(12);
    while reader
        .parts
        .first()
        .is_none_or(|part| part["text"].as_str() != Some(TOKENS[..12].concat().as_str()))
    {
        reader.read_a_little(&mut socket, &channel).await;
    }
    let server = server.kill().await.start().await;
    let owner = owner.at(server.address());

    let mut socket = owner.socket().await;
    let subscribed = reader.subscribe(&mut socket, &channel).await;
    // Where the log is kept outside of the process too, a reader goes on in it; else it is told that there is another one.
    assert_eq!(subscribed["recovered"], is_postgres());
    if !is_postgres() {
        let snapshot = socket.expect_type("snapshot").await;
        reader.position = 0;
        reader.take(&snapshot);
    }
    while reader.last.is_none() {
        reader.read_a_little(&mut socket, &channel).await;
    }
    let stored = owner.get(&format!("/api/v1/messages/{}", id(&exchange["reply"]))).await.expect(200);
    assert_eq!(stored["status"], "interrupted");
    assert_eq!(json!(reader.parts), stored["parts"]);
    assert_eq!(reader.last.expect("the end")["type"], "run.interrupted");

    let path = format!("/api/v1/runs/{}/events", id(&exchange["run"]));
    let events = owner.events(&path, Some("gone:3")).await.rest().await;
    assert_eq!(
        events.iter().map(|event| event.event.as_str()).collect::<Vec<_>>(),
        ["snapshot", "run.interrupted"]
    );
    assert_eq!(events[0].json()["state"]["parts"], stored["parts"]);
    let last_id = events.last().map(|event| event.id.clone());
    assert_eq!(owner.events(&path, last_id.as_deref()).await.status, 204);

    upstream.script("slow", Script::tokens(["again"]));
    let again =
        owner.post(&format!("/api/v1/messages/{}/regenerate", id(&stored)), &json!({})).await.expect(201);
    let answer = owner.finished(id(&again["reply"])).await;
    assert_eq!(answer["parts"][0]["text"], "again");
    let thread = owner.get(&format!("/api/v1/conversations/{conversation}/messages")).await.expect(200);
    assert_eq!(
        thread["items"][0]["sibling_ids"].as_array().map(Vec::len),
        Some(2),
        "the interrupted answer is kept"
    );
}

#[tokio::test]
async fn a_conversation_channel_brings_every_fact_once_and_the_runs_with_it() {
    let upstream = Upstream::start().await;
    upstream.script("echo", Script::tokens(["one ", "two ", "three"]));
    let server = Server::builder().provider("mock", &upstream, "echo").start().await;
    let owner = server.owner().await;
    let conversation = owner.conversation_with(&json!({ "model": "mock/echo", "title": "Fixed" })).await;
    let channel = format!("conversation:{conversation}");
    let mut socket = owner.socket().await;
    let subscribed = socket.subscribe(&channel, None).await;
    let start = subscribed["position"].as_u64().expect("a position");
    let epoch = subscribed["epoch"].as_str().expect("an epoch").to_owned();
    let exchange = owner.send(&conversation, "Hi").await;

    let mut facts = Vec::new();
    let mut reader = Reader::default();
    let mut last = start;
    while facts.last().is_none_or(|kind| kind != "run.completed") || reader.last.is_none() {
        let frame = socket.next().await;
        if frame["type"] == "event" {
            let position = frame["position"].as_u64().expect("a position");
            assert!(position > last, "facts must not repeat or go back");
            last = position;
            facts.push(frame["event"]["type"].as_str().expect("a type").to_owned());
        } else if frame["channel"] == format!("run:{}", id(&exchange["run"])) && frame["type"] != "subscribed"
        {
            reader.take(&frame);
        }
    }
    let expected =
        ["message.posted", "message.posted", "conversation.updated", "run.started", "run.completed"];
    assert_eq!(facts, expected);
    assert_eq!(reader.parts[0]["text"], "one two three");

    let mut late = owner.socket().await;
    let recovered = late.subscribe(&channel, Some((&epoch, start))).await;
    assert_eq!(recovered["recovered"], true);
    let mut replayed = Vec::new();
    while replayed.len() < expected.len() {
        let frame = late.expect_type("event").await;
        replayed.push(frame["event"]["type"].as_str().expect("a type").to_owned());
    }
    assert_eq!(replayed, expected, "the journal replays what was told live");
}
