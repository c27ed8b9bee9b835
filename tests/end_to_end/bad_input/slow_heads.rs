//! Heads of requests that never end, on a connection that has been of use before.

use std::time::{Duration, Instant};

use serde_json::json;

use super::assert_alive;
use crate::harness::{DEADLINE, RawHttp, RawSocket, Server, raw::head, raw::question};

/// The beginning of a head.
const BEGINNING: &[u8] = b"GET /health/live HTTP/1.1\r\nhost: ";

async fn impatient(keep_alive: &str) -> Server {
    Server::builder()
        .env("COLLOQUY_SERVER__HEADER_TIMEOUT_MS", "500")
        .env("COLLOQUY_SERVER__KEEP_ALIVE_SECONDS", keep_alive)
        .start()
        .await
}

fn whole(server: &Server) -> Vec<u8> {
    format!("GET /health/live HTTP/1.1\r\nhost: {}\r\n\r\n", server.address()).into_bytes()
}

#[tokio::test]
async fn the_head_of_a_later_request_has_to_come_in_time_too() {
    let server = impatient("3600").await;
    let mut connection = RawHttp::connect(server.address()).await;
    for _ in 0..3 {
        connection.write(&whole(&server)).await;
        assert_eq!(connection.answer().await.expect("an answer").status, 200);
    }
    let started = Instant::now();
    connection.write(BEGINNING).await;
    connection.closed().await;
    assert!(started.elapsed() >= Duration::from_millis(400), "it has the time that it may take");
    assert_alive(&server.owner().await).await;
}

#[tokio::test]
async fn a_head_that_drips_buys_no_time() {
    let server = impatient("3600").await;
    let mut connection = RawHttp::connect(server.address()).await;
    connection.write(&whole(&server)).await;
    assert_eq!(connection.answer().await.expect("an answer").status, 200);
    let started = Instant::now();
    connection.write(b"GET /health/live HTTP/1.1\r\nx-drip: ").await;
    while connection.write(b"a").await {
        assert!(started.elapsed() < DEADLINE, "the connection is still there");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn the_beginning_of_a_head_behind_a_whole_request_ends_with_the_keep_alive_at_the_latest() {
    let server = impatient("1").await;
    for requests in [1, 2, 5] {
        let mut connection = RawHttp::connect(server.address()).await;
        let bytes = [whole(&server).repeat(requests), BEGINNING.to_vec()].concat();
        connection.write(&bytes).await;
        for _ in 0..requests {
            assert_eq!(connection.answer().await.expect("an answer to each").status, 200);
        }
        connection.closed().await;
    }
}

#[tokio::test]
async fn a_connection_that_is_of_use_outlives_every_time_limit_of_heads() {
    let server = impatient("2").await;
    let owner = server.owner().await;
    let mut socket = RawSocket::open(&owner).await;
    let mut events = owner.events("/api/v1/events", None).await;
    let mut connection = RawHttp::connect(server.address()).await;
    let started = Instant::now();
    // A request now and then, for longer than the keep-alive and the time for a head together.
    while started.elapsed() < Duration::from_secs(4) {
        connection.write(&whole(&server)).await;
        assert_eq!(connection.answer().await.expect("the connection is kept").status, 200);
        tokio::time::sleep(Duration::from_millis(600)).await;
    }
    socket.send(head::TEXT, question("still here").as_bytes()).await;
    socket.expect_pong("still here").await;
    owner.post("/api/v1/conversations", &json!({ "title": "News" })).await.expect(201);
    assert!(events.next().await.is_some(), "the stream goes on");
}
