//! SIGTERM: first no longer ready, then quiet, then gone; and no answer is lost on the way.

use std::time::Duration;

use futures_util::future::join_all;
use rustix::process::Signal;
use serde_json::{Value, json};
use testing::mail_sink::MailSink;
use testing::upstream::{Script, Step, Upstream};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::harness::raw::UPGRADE;
use crate::harness::{Client, DEADLINE, OWNER_EMAIL, RawSocket, Server, ServerBuilder, Socket, eventually};

/// A server whose model sends "one ", and then each further token when the test releases it; and a socket that follows
/// the answer to a question.
async fn streaming(drain_ms: &str, script: Script) -> (Upstream, Server, Client, Socket, Value) {
    let upstream = Upstream::start().await;
    upstream.script("model", script);
    let builder = Server::builder()
        .provider("mock", &upstream, "model")
        .env("COLLOQUY_APPLICATION__COALESCE_MS", "1")
        .env("COLLOQUY_APPLICATION__TITLES", "false")
        .env("COLLOQUY_APPLICATION__DRAIN_MS", drain_ms);
    let server = builder.start().await;
    let owner = server.owner().await;
    let conversation = owner.conversation_with(&json!({ "model": "mock/model", "title": "Fixed" })).await;
    let mut socket = owner.socket().await;
    socket.subscribe(&format!("conversation:{conversation}"), None).await;
    let exchange = owner.send(&conversation, "Count").await;
    assert_eq!(socket.expect_type("delta").await["text"], "one ");
    (upstream, server, owner, socket, exchange)
}

fn released_after_one() -> Script {
    let text = |text: &str| Step::Text(text.to_owned());
    Script::steps(vec![
        text("one "),
        Step::Gate,
        text("two "),
        Step::Gate,
        text("three"),
        Step::Finish("stop"),
        Step::Done,
    ])
}

#[tokio::test]
async fn readiness_goes_first_and_a_running_answer_completes_within_the_drain_time() {
    let (upstream, mut server, owner, mut socket, exchange) = streaming("30000", released_after_one()).await;
    server.signal(Signal::TERM);
    let anonymous = server.anonymous();
    eventually("no readiness", || async {
        (anonymous.get("/health/ready").await.status == 503).then_some(())
    })
    .await;
    let unready = anonymous.get("/health/ready").await;
    assert!(!unready.header("retry-after").is_empty(), "{unready:?}");
    assert_eq!(anonymous.get("/health/live").await.status, 200, "it lives while it drains");
    upstream.release(1);
    assert_eq!(socket.expect_type("delta").await["text"], "two ");
    let reply = exchange["reply"]["id"].as_str().expect("an id");
    let meanwhile = owner.get(&format!("/api/v1/messages/{reply}")).await.expect(200);
    assert_ne!(meanwhile["status"], "complete", "others are served meanwhile");
    upstream.release(1);
    assert_eq!(socket.expect_type("run.completed").await["finish_reason"], "stop");
    assert_eq!(socket.closed().await, 1012);

    let stopped = server.stopped().await;
    assert_eq!(stopped.status.code(), Some(0));
    let server = stopped.start().await;
    let stored = owner.at(server.address()).get(&format!("/api/v1/messages/{reply}")).await.expect(200);
    assert_eq!(
        (&stored["status"], &stored["parts"][0]["text"]),
        (&json!("complete"), &json!("one two three"))
    );
}

#[tokio::test]
async fn an_answer_that_takes_longer_is_kept_as_interrupted_and_its_readers_are_told() {
    let hangs = Script::steps(vec![Step::Text("one ".to_owned()), Step::Hang]);
    let (_upstream, server, owner, mut socket, exchange) = streaming("200", hangs).await;
    let run = exchange["run"]["id"].as_str().expect("an id");
    let mut events = owner.events(&format!("/api/v1/runs/{run}/events"), None).await;
    let stopping = server.terminate();
    let reading = async {
        let end = socket.expect_type("run.interrupted").await;
        (end, socket.closed().await)
    };
    let following = async {
        let mut last = None;
        while let Some(event) = events.next().await {
            last = Some(event.event);
        }
        last
    };
    let (stopped, (end, code), last) = tokio::join!(stopping, reading, following);
    assert_eq!(stopped.status.code(), Some(0));
    assert_eq!((&end["type"], code), (&json!("run.interrupted"), 1012));
    assert_eq!(last.as_deref(), Some("run.interrupted"));

    let server = stopped.start().await;
    let owner = owner.at(server.address());
    let reply = exchange["reply"]["id"].as_str().expect("an id");
    let stored = owner.get(&format!("/api/v1/messages/{reply}")).await.expect(200);
    assert_eq!((&stored["status"], &stored["parts"][0]["text"]), (&json!("interrupted"), &json!("one ")));
}

#[tokio::test]
async fn whoever_is_connected_without_a_word_does_not_hold_the_server_up() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let journal = owner.events("/api/v1/events", None).await;
    assert_eq!(journal.status, 200);
    let mut sockets = Vec::new();
    for _ in 0..5 {
        sockets.push(owner.socket().await);
    }
    // A connection that never says anything, one in the middle of a head, one in the middle of a body, and a socket
    // that does not answer the good-bye.
    let silent = RawSocket::connect(server.address(), None).await;
    let mut half_a_head = RawSocket::connect(server.address(), None).await;
    half_a_head.write(b"GET /health/live HTTP/1.1\r\nhost: ").await;
    let mut half_a_body = RawSocket::connect(server.address(), None).await;
    let length = ("content-length", "1000");
    let head =
        half_a_body.request("POST", "/api/v1/auth/login", &[("content-type", "application/json"), length]);
    half_a_body.write(&[head, b"{".to_vec()].concat()).await;
    let deaf = RawSocket::open(&owner).await;

    let started = std::time::Instant::now();
    let stopped = server.terminate().await;
    assert_eq!(stopped.status.code(), Some(0));
    assert!(started.elapsed() < DEADLINE, "the contract: gone within 30 s");
    for mut socket in sockets {
        let error = socket.expect_type("error").await;
        assert_eq!(error["problem"]["type"], "/problems/restarting");
        assert_eq!(socket.closed().await, 1012);
    }
    drop((journal, silent, half_a_head, half_a_body, deaf));
}

#[tokio::test]
async fn clients_that_come_back_at_once_are_sent_away_and_do_not_hold_the_server_up() {
    let mut server = Server::start().await;
    let owner = server.owner().await;
    let (address, key, before) = (server.address(), owner.key().to_owned(), server.open_files());
    let readers = join_all((0..20).map(|number| come_back(address, &key, number % 2 == 0)));
    let stopping = async {
        // Every reader is connected before the server is told to stop.
        eventually("readers", || std::future::ready((server.open_files() >= before + 20).then_some(())))
            .await;
        let started = std::time::Instant::now();
        server.signal(Signal::TERM);
        (server.stopped().await, started.elapsed())
    };
    let (answers, (stopped, elapsed)) = tokio::join!(readers, stopping);
    assert_eq!(stopped.status.code(), Some(0));
    assert!(elapsed < Duration::from_secs(8), "it took {elapsed:?}");
    for (status, retry_after) in answers.into_iter().flatten() {
        assert!(status == 101 || status == 200 || (status == 503 && retry_after), "{status}");
    }
}

/// Opens a socket or an event stream, reads it to its end, and comes back at once until nobody is there any more: the
/// status of each answer, and whether it said when to come back.
async fn come_back(address: std::net::SocketAddr, key: &str, is_socket: bool) -> Vec<(u16, bool)> {
    let path = if is_socket { "/api/v1/ws" } else { "/api/v1/events" };
    let mut head = format!(
        "GET {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {key}\r\naccept: text/event-stream\r\n"
    );
    if is_socket {
        head.extend(UPGRADE.iter().map(|(name, value)| format!("{name}: {value}\r\n")));
    }
    head.push_str("\r\n");
    let mut answers = Vec::new();
    while let Ok(mut stream) = TcpStream::connect(address).await {
        let mut answer = Vec::new();
        if stream.write_all(head.as_bytes()).await.is_err() {
            continue;
        }
        let reading = stream.read_to_end(&mut answer);
        let _ = tokio::time::timeout(DEADLINE, reading).await.expect("the server ends what it began");
        let answer = String::from_utf8_lossy(&answer).to_ascii_lowercase();
        if let Some(status) = answer.split(' ').nth(1).and_then(|status| status.parse().ok()) {
            answers.push((status, answer.contains("retry-after: ")));
        }
    }
    answers
}

/// A server whose owner has just asked for a new password.
async fn with_a_mail_on_its_way(builder: ServerBuilder) -> Server {
    let server = builder.start().await;
    let body = json!({ "email": OWNER_EMAIL });
    server.anonymous().post("/api/v1/auth/forgot-password", &body).await.expect(202);
    server
}

#[tokio::test]
async fn mails_on_their_way_are_sent_before_the_server_is_gone() {
    let sink = MailSink::start().await;
    sink.refuse(&["451 come back later", "451 come back later"]);
    let server = with_a_mail_on_its_way(Server::builder().mail(&sink)).await;
    eventually("two attempts", || {
        std::future::ready((server.log().matches("will be tried again").count() == 2).then_some(()))
    })
    .await;
    let stopped = server.terminate().await;
    assert_eq!((stopped.status.code(), sink.count()), (Some(0), 1));
}

#[tokio::test]
async fn a_mail_server_that_says_nothing_does_not_hold_the_server_up() {
    let mute = TcpListener::bind("127.0.0.1:0").await.expect("a port of loopback");
    let port = mute.local_addr().expect("an address").port().to_string();
    let builder = Server::builder()
        .mail(&MailSink::start().await)
        .env("COLLOQUY_MAIL__PORT", &port)
        .env("COLLOQUY_APPLICATION__DRAIN_MS", "200");
    let server = with_a_mail_on_its_way(builder).await;
    let (_connection, _) = mute.accept().await.expect("the server connects");
    let started = std::time::Instant::now();
    let stopped = server.terminate().await;
    assert_eq!(stopped.status.code(), Some(0));
    assert!(started.elapsed() < Duration::from_secs(15), "{:?}", started.elapsed());
    let log = std::fs::read_to_string(stopped.folder().join("stderr")).expect("a log");
    assert!(log.contains("a mail was given up") && log.contains("Choose a new password"), "{log}");
}

#[tokio::test]
async fn a_second_signal_ends_the_process_at_once_and_the_next_start_cleans_up() {
    let hangs = Script::steps(vec![Step::Text("one ".to_owned()), Step::Hang]);
    let (_upstream, mut server, owner, _socket, exchange) = streaming("60000", hangs).await;
    server.signal(Signal::TERM);
    let anonymous = server.anonymous();
    eventually("no readiness", || async {
        (anonymous.get("/health/ready").await.status == 503).then_some(())
    })
    .await;
    server.signal(Signal::INT);
    let stopped = tokio::time::timeout(Duration::from_secs(20), server.stopped()).await.expect("at once");
    assert_ne!(stopped.status.code(), Some(0), "it did not end in order");
    let server = stopped.start().await;
    let reply = exchange["reply"]["id"].as_str().expect("an id");
    let stored = owner.at(server.address()).ended_for(reply).await;
    assert_eq!(stored["status"], "interrupted");
}
