//! Class 16, for every route with a body: too large, compressed, too deep, doubled, of the wrong kind. And every command
//! whose attempts can be named takes a name for one attempt only.

use reqwest::Method;
use serde_json::{Value, json};

use super::document::{Documents, Operation};
use super::world::{NOTHING, hospitable};
use crate::harness::{Answer, Client, OWNER_EMAIL, OWNER_PASSWORD, RawSocket, new_id, raw::head};

async fn raw(client: &Client, operation: &Operation, kind: &str, body: Vec<u8>) -> Answer {
    let path = operation.path_with(|_| NOTHING.to_owned());
    let request = client.request(operation.method.clone(), &path).header("content-type", kind).body(body);
    Answer::of(request).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_body_is_bounded_and_of_one_kind() {
    let server = hospitable().start().await;
    let client = server.anonymous().sign_in(OWNER_EMAIL, OWNER_PASSWORD).await;
    let documents = Documents::of(&client).await;
    for operation in documents.operations().iter().filter(|operation| operation.body.is_some()) {
        let what = |answer: &Answer| format!("{} {}: {answer:?}", operation.method, operation.path);
        if operation.name != "completion.create" {
            let large = format!("{{\"a\":\"{}\"}}", "a".repeat(1_100_000));
            let answer = raw(&client, operation, "application/json", large.into_bytes()).await;
            assert_eq!(answer.status, 413, "{}", what(&answer));
        }
        // Of whoever has not proved who they are, less is taken.
        let longer = format!("{{\"a\":\"{}\"}}", "a".repeat(66_000));
        let answer = raw(&client, operation, "application/json", longer.into_bytes()).await;
        assert_eq!(answer.status == 413, !operation.is_for_people, "{}", what(&answer));
        let deep = format!("{}{}", "{\"a\":".repeat(5_000), "1");
        for (kind, body, expected) in [
            ("application/json", deep.into_bytes(), &[400, 422][..]),
            ("application/json", b"{\"a\":1,\"a\":2}".to_vec(), &[400, 422]),
            ("application/json", b"{\"a\":1e999999}".to_vec(), &[400, 422]),
            ("application/json", b"[]".to_vec(), &[400, 422]),
            ("application/json", b"\xff\xfe{}".to_vec(), &[400, 422]),
            ("application/json", b"{\"a\":\"\\ud800\"}".to_vec(), &[400, 422]),
            ("text/plain", b"{}".to_vec(), &[415]),
            ("application/x-www-form-urlencoded", b"a=b".to_vec(), &[415]),
        ] {
            let answer = raw(&client, operation, kind, body).await;
            assert!(expected.contains(&answer.status), "{kind}: {}", what(&answer));
        }
        let path = operation.path_with(|_| NOTHING.to_owned());
        let compressed = client.request(operation.method.clone(), &path).header("content-encoding", "gzip");
        let answer = Answer::of(compressed.header("content-type", "application/json").body("{}")).await;
        assert_eq!(answer.status, 415, "{}", what(&answer));
    }
    assert_eq!(client.get("/health/ready").await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_attempt_that_can_be_named_has_its_name_for_itself() {
    let server = hospitable().start().await;
    let client = server.owner().await;
    let documents = Documents::of(&client).await;
    let mut reused = 0;
    for operation in documents.operations().iter().filter(|operation| operation.takes_idempotency_key) {
        let path = operation.path_with(|_| NOTHING.to_owned());
        let ask = async |key: &str, body: Option<Value>| {
            let request = client.request(operation.method.clone(), &path).header("idempotency-key", key);
            Answer::of(match body {
                Some(body) => request.json(&body),
                None => request,
            })
            .await
        };
        let malformed = ask("not a key\u{e9}", None).await;
        assert_eq!(malformed.status, 400, "{} {path}: {malformed:?}", operation.method);
        let Some(schema) = &operation.body else { continue };
        if operation.name == "batch.run" {
            continue;
        }
        let (key, body) = (new_id(), documents.example(schema));
        let first = ask(&key, Some(body.clone())).await;
        if first.status >= 300 {
            continue;
        }
        let again = ask(&key, Some(body.clone())).await;
        assert_eq!((again.status, &again.bytes), (first.status, &first.bytes), "{} {path}", operation.method);
        let mut other = body;
        let name =
            ["name", "title", "text", "display_name"].into_iter().find(|name| other.get(*name).is_some());
        if let Some(name) = name {
            other[name] = json!("something else");
            assert_eq!(ask(&key, Some(other)).await.status, 422, "{} {path}", operation.method);
            reused += 1;
        }
    }
    assert!(reused >= 2, "only {reused} names were used for two attempts");
}

#[tokio::test]
async fn no_route_takes_methods_that_it_does_not_have() {
    let server = hospitable().start().await;
    let client = server.owner().await;
    let documents = Documents::of(&client).await;
    let operations = documents.operations();
    for operation in &operations {
        let path = operation.path_with(|_| NOTHING.to_owned());
        for method in ["TRACE", "PROPFIND", "PUT", "PATCH", "DELETE", "POST"] {
            let method = Method::from_bytes(method.as_bytes()).expect("a method");
            if operations.iter().any(|other| other.path == operation.path && other.method == method) {
                continue;
            }
            let answer = Answer::of(client.request(method.clone(), &path)).await;
            assert!(matches!(answer.status, 404 | 405 | 501), "{method} {path}: {answer:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_frame_is_bounded_and_of_one_kind() {
    let server = hospitable().start().await;
    let client = server.owner().await;
    let documents = Documents::of(&client).await;
    let limit = client.socket().await.welcome["limits"]["frame_bytes"].as_u64().expect("a limit");
    let limit = usize::try_from(limit).expect("a length");
    let mut tried = 0;
    for (kind, schema) in documents.frames() {
        let padded = |length: usize| {
            let frame = json!({ "type": kind, "padding": "" }).to_string();
            frame.replace("\"\"", &format!("\"{}\"", "a".repeat(length - frame.len())))
        };
        let mut socket = RawSocket::open(&client).await;
        socket.send(head::TEXT, padded(limit + 1).as_bytes()).await;
        assert_eq!(socket.closed().await.1, 1009, "{kind} is larger than {limit} bytes");
        let mut socket = RawSocket::open(&client).await;
        socket.send(head::TEXT, padded(limit).as_bytes()).await;
        // What is too large ends the connection at once; this is as large as may be.
        socket.send_json(&json!({ "type": "ping", "id": "after" })).await;
        if let Err((slug, code)) = answer_to(&mut socket, "after").await {
            assert_eq!(code / 1000, 4, "{kind} of {limit} bytes: {slug} {code}");
        }
        for wrong in [json!([[["a"]]]), json!({ "a": 1 }), json!(1e300), json!(-1), json!("x".repeat(60_000))]
        {
            for (field, _) in documents.properties(&schema).iter().filter(|(name, _)| *name != "type") {
                let mut frame = documents.example(&schema);
                frame[field.as_str()] = wrong.clone();
                let mut socket = RawSocket::open(&client).await;
                socket.send_json(&frame).await;
                socket.send_json(&json!({ "type": "ping", "id": "after" })).await;
                if let Err((slug, code)) = answer_to(&mut socket, "after").await {
                    assert_eq!(code / 1000, 4, "{kind} with {field} = {wrong:.40}: {slug} {code}");
                }
                tried += 1;
            }
        }
    }
    assert!(tried > 50, "only {tried} frames were tried");
    assert!(!server.log().contains("panicked"), "{}", server.log());
}

/// Reads up to the answer to a question; the slug and the code where the server closed before. No problem on the way is the
/// server's fault.
async fn answer_to(socket: &mut RawSocket, id: &str) -> Result<(), (String, u16)> {
    let mut slug = String::new();
    loop {
        let frame = socket.next().await.ok_or_else(|| (slug.clone(), 0))?;
        if frame.head == head::CLOSE {
            return Err((slug, frame.payload.first_chunk().map_or(0, |code| u16::from_be_bytes(*code))));
        }
        let frame = frame.json();
        if frame["reply_to"] == id && frame["type"] == "pong" {
            return Ok(());
        }
        if frame["type"] == "error" {
            assert!(frame["problem"]["status"].as_u64().is_some_and(|status| status < 500), "{frame}");
            frame["problem"]["type"].as_str().unwrap_or_default().clone_into(&mut slug);
        }
    }
}
