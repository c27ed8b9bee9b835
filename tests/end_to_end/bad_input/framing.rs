//! Requests that break HTTP itself, lie about their length, or never end.

use serde_json::json;

use super::{assert_alive, post_raw};
use crate::harness::{Client, RawHttp, Server};

/// The head of a POST, up to the headers that the test is about.
fn head(owner: &Client) -> String {
    format!(
        "POST /api/v1/conversations HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\n",
        owner.address(),
        owner.key()
    )
}

/// A request that must never be carried out: it stands where a body should end.
fn smuggled(owner: &Client) -> String {
    let body = r#"{"title":"smuggled"}"#;
    format!("{}content-length: {}\r\n\r\n{body}", head(owner), body.len())
}

#[tokio::test]
async fn a_body_that_declares_too_much_is_refused_before_it_is_sent() {
    let server = Server::start().await;
    let owner = server.owner().await;
    for length in ["1048577", "2147483648", "18446744073709551615"] {
        let mut connection = RawHttp::connect(owner.address()).await;
        connection.write(format!("{}content-length: {length}\r\n\r\n", head(&owner)).as_bytes()).await;
        let answer = connection.answer().await.expect("an answer");
        assert_eq!(answer.status, 413, "{length}: {answer:?}");
        answer.expect_problem(413, "body_too_large");
        connection.write(smuggled(&owner).as_bytes()).await;
        assert!(connection.answer().await.is_none(), "what follows is not read as a request");
    }
    for length in ["18446744073709551616", "-1", "+1", "1 1", "0x10", "1,1", ""] {
        let request = format!("{}content-length: {length}\r\n\r\n", head(&owner));
        if let Some(answer) = RawHttp::ask(owner.address(), request.as_bytes()).await {
            assert!([400, 413].contains(&answer.status), "{length:?}: {answer:?}");
        }
    }
    assert_eq!(owner.get("/api/v1/conversations").await.expect(200)["items"], json!([]));
    assert_alive(&owner).await;
}

#[tokio::test]
async fn a_body_that_grows_beyond_the_limit_is_refused_while_it_comes() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let mut connection = RawHttp::connect(owner.address()).await;
    connection.write(format!("{}transfer-encoding: chunked\r\n\r\n", head(&owner)).as_bytes()).await;
    let chunk = format!("{:x}\r\n{}\r\n", 64 * 1024, "a".repeat(64 * 1024));
    for _ in 0..17 {
        connection.write(chunk.as_bytes()).await;
    }
    connection.answer().await.expect("an answer").expect_problem(413, "body_too_large");
    connection.write(smuggled(&owner).as_bytes()).await;
    connection.closed().await;
    assert_eq!(owner.get("/api/v1/conversations").await.expect(200)["items"], json!([]));
    assert_alive(&owner).await;
}

#[tokio::test]
async fn a_refused_request_leaves_its_connection_to_the_next_one() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let mut connection = RawHttp::connect(owner.address()).await;
    for body in ["{", r#"{"title":7}"#, r#"{"surprise":true}"#, r#"{"title":"a"}"#] {
        let request = format!("{}content-length: {}\r\n\r\n{body}", head(&owner), body.len());
        connection.write(request.as_bytes()).await;
        let status = connection.answer().await.expect("an answer").status;
        assert!([400, 422, 201].contains(&status), "{body}: {status}");
    }
    let both = smuggled(&owner).repeat(2);
    connection.write(both.as_bytes()).await;
    for _ in 0..2 {
        assert_eq!(connection.answer().await.expect("an answer to each").status, 201);
    }
}

#[tokio::test]
async fn a_length_that_can_be_understood_in_two_ways_is_refused() {
    let server = Server::start().await;
    let owner = server.owner().await;
    for lengths in [
        "content-length: 2\r\ncontent-length: 5\r\n",
        "content-length: 5\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: chunked\r\ncontent-length: 5\r\n",
        "transfer-encoding: gzip, chunked\r\n",
        "transfer-encoding: chunked, identity\r\n",
        "transfer-encoding: identity\r\n",
        "transfer-encoding: xchunked\r\n",
        "transfer-encoding:\x0bchunked\r\n",
        "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n",
    ] {
        let request = format!("{}{lengths}\r\n0\r\n\r\n{}", head(&owner), smuggled(&owner));
        let mut connection = RawHttp::connect(owner.address()).await;
        connection.write(request.as_bytes()).await;
        if let Some(answer) = connection.answer().await {
            assert!((400..502).contains(&answer.status), "{lengths:?}: {answer:?}");
        }
        connection.closed().await;
    }
    let titles = owner.get("/api/v1/conversations?q=smuggled").await.expect(200);
    assert_eq!(titles["items"], json!([]), "no request was smuggled in");
    assert_alive(&owner).await;
}

#[tokio::test]
async fn what_is_no_http_at_all_is_refused_and_the_server_goes_on() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let endless_line = format!("GET /{} HTTP/1.1\r\n", "a".repeat(300_000));
    let endless_headers = format!("GET / HTTP/1.1\r\n{}", "x-a: b\r\n".repeat(50_000));
    let requests: [&[u8]; 10] = [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"\0\0\0\0\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/3.7\r\n\r\n",
        b"GET\r\n\r\n",
        b"hello\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET \xff\xfe HTTP/1.1\r\nhost: a\r\n\r\n",
        endless_line.as_bytes(),
        endless_headers.as_bytes(),
    ];
    for request in requests {
        let mut connection = RawHttp::connect(owner.address()).await;
        connection.write(request).await;
        if let Some(answer) = connection.answer().await {
            assert!((400..506).contains(&answer.status) && answer.status != 500, "{answer:?}");
        }
        assert_alive(&owner).await;
    }
}

#[tokio::test]
async fn whoever_dawdles_is_timed_out_and_holds_nobody_up() {
    let server = Server::builder()
        .env("COLLOQUY_SERVER__HEADER_TIMEOUT_MS", "500")
        .env("COLLOQUY_SERVER__BODY_TIMEOUT_MS", "500")
        .start()
        .await;
    let owner = server.owner().await;
    let mut in_the_head = RawHttp::connect(owner.address()).await;
    in_the_head.write(b"GET /api/v1/me HTTP/1.1\r\nhost: loc").await;
    let mut in_the_body = RawHttp::connect(owner.address()).await;
    in_the_body.write(format!("{}content-length: 20\r\n\r\n{{\"title\"", head(&owner)).as_bytes()).await;
    let mut in_a_chunk = RawHttp::connect(owner.address()).await;
    in_a_chunk
        .write(format!("{}transfer-encoding: chunked\r\n\r\n5\r\n{{\"ti", head(&owner)).as_bytes())
        .await;
    assert_alive(&owner).await;
    for mut connection in [in_the_body, in_a_chunk] {
        connection.answer().await.expect("an answer").expect_problem(408, "body_timeout");
        connection.closed().await;
    }
    if let Some(answer) = in_the_head.answer().await {
        assert_eq!(answer.status, 408, "{answer:?}");
    }
    in_the_head.closed().await;
    assert_eq!(owner.get("/api/v1/conversations").await.expect(200)["items"], json!([]));
}

#[tokio::test]
async fn a_body_that_breaks_off_has_no_effect() {
    let server = Server::start().await;
    let owner = server.owner().await;
    for cut in [
        "content-length: 20\r\n\r\n{\"title\":\"half\"}",
        "transfer-encoding: chunked\r\n\r\n10\r\n{\"title\":\"half\"}",
    ] {
        let mut connection = RawHttp::connect(owner.address()).await;
        connection.write(format!("{}{cut}", head(&owner)).as_bytes()).await;
        drop(connection);
    }
    post_raw(&owner, "/api/v1/conversations", "application/json", r#"{"title":"whole"}"#).await.expect(201);
    let titles = owner.get("/api/v1/conversations?fields=title").await.expect(200);
    assert_eq!(titles["items"], json!([{ "title": "whole" }]));
}
