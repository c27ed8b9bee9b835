//! Whatever is sent, the answer is a clear problem, nothing is half done, and the server stays up.

mod bodies;
mod framing;
mod headers;
mod queries;
mod slow_heads;
mod states;

use reqwest::Method;
use serde_json::{Value, json};
use testing::upstream::{Script, Upstream};

use crate::harness::{Answer, Client, Server};

/// An identifier that nothing has.
const NOTHING: &str = "0192f000-0000-7000-8000-000000000000";

/// A request with a JSON body that a test wrote itself.
async fn post_raw(owner: &Client, path: &str, media_type: &str, body: impl Into<reqwest::Body>) -> Answer {
    Answer::of(owner.request(Method::POST, path).header("content-type", media_type).body(body)).await
}

/// The server answers as if nothing had happened.
async fn assert_alive(owner: &Client) {
    assert_eq!(owner.get("/health/live").await.status, 200);
    owner.get("/api/v1/me").await.expect(200);
}

/// A field error with this pointer, and this one alone.
fn assert_points_at(answer: Answer, pointer: &str) -> Value {
    let problem = answer.expect_problem(422, "invalid_input");
    assert_eq!(problem["errors"].as_array().map(Vec::len), Some(1), "{problem}");
    assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    for field in ["code", "detail"] {
        assert!(problem["errors"][0][field].as_str().is_some_and(|text| !text.is_empty()), "{problem}");
    }
    problem
}

/// A server with the model `mock/gated`, which says a token whenever the test releases one.
async fn gated() -> (Upstream, Server, Client) {
    let upstream = Upstream::start().await;
    upstream.script("gated", Script::answer("one two three").gated());
    let builder = Server::builder().provider("mock", &upstream, "gated");
    let server = builder.env("COLLOQUY_APPLICATION__TITLES", "false").start().await;
    let owner = server.owner().await;
    (upstream, server, owner)
}

fn id(value: &Value) -> &str {
    value["id"].as_str().expect("an id")
}

fn messages_of(conversation: &str) -> String {
    format!("/api/v1/conversations/{conversation}/messages")
}

/// Says something without an answer; the message.
async fn say(owner: &Client, conversation: &str, fields: Value) -> Value {
    let mut body = json!({ "text": "Hello", "reply": false });
    body.as_object_mut().expect("an object").extend(fields.as_object().expect("an object").clone());
    owner.post(&messages_of(conversation), &body).await.expect(201)["message"].clone()
}
