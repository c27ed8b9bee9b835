//! The protocol above the frames: who may speak, what is subscribed to, and what happens to those who do not listen.

use futures_util::future::join_all;
use serde_json::{Value, json};
use testing::upstream::{Script, Upstream};

use crate::harness::raw::{frame, head, question};
use crate::harness::{Client, RawSocket, Server, Socket, eventually};

async fn nobody(server: &Server) -> Socket {
    Socket::connect(server.address(), "/api/v1/ws", &[]).await.expect("an upgrade")
}

/// Reads until the server closes: the slug of the problem that it names, the frame that it answers, and the code.
async fn reason(socket: &mut Socket) -> (String, Value, u16) {
    let error = socket.expect_type("error").await;
    let slug = error["problem"]["type"].as_str().expect("a type").trim_start_matches("/problems/");
    (slug.to_owned(), error["reply_to"].clone(), socket.closed().await)
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

/// A server whose model answers with these tokens, each when the test releases it.
async fn gated(tokens: &[&str]) -> (Upstream, Server) {
    let upstream = Upstream::start().await;
    upstream.script("gated", Script::tokens(tokens.iter().copied()).gated());
    let builder =
        Server::builder().provider("mock", &upstream, "gated").env("COLLOQUY_APPLICATION__COALESCE_MS", "1");
    (upstream, builder.start().await)
}

#[tokio::test]
async fn whoever_does_not_say_hello_in_time_is_told_so_and_closed_with_4408() {
    let server = Server::builder().env("COLLOQUY_SERVER__WEBSOCKET__HELLO_SECONDS", "1").start().await;
    let mut socket = nobody(&server).await;
    socket.send(&json!({ "type": "wave" })).await;
    assert_eq!(reason(&mut socket).await, ("no_hello".to_owned(), Value::Null, 4408));
}

#[tokio::test]
async fn nothing_is_done_for_whoever_has_not_said_who_they_are() {
    let server = Server::start().await;
    let conversation = server.owner().await.conversation().await;
    for frame in [
        json!({ "type": "command", "id": "1", "name": "conversation.create", "params": {} }),
        json!({ "type": "command", "id": "1", "name": "conversation.delete",
            "params": { "conversation_id": conversation } }),
        json!({ "type": "subscribe", "id": "1", "channel": "user:me" }),
        json!({ "type": "subscribe", "id": "1", "channel": format!("conversation:{conversation}") }),
        json!({ "type": "unsubscribe", "id": "1", "channel": "user:me" }),
        json!({ "type": "hello", "id": "1", "subscriptions": [{ "channel": "user:me" }] }),
        json!({ "type": "hello", "id": "1", "token": "clq_nonsense" }),
        json!({ "type": "hello", "id": "1", "token": "" }),
        json!({ "type": "authenticate", "id": "1", "token": "clq_nonsense" }),
    ] {
        let mut socket = nobody(&server).await;
        socket.send(&frame).await;
        assert_eq!(reason(&mut socket).await, ("unauthenticated".to_owned(), json!("1"), 4401), "{frame}");
    }
}

#[tokio::test]
async fn hello_with_a_token_and_subscriptions_resumes_in_one_round_trip() {
    let (upstream, server) = gated(&["one ", "two ", "three"]).await;
    let owner = server.owner().await;
    let conversation = owner.conversation_with(&json!({ "model": "mock/gated", "title": "Fixed" })).await;
    let (of_conversation, mut first) = (format!("conversation:{conversation}"), owner.socket().await);
    let durable = first.subscribe(&of_conversation, None).await;
    let exchange = owner.send(&conversation, "Count").await;
    let of_run = format!("run:{}", text(&exchange["run"]["id"]));
    upstream.release(1);
    let running = first.expect_type("subscribed").await;
    assert_eq!(running["channel"], of_run.as_str(), "running runs come with their conversation: {running}");
    let delta = first.expect_type("delta").await;
    assert_eq!(delta["text"], "one ");
    drop(first);
    upstream.release(1);

    let mut socket = nobody(&server).await;
    let hello = json!({ "type": "hello", "id": "h", "token": owner.key(), "client": "tests/1.0", "subscriptions": [
        { "channel": of_conversation, "epoch": durable["epoch"], "after": durable["position"] },
        { "channel": of_run, "epoch": running["epoch"], "after": delta["position"] },
    ] });
    socket.send(&hello).await;
    let welcome = socket.next().await;
    assert_eq!((&welcome["type"], &welcome["reply_to"]), (&json!("welcome"), &json!("h")));
    assert_eq!(
        welcome["limits"],
        json!({ "frame_bytes": 65536, "subscriptions": 128, "queue_bytes": 1_048_576 })
    );
    assert_eq!(welcome["ping_seconds"], 25);
    upstream.release(100);
    let (mut rest, mut facts, mut recovered) = (String::new(), Vec::new(), 0);
    let mut is_over = false;
    while !is_over || facts.last().is_none_or(|kind| kind != "run.completed") {
        let frame = socket.next().await;
        match text(&frame["type"]) {
            "subscribed" => {
                assert_eq!(frame["recovered"], true, "{frame}");
                recovered += 1;
            }
            "delta" => rest.push_str(text(&frame["text"])),
            "event" => facts.push(text(&frame["event"]["type"]).to_owned()),
            "run.completed" => is_over = true,
            "part.ended" => {}
            other => panic!("unexpected: {other}: {frame}"),
        }
    }
    assert_eq!((recovered, rest.as_str()), (2, "two three"));
    assert_eq!(
        facts,
        ["message.posted", "message.posted", "conversation.updated", "run.started", "run.completed"]
    );
}

#[tokio::test]
async fn a_socket_goes_on_with_a_fresh_token_of_the_same_person_and_no_other() {
    let server = Server::start().await;
    let (owner, other) = (server.owner().await, server.member("other").await);
    let mut socket = owner.socket().await;
    let fresh = owner.in_browser().post("/api/v1/api-keys", &json!({ "name": "fresh" })).await.expect(201);
    socket.send(&json!({ "type": "authenticate", "id": "a", "token": fresh["key"] })).await;
    let welcome = socket.reply_to("a").await;
    assert_eq!(welcome["type"], "welcome", "{welcome}");

    // The socket depends on the fresh key now, and no longer on the one that it began with.
    let keys = owner.in_browser().get("/api/v1/api-keys").await.expect(200);
    let keys = keys["items"].as_array().expect("keys");
    let first = keys.iter().find(|key| key["name"] == "tests").expect("the first key");
    let mut administrator = owner.socket().await;
    administrator.send(&json!({ "type": "authenticate", "id": "a", "token": fresh["key"] })).await;
    administrator.reply_to("a").await;
    let revoked = owner.in_browser().delete(&format!("/api/v1/api-keys/{}", text(&first["id"]))).await;
    assert!(revoked.status == 200 || revoked.status == 204, "{revoked:?}");
    let created = socket.command("conversation.create", json!({ "title": "still here" })).await;
    assert_eq!(created["type"], "result", "{created}");

    socket.send(&json!({ "type": "authenticate", "id": "b", "token": other.key() })).await;
    assert_eq!(reason(&mut socket).await, ("forbidden".to_owned(), json!("b"), 4403));
    administrator.send(&json!({ "type": "authenticate", "id": "c", "token": "clq_rubbish" })).await;
    assert_eq!(reason(&mut administrator).await, ("unauthenticated".to_owned(), json!("c"), 4401));
}

#[tokio::test]
async fn whoever_does_not_answer_a_ping_is_closed_with_4002_and_whoever_does_stays() {
    let server = Server::builder()
        .env("COLLOQUY_SERVER__WEBSOCKET__PING_SECONDS", "1")
        .env("COLLOQUY_SERVER__WEBSOCKET__PONG_SECONDS", "1")
        .start()
        .await;
    let owner = server.owner().await;
    let (mut silent, mut polite) = (RawSocket::open(&owner).await, RawSocket::open(&owner).await);
    let stays = async {
        for _ in 0..3 {
            let ping = polite.text().await;
            assert_eq!(ping["type"], "ping", "{ping}");
            polite.send_json(&json!({ "type": "pong" })).await;
        }
        polite.send(head::TEXT, question("still here").as_bytes()).await;
        polite.expect_pong("still here").await;
    };
    let (reason, ()) = tokio::join!(silent.closed(), stays);
    assert_eq!(reason, ("no_pong".to_owned(), 4002));
}

#[tokio::test]
async fn two_sockets_are_told_the_same_bytes() {
    async fn told(socket: &mut RawSocket) -> Vec<Vec<u8>> {
        let mut frames = Vec::new();
        let (mut is_over, mut is_stored) = (false, false);
        while !is_over || !is_stored {
            let frame = socket.next().await.expect("a frame");
            let value = frame.json();
            is_over |= value["type"] == "run.completed";
            is_stored |= value["event"]["type"] == "run.completed";
            frames.push(frame.payload);
        }
        frames.sort_by_key(|bytes| {
            let value: Value = serde_json::from_slice(bytes).expect("JSON");
            (text(&value["channel"]).to_owned(), value["position"].as_u64(), text(&value["type"]).to_owned())
        });
        frames
    }
    let (upstream, server) = gated(&["one ", "two ", "three ", "four"]).await;
    let owner = server.owner().await;
    let conversation = owner.conversation_with(&json!({ "model": "mock/gated", "title": "Fixed" })).await;
    let subscribe =
        json!({ "type": "subscribe", "id": "s", "channel": format!("conversation:{conversation}") });
    let (mut one, mut other) = (RawSocket::open(&owner).await, RawSocket::open(&owner).await);
    for socket in [&mut one, &mut other] {
        socket.send_json(&subscribe).await;
        assert_eq!(socket.text().await["type"], "subscribed");
    }
    let reading = join_all([told(&mut one), told(&mut other)]);
    let writing = async {
        owner.send(&conversation, "Count").await;
        upstream.release(100);
    };
    let (frames, ()) = tokio::join!(reading, writing);
    assert!(frames[0].len() > 8, "{frames:?}");
    assert_eq!(frames[0], frames[1]);
}

#[tokio::test]
async fn the_socket_of_a_conversation_is_subscribed_to_it_from_the_beginning() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let conversation = owner.conversation().await;
    let path = format!("/ws/chat/{conversation}");
    let mut socket =
        Socket::connect(server.address(), &path, &owner.header_pairs()).await.expect("an upgrade");
    let subscribed = socket.expect_type("subscribed").await;
    assert_eq!(subscribed["channel"], format!("conversation:{conversation}"));
    owner.patch(&format!("/api/v1/conversations/{conversation}"), &json!({ "title": "Told" })).await;
    assert_eq!(socket.expect_type("event").await["event"]["type"], "conversation.updated");

    let other = server.member("other").await;
    let mut socket =
        Socket::connect(server.address(), &path, &other.header_pairs()).await.expect("an upgrade");
    let (slug, _, code) = reason(&mut socket).await;
    assert_eq!((slug.as_str(), code), ("not_found", 4403));
}

#[tokio::test]
async fn subscriptions_beyond_the_limit_are_refused_and_the_others_go_on() {
    let server = Server::builder().env("COLLOQUY_SERVER__WEBSOCKET__SUBSCRIPTIONS", "3").start().await;
    let owner = server.owner().await;
    let mut socket = owner.socket().await;
    assert_eq!(socket.welcome["limits"]["subscriptions"], 3);
    let mut channels = vec!["user:me".to_owned()];
    for _ in 0..3 {
        channels.push(format!("conversation:{}", owner.conversation().await));
    }
    for channel in &channels[..3] {
        socket.subscribe(channel, None).await;
    }
    let refused = |id: &str| json!({ "type": "subscribe", "id": id, "channel": channels[3] });
    socket.send(&refused("one too many")).await;
    let error = socket.reply_to("one too many").await;
    assert_eq!(error["type"], "error", "{error}");
    assert_eq!(error["problem"]["type"], "/problems/too_many_subscriptions");
    assert_eq!(error["problem"]["status"], 429);
    // The same channel again is no further subscription, and the end of one makes room.
    socket.subscribe(&channels[2], None).await;
    socket.send(&json!({ "type": "unsubscribe", "id": "u", "channel": channels[0] })).await;
    assert_eq!(socket.reply_to("u").await["type"], "unsubscribed");
    socket.subscribe(&channels[3], None).await;
}

#[tokio::test]
async fn sockets_beyond_the_limit_are_closed_with_4429_until_there_is_room() {
    let server = Server::builder().env("COLLOQUY_SERVER__WEBSOCKET__MAX_CONNECTIONS", "2").start().await;
    let owner = server.owner().await;
    let (first, mut second) = (owner.socket().await, owner.socket().await);
    let mut third = nobody(&server).await;
    let (slug, _, code) = reason(&mut third).await;
    assert_eq!((slug.as_str(), code), ("too_many_connections", 4429));
    second.command("conversation.create", json!({})).await;
    drop(first);
    eventually("a free place", || async {
        let mut socket = nobody(&server).await;
        socket.send(&json!({ "type": "ping", "id": "room" })).await;
        (socket.next().await["type"] == "pong").then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_a_client_of_tomorrow_says_is_ignored_and_what_is_wrong_is_answered() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let conversation = owner.conversation().await;
    let mut socket = owner.socket().await;
    for frame in [
        json!({ "type": "wave", "id": "1", "at": ["everybody"] }),
        json!({ "type": "pong", "reply_to": 3 }),
        json!({ "type": "welcome" }),
        json!({ "type": "" }),
    ] {
        socket.send(&frame).await;
    }
    socket.send(&json!({ "type": "ping", "id": "p", "colour": "red" })).await;
    assert_eq!(socket.next().await["reply_to"], "p", "ignored frames are not answered");
    let channel = format!("conversation:{conversation}");
    socket.send(&json!({ "type": "subscribe", "id": "s", "channel": channel, "colour": { "a": 1 } })).await;
    assert_eq!(socket.next().await["type"], "subscribed");

    for (frame, status, slug) in [
        (json!({ "type": "subscribe", "id": "1" }), 422, "invalid_input"),
        (json!({ "type": "subscribe", "id": "1", "channel": "weather" }), 422, "invalid_input"),
        (json!({ "type": "subscribe", "id": "1", "channel": channel, "after": -1 }), 422, "invalid_input"),
        (
            json!({ "type": "subscribe", "id": "1", "channel": "run:0192f000-0000-7000-8000-000000000000" }),
            404,
            "not_found",
        ),
        (
            json!({ "type": "subscribe", "id": "1",
                "channel": "conversation:0192f000-0000-7000-8000-000000000000" }),
            404,
            "not_found",
        ),
        (json!({ "type": "command", "id": "1" }), 422, "invalid_input"),
        (json!({ "type": "command", "id": "1", "name": "house.burn" }), 422, "invalid_input"),
        (
            json!({ "type": "command", "id": "1", "name": "conversation.create", "params": [] }),
            422,
            "invalid_input",
        ),
        (
            json!({ "type": "command", "id": "1", "name": "conversation.create", "params": { "colour": 1 } }),
            422,
            "invalid_input",
        ),
    ] {
        socket.send(&frame).await;
        let answer = socket.reply_to("1").await;
        let problem = &answer["problem"];
        assert_eq!(
            (&answer["type"], &problem["status"]),
            (&json!("error"), &json!(status)),
            "{frame}: {answer}"
        );
        assert_eq!(problem["type"], format!("/problems/{slug}"), "{frame}: {answer}");
        assert!(problem["trace_id"].as_str().is_some_and(|id| !id.is_empty()), "{answer}");
    }
    for not_a_frame in ["", "[]", "null", "7", "\"hello\"", "{}", "{\"type\":7}", "{\"type\":\"ping\"", "}{"]
    {
        let mut socket = RawSocket::open(&owner).await;
        socket.send(head::TEXT, not_a_frame.as_bytes()).await;
        assert_eq!(socket.closed().await, ("bad_frame".to_owned(), 4400), "{not_a_frame}");
    }
    let deep = format!("{{\"type\":\"ping\",\"id\":{}", "[".repeat(30_000));
    let mut socket = RawSocket::open(&owner).await;
    socket.send(head::TEXT, deep.as_bytes()).await;
    assert_eq!(socket.closed().await.1, 4400);
}

/// Changes the title that often, 100 times a request.
async fn rename(owner: &Client, conversation: &str, times: usize) {
    let commands: Vec<Value> = (0..times)
        .map(|number| {
            json!({ "id": number.to_string(), "name": "conversation.update",
                "params": { "conversation_id": conversation, "title": format!("{number:0>150}") } })
        })
        .collect();
    for commands in commands.chunks(100) {
        owner.post("/api/v1/batch", &json!({ "commands": commands })).await.expect(200);
    }
}

#[tokio::test]
async fn whoever_reads_late_catches_up_from_the_journal_without_a_gap() {
    // So little fits on the way that most of it has to wait for the reader.
    const CHANGES: usize = 2_000;
    let server = Server::builder()
        .env("COLLOQUY_SERVER__WEBSOCKET__SEND_BUFFER_BYTES", "16384")
        .env("COLLOQUY_SERVER__WEBSOCKET__SLOW_SECONDS", "60")
        .start()
        .await;
    let owner = server.owner().await;
    let conversation = owner.conversation().await;
    let mut socket = RawSocket::open_with(&owner, Some(4_096)).await;
    let channel = format!("conversation:{conversation}");
    socket.send_json(&json!({ "type": "subscribe", "id": "s", "channel": channel })).await;
    assert_eq!(socket.text().await["type"], "subscribed");
    rename(&owner, &conversation, CHANGES).await;

    let mut told = Vec::new();
    while told.len() < CHANGES {
        let frame = socket.text().await;
        if frame["type"] == "ping" {
            socket.send_json(&json!({ "type": "pong" })).await;
            continue;
        }
        assert_eq!(frame["event"]["type"], "conversation.updated", "{frame}");
        told.push(frame["position"].as_u64().expect("a position"));
    }
    let stored = positions(&owner, "conversation.updated").await;
    assert!(told == stored, "told from {:?} to {:?}, but not as stored", told.first(), told.last());
}

/// Where the journal has events of a type, oldest first.
async fn positions(owner: &Client, kind: &str) -> Vec<u64> {
    let (mut positions, mut after) = (Vec::new(), "0".to_owned());
    loop {
        let page = owner.get(&format!("/api/v1/events?limit=200&after={after}")).await.expect(200);
        let entries = page["items"].as_array().expect("items");
        let of_kind = entries.iter().filter(|entry| entry["event"]["type"] == kind);
        positions.extend(of_kind.map(|entry| entry["position"].as_u64().expect("a position")));
        match page["next"].as_str() {
            Some(next) => next.clone_into(&mut after),
            None => return positions,
        }
    }
}

#[tokio::test]
async fn readers_that_never_read_cost_little_and_are_closed_while_others_notice_nothing() {
    const READERS: usize = 100;
    let upstream = Upstream::start().await;
    let text = "x".repeat(4_000) + " ";
    upstream.script("long", Script::tokens(vec![text; 1_000]));
    let server = Server::builder()
        .provider("mock", &upstream, "long")
        .env("COLLOQUY_SERVER__WEBSOCKET__SLOW_SECONDS", "2")
        .start()
        .await;
    let owner = server.owner().await;
    let conversation = owner.conversation_with(&json!({ "model": "mock/long", "title": "Long" })).await;
    let channel = format!("conversation:{conversation}");
    // What one such answer takes with a single reader, readers that never read must not multiply.
    let mut attentive = owner.socket().await;
    attentive.subscribe(&channel, None).await;
    owner.send(&conversation, "Tell me everything").await;
    attentive.expect_type("run.completed").await;
    let (before, files_before) = (server.resident_bytes(), server.open_files());
    let mut readers = Vec::new();
    for _ in 0..READERS {
        let mut reader = RawSocket::open_with(&owner, Some(4_096)).await;
        reader.send_json(&json!({ "type": "subscribe", "id": "s", "channel": channel })).await;
        assert_eq!(reader.text().await["type"], "subscribed");
        readers.push(reader);
    }
    owner.send(&conversation, "And once more").await;
    let end = attentive.expect_type("run.completed").await;
    assert_eq!(end["finish_reason"], "stop");
    let grown = server.resident_bytes().saturating_sub(before);
    assert!(grown < READERS as u64 * 1024 * 1024, "{READERS} readers cost {grown} bytes");
    eventually("the end of every reader", || {
        std::future::ready((server.open_files() < files_before + READERS / 10).then_some(()))
    })
    .await;
    drop(readers);
}

#[tokio::test]
async fn whoever_reads_steadily_may_take_long_for_a_large_answer() {
    let upstream = Upstream::start().await;
    let text = "x".repeat(3_999) + " ";
    upstream.script("long", Script::tokens(vec![text; 1_000]));
    let server = Server::builder()
        .provider("mock", &upstream, "long")
        .env("COLLOQUY_SERVER__WEBSOCKET__SLOW_SECONDS", "2")
        .env("COLLOQUY_SERVER__WEBSOCKET__SEND_BUFFER_BYTES", "16384")
        .start()
        .await;
    let owner = server.owner().await;
    let conversation = owner.conversation_with(&json!({ "model": "mock/long", "title": "Long" })).await;
    let exchange = owner.send(&conversation, "Tell me everything").await;
    let stored = owner.finished(self::text(&exchange["reply"]["id"])).await;
    let channel = format!("run:{}", self::text(&exchange["run"]["id"]));
    let mut socket = RawSocket::open_with(&owner, Some(4_096)).await;
    socket.send_json(&json!({ "type": "subscribe", "id": "s", "channel": channel })).await;
    assert_eq!(socket.text().await["type"], "subscribed");
    let started = std::time::Instant::now();
    // Some kilobytes arrive at a time: four megabytes take several seconds.
    let pause = std::time::Duration::from_millis(5);
    let snapshot = socket.next_slowly(pause).await.expect("a snapshot, not the end of the connection").json();
    assert!(started.elapsed().as_secs() >= 2, "the line was not slow enough to try anything");
    assert_eq!(snapshot["state"]["parts"], stored["parts"]);
    let end = socket.next_slowly(pause).await.expect("the end of the run").json();
    assert_eq!(end["type"], "run.completed");
}

#[tokio::test]
async fn a_reader_that_is_too_slow_is_told_so_with_4001() {
    let server = Server::builder()
        .env("COLLOQUY_SERVER__WEBSOCKET__SLOW_SECONDS", "6")
        .env("COLLOQUY_SERVER__WEBSOCKET__SEND_BUFFER_BYTES", "16384")
        .start()
        .await;
    // Answers that nobody reads fill the way to the client, and then questions the way to the server: sending goes on
    // when the server has given up. They repeat the names of the questions: together 640 kB, several times what waits
    // on the way, however it is packed.
    let mut socket = RawSocket::open_with(&server.owner().await, Some(4_096)).await;
    let long = json!({ "type": "ping", "id": "?".repeat(120), "padding": "a".repeat(880) }).to_string();
    let questions = frame(head::TEXT, long.as_bytes()).repeat(4_000);
    let _ = socket.try_write(&questions).await;
    assert_eq!(socket.closed().await, ("too_slow".to_owned(), 4001));
}
