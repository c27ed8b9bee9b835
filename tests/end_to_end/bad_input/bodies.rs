//! Bodies that are not what they should be.

use reqwest::Method;
use serde_json::json;

use super::{NOTHING, assert_alive, assert_points_at, messages_of, post_raw};
use crate::harness::{Answer, Server};

const ALL: &str = "/api/v1/conversations";
const JSON: &str = "application/json";

#[tokio::test]
async fn what_two_readers_could_understand_differently_is_not_json_here() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let nested =
        |depth: usize| format!("{{\"title\":{}1{}}}", "[".repeat(depth), "]".repeat(depth)).into_bytes();
    let bodies: Vec<Vec<u8>> = vec![
        b"{".to_vec(),
        b"}".to_vec(),
        b" ".to_vec(),
        b"null".to_vec(),
        b"[]".to_vec(),
        b"\"title\"".to_vec(),
        b"{\"title\":\"a\"}{\"title\":\"b\"}".to_vec(),
        b"{\"title\":\"a\"} x".to_vec(),
        b"{\"title\":\"a\",}".to_vec(),
        b"{'title':'a'}".to_vec(),
        b"{\"title\":NaN}".to_vec(),
        b"{\"title\":1e999}".to_vec(),
        b"{\"title\":01}".to_vec(),
        b"{\"title\":\"a\",\"title\":\"b\"}".to_vec(),
        b"{\"title\":\"a\",\"\\u0074itle\":\"b\"}".to_vec(),
        b"{\"parameters\":{\"top_p\":1,\"top_p\":0}}".to_vec(),
        b"{\"title\":\"\\ud800\"}".to_vec(),
        b"{\"title\":\"\\udc00\\ud800\"}".to_vec(),
        b"{\"title\":\"a\xFF\"}".to_vec(),
        b"{\"title\":\"\xED\xA0\x80\"}".to_vec(),
        b"{\"title\":\"\xC0\x80\"}".to_vec(),
        b"{\"title\":\"a\nb\"}".to_vec(),
        b"\xEF\xBB\xBF{}".to_vec(),
        b"{\"title\":\"a\"}\0".to_vec(),
        "{\"title\":\"a\"}".encode_utf16().flat_map(u16::to_le_bytes).collect(),
        nested(65),
        nested(200),
        nested(200_000),
        "{\"a\":".repeat(100_000).into_bytes(),
    ];
    for body in bodies {
        let shown = String::from_utf8_lossy(&body).chars().take(60).collect::<String>();
        let answer = post_raw(&owner, ALL, JSON, body).await;
        assert_eq!(answer.status, 400, "{shown}: {answer:?}");
        answer.expect_problem(400, "malformed_json");
    }
    assert_eq!(owner.get(ALL).await.expect(200)["items"], json!([]), "nothing was created");
    assert_alive(&owner).await;
}

#[tokio::test]
async fn a_value_of_the_wrong_kind_or_size_is_refused_at_its_field() {
    let server = Server::start().await;
    let owner = server.owner().await;
    for (body, pointer) in [
        (r#"{"title":7}"#.to_owned(), "/title"),
        (r#"{"title":["a"]}"#.to_owned(), "/title"),
        (r#"{"title":"   "}"#.to_owned(), "/title"),
        (r#"{"title":"a\u0000b"}"#.to_owned(), "/title"),
        (r#"{"title":"a\r\nSet-Cookie: b"}"#.to_owned(), "/title"),
        (r#"{"title":"a\u001b[31m"}"#.to_owned(), "/title"),
        (r#"{"title":"a\u202Eb"}"#.to_owned(), "/title"),
        (format!(r#"{{"title":"{}"}}"#, "é".repeat(201)), "/title"),
        (r#"{"system_prompt":"a\u0000b"}"#.to_owned(), "/system_prompt"),
        (format!(r#"{{"system_prompt":"{}"}}"#, "a".repeat(32_769)), "/system_prompt"),
        (r#"{"model":"a b"}"#.to_owned(), "/model"),
        (r#"{"model":"../../etc/passwd"}"#.to_owned(), "/model"),
        (format!(r#"{{"model":"{}"}}"#, "a".repeat(201)), "/model"),
        (r#"{"parameters":[]}"#.to_owned(), "/parameters"),
        (r#"{"parameters":{"temperature":-0.1}}"#.to_owned(), "/parameters/temperature"),
        (r#"{"parameters":{"temperature":1e308}}"#.to_owned(), "/parameters/temperature"),
        (r#"{"parameters":{"temperature":"hot"}}"#.to_owned(), "/parameters/temperature"),
        (r#"{"parameters":{"max_output_tokens":0}}"#.to_owned(), "/parameters/max_output_tokens"),
        (r#"{"parameters":{"max_output_tokens":1.5}}"#.to_owned(), "/parameters/max_output_tokens"),
        (r#"{"parameters":{"max_output_tokens":-1}}"#.to_owned(), "/parameters/max_output_tokens"),
        (
            r#"{"parameters":{"max_output_tokens":123456789012345678901234567890}}"#.to_owned(),
            "/parameters/max_output_tokens",
        ),
        (r#"{"ti~tle/x":1}"#.to_owned(), "/ti~0tle~1x"),
        (r#"{"":1}"#.to_owned(), "/"),
    ] {
        let answer = post_raw(&owner, ALL, JSON, body.clone()).await;
        assert_eq!(answer.status, 422, "{body:.80}: {answer:?}");
        assert_points_at(answer, pointer);
    }
    assert_eq!(owner.get(ALL).await.expect(200)["items"], json!([]), "nothing was created");
}

#[tokio::test]
async fn nobody_assigns_what_the_server_decides() {
    let server = Server::start().await;
    let owner = server.owner().await.in_browser();
    let conversation = owner.conversation().await;
    let key = owner.post("/api/v1/api-keys", &json!({ "name": "k" })).await.expect(201);
    assert!(key["id"].is_string());
    let reserved = [
        "id",
        "owner_id",
        "workspace_id",
        "version",
        "message_count",
        "created_at",
        "title_origin",
        "forked_from",
    ];
    for field in reserved {
        let pointer = format!("/{field}");
        assert_points_at(owner.post(ALL, &json!({ (field): NOTHING })).await, &pointer);
        assert_points_at(
            owner.patch(&format!("{ALL}/{conversation}"), &json!({ (field): NOTHING })).await,
            &pointer,
        );
    }
    for field in ["id", "role", "status", "model_name", "usage", "created_at", "version", "expected_version"]
    {
        let body = json!({ "text": "a", "reply": false, (field): "user" });
        assert_points_at(owner.post(&messages_of(&conversation), &body).await, &format!("/{field}"));
    }
    for field in ["id", "user_id", "workspace_id", "key", "prefix", "key_hash"] {
        let body = json!({ "name": "k", (field): "clq_mine" });
        assert_points_at(owner.post("/api/v1/api-keys", &body).await, &format!("/{field}"));
    }
}

#[tokio::test]
async fn only_json_in_utf8_is_taken_and_nothing_compressed() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let body = r#"{"title":"a"}"#;
    for media_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=latin1",
        "application/json, text/plain",
        "application/jsonp",
        "application/xml",
        "json",
    ] {
        post_raw(&owner, ALL, media_type, body).await.expect_problem(415, "media_type");
    }
    Answer::of(owner.request(Method::POST, ALL).body(body)).await.expect_problem(415, "media_type");
    for media_type in
        ["application/json", "Application/JSON; charset=UTF-8", "application/json;charset=\"utf-8\""]
    {
        post_raw(&owner, ALL, media_type, body).await.expect(201);
    }
    for coding in ["gzip", "br", "zstd", "deflate", "identity", "gzip, gzip"] {
        let request = owner.request(Method::POST, ALL).header("content-encoding", coding);
        let answer = Answer::of(request.header("content-type", JSON).body(body)).await;
        answer.expect_problem(415, "content_encoding");
    }
}

#[tokio::test]
async fn a_body_may_have_exactly_the_largest_size() {
    let server = Server::builder().env("COLLOQUY_SERVER__MAX_BODY_BYTES", "4096").start().await;
    let owner = server.owner().await;
    let body = |bytes: usize| {
        let empty = r#"{"system_prompt":""}"#.len();
        format!(r#"{{"system_prompt":"{}"}}"#, "a".repeat(bytes - empty))
    };
    post_raw(&owner, ALL, JSON, body(4096)).await.expect(201);
    post_raw(&owner, ALL, JSON, body(4097)).await.expect_problem(413, "body_too_large");
    let chunks = |text: String| {
        let pieces: Vec<std::io::Result<Vec<u8>>> =
            text.into_bytes().chunks(1000).map(|piece| Ok(piece.to_vec())).collect();
        reqwest::Body::wrap_stream(futures_util::stream::iter(pieces))
    };
    post_raw(&owner, ALL, JSON, chunks(body(4096))).await.expect(201);
    post_raw(&owner, ALL, JSON, chunks(body(4097))).await.expect_problem(413, "body_too_large");
    assert_alive(&owner).await;
}

#[tokio::test]
async fn whatever_people_write_is_kept_to_the_byte_or_refused_and_never_breaks_anything() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let conversation = owner.conversation().await;
    let long = "🦀".repeat(10_000);
    for text in [
        "'; DROP TABLE messages; --",
        "\" OR 1=1 /*",
        "\\'; SELECT pg_sleep(10) --",
        "{{7*7}} ${7*7} <%= 7*7 %>",
        "<script>alert(1)</script><img src=x onerror=alert(1)>",
        "title:* NEAR(a b) AND \"unbalanced",
        "-a +b ^c \"d",
        "%s%n%d {0} {}",
        "a\u{202E}b\u{2066}c\u{FEFF}d\u{200B}",
        "\u{1}\u{2}\u{7}\u{1b}[2J\u{7f}",
        "Z̵̡̢͎̭̻̈́͋a̸l̴g̶o̵",
        "\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
        "\u{FFFF}\u{FFFE}\u{10FFFF}",
        " \t leading and trailing \n",
        &long,
    ] {
        let sent = owner.post(&messages_of(&conversation), &json!({ "text": text })).await.expect(201);
        assert_eq!(sent["message"]["parts"][0]["text"], text);
        let answer = owner.finished(sent["reply"]["id"].as_str().expect("an answer")).await;
        assert_eq!(answer["status"], "complete", "recall answers {text:?}: {answer}");
        let path = format!("/api/v1/messages/{}", sent["message"]["id"].as_str().expect("an id"));
        assert_eq!(owner.get(&path).await.expect(200)["parts"][0]["text"], text);
        let query: String = text.chars().take(150).filter(|c| *c != '\0').collect();
        let query = percent(&query);
        let found = owner.get(&format!("{ALL}?q={query}")).await;
        assert_eq!(found.status, 200, "{text:?}: {found:?}");
    }
    assert_alive(&owner).await;
}

/// Percent-encodes everything.
fn percent(text: &str) -> String {
    text.bytes().flat_map(|byte| format!("%{byte:02X}").into_bytes()).map(char::from).collect()
}
