//! The form of answers: as few fields, as few bytes and as seldom as the client likes.

use std::io::Read as _;

use reqwest::Method;
use serde_json::{Value, json};

use super::{id, items, messages_of, say};
use crate::harness::{Answer, Client, Server};

#[tokio::test]
async fn an_answer_has_the_fields_that_were_asked_for_and_no_other() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let conversation = owner.conversation_with(&json!({ "title": "Sparse" })).await;
    let message = say(&owner, &conversation, "Hello").await;
    let names =
        |value: &Value| -> Vec<String> { value.as_object().expect("an object").keys().cloned().collect() };
    let list = owner.get("/api/v1/conversations?fields=updated_at,id,title").await.expect(200);
    assert_eq!(names(&items(&list)[0]), ["updated_at", "id", "title"]);
    assert_eq!(names(&list), ["items", "next"]);
    let path = format!("/api/v1/conversations/{conversation}");
    let one = owner.get(&format!("{path}?fields=title")).await;
    assert_eq!(one.header("etag"), owner.get(&path).await.header("etag"), "the tag is the resource's");
    assert_eq!(one.expect(200), json!({ "title": "Sparse" }));
    let messages =
        owner.get(&format!("{}?fields=id,sibling_ids", messages_of(&conversation))).await.expect(200);
    assert_eq!(items(&messages)[0], json!({ "id": message, "sibling_ids": [message] }));
    let detail =
        owner.get(&format!("/api/v1/messages/{message}?fields=id,effective_request")).await.expect(200);
    assert_eq!(detail, json!({ "id": message, "effective_request": null }));
    for (path, field) in [
        ("/api/v1/me", "email"),
        ("/api/v1/models", "id"),
        ("/api/v1/api-keys", "prefix"),
        ("/api/v1/users", "role"),
    ] {
        let answer = owner.in_browser().get(&format!("{path}?fields={field}")).await.expect(200);
        let first = if answer["items"].is_array() { &items(&answer)[0] } else { &answer };
        assert_eq!(names(first), [field], "{path}");
    }
}

#[tokio::test]
async fn what_a_client_has_already_is_not_sent_again() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let conversation = owner.conversation().await;
    let message = say(&owner, &conversation, "Hello").await;
    for (path, body) in [
        (format!("/api/v1/conversations/{conversation}"), json!({ "title": "Changed" })),
        (format!("/api/v1/messages/{message}"), json!({ "text": "Changed" })),
    ] {
        let ask = async |tag: &str| {
            Answer::of(owner.request(Method::GET, &path).header("if-none-match", tag)).await
        };
        let tag = owner.get(&path).await.header("etag").to_owned();
        assert!(tag.starts_with('"') && tag.ends_with('"'), "strong: {tag}");
        for known in [tag.clone(), format!("W/{tag}"), format!("\"99\", {tag}"), "*".to_owned()] {
            let answer = ask(&known).await;
            assert_eq!(
                (answer.status, answer.bytes.len(), answer.header("etag")),
                (304, 0, tag.as_str()),
                "{known}"
            );
        }
        for other in ["\"99\"", "\"\"", "nonsense", tag.trim_matches('"')] {
            assert_eq!(ask(other).await.status, 200, "{other}");
        }
        let changed = owner.patch(&path, &body).await;
        assert_ne!(changed.header("etag"), tag);
        let answer = ask(&tag).await;
        assert_eq!((answer.status, answer.header("etag")), (200, changed.header("etag")));
    }
}

#[tokio::test]
async fn large_answers_are_compressed_as_the_client_likes_and_small_ones_not() {
    let server = Server::start().await;
    let owner = server.owner().await;
    for number in 0..20 {
        owner.conversation_with(&json!({ "title": format!("Number {number}") })).await;
    }
    let ask = async |path: &str, accepted: &str| {
        Answer::of(owner.request(Method::GET, path).header("accept-encoding", accepted)).await
    };
    let plain = ask("/api/v1/conversations", "identity").await;
    assert!(plain.bytes.len() > 1024);
    for (accepted, expected) in [
        ("gzip", "gzip"),
        ("br", "br"),
        ("zstd", "zstd"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip;q=1.0, br;q=0.5, zstd;q=0.1", "gzip"),
        ("gzip;q=0, br", "br"),
        ("GZIP", "gzip"),
        ("*", "zstd"),
        ("*;q=0", ""),
        ("deflate", ""),
        ("identity", ""),
        ("", ""),
        ("gzip;q=nonsense", ""),
    ] {
        let answer = ask("/api/v1/conversations", accepted).await;
        assert_eq!(answer.header("content-encoding"), expected, "{accepted:?}");
        assert!(answer.header("vary").to_lowercase().contains("accept-encoding"), "{accepted:?}");
        assert_eq!(answer.bytes.len() < plain.bytes.len(), !expected.is_empty(), "{accepted:?}");
        assert_eq!(expand(expected, &answer.bytes), plain.bytes, "{accepted:?}");
    }
    let small = ask("/api/v1/me", "gzip, br, zstd").await;
    assert!(small.bytes.len() < 1024);
    assert_eq!(small.header("content-encoding"), "");
    let problem = ask("/api/v1/conversations?limit=0", "gzip").await;
    problem.expect_problem(422, "invalid_input");
}

fn expand(coding: &str, bytes: &[u8]) -> Vec<u8> {
    let mut expanded = Vec::new();
    match coding {
        "gzip" => flate2::read::GzDecoder::new(bytes).read_to_end(&mut expanded).map(drop),
        "br" => brotli::Decompressor::new(bytes, 4096).read_to_end(&mut expanded).map(drop),
        "zstd" => zstd::stream::copy_decode(bytes, &mut expanded),
        _ => {
            expanded.extend(bytes);
            Ok(())
        }
    }
    .expect("what was announced");
    expanded
}

#[tokio::test]
async fn a_stream_is_never_compressed_so_that_nothing_is_held_back() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let conversation = owner.conversation().await;
    let request = owner.request(Method::POST, &messages_of(&conversation)).json(&json!({ "text": "Hello" }));
    let answer =
        Answer::of(request.header("accept", "text/event-stream").header("accept-encoding", "gzip, br, zstd"))
            .await;
    assert_eq!((answer.status, answer.header("content-encoding")), (201, ""));
    assert!(answer.header("content-type").starts_with("text/event-stream"));
    assert_eq!(answer.header("x-accel-buffering"), "no");
    assert!(String::from_utf8_lossy(&answer.bytes).contains("run.completed"));
}

#[tokio::test]
async fn what_was_created_says_where_it_is_and_which_version() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let follow = async |client: &Client, answer: &Answer| {
        let location = answer.header("location").to_owned();
        assert!(location.starts_with("/api/v1/"), "{answer:?}");
        client.get(&location).await.expect(200)
    };
    let created = owner.post("/api/v1/conversations", &json!({ "title": "Here" })).await;
    assert_eq!(created.status, 201);
    assert_eq!(follow(&owner, &created).await, created.json());
    assert_eq!(created.header("etag"), "\"1\"");
    let conversation = id(&created.json()).to_owned();
    let sent = owner.post(&messages_of(&conversation), &json!({ "text": "Hi", "reply": false })).await;
    assert_eq!(id(&follow(&owner, &sent).await), id(&sent.json()["message"]));
    let message = id(&sent.json()["message"]).to_owned();
    let fork = owner
        .post(&format!("/api/v1/conversations/{conversation}/fork"), &json!({ "message_id": message }))
        .await;
    assert_eq!(id(&follow(&owner, &fork).await), id(&fork.json()));
    assert_eq!(fork.header("etag"), format!("\"{}\"", follow(&owner, &fork).await["version"]));
}
