//! The same command over REST, WebSocket and batch: the same result, the same validation, the same problem.

use serde_json::{Value, json};

use crate::harness::{Client, Server, new_id};

/// One command in the three ways.
struct Case {
    name: &'static str,
    method: &'static str,
    path: String,
    body: Value,
    parameters: Value,
}

async fn over_rest(owner: &Client, case: &Case) -> Value {
    let method = reqwest::Method::from_bytes(case.method.as_bytes()).expect("a method");
    crate::harness::Answer::of(owner.request(method, &case.path).json(&case.body)).await.json()
}

async fn over_socket(owner: &Client, case: &Case) -> Value {
    let frame = owner.socket().await.command(case.name, case.parameters.clone()).await;
    if frame["type"] == "error" { frame["problem"].clone() } else { frame["result"].clone() }
}

async fn over_batch(owner: &Client, case: &Case) -> Value {
    let id = new_id();
    let commands = json!({ "commands": [{ "id": id, "name": case.name, "params": case.parameters }] });
    let answer = owner.post("/api/v1/batch", &commands).await.expect(200);
    let result = &answer["results"][0];
    assert_eq!(result["id"], id.as_str());
    if result["problem"].is_null() { result["result"].clone() } else { result["problem"].clone() }
}

/// What differs from one attempt to the next, and is not part of the promise.
fn comparable(mut value: Value) -> Value {
    fn clean(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                for name in ["id", "created_at", "updated_at", "instance", "trace_id"] {
                    fields.remove(name);
                }
                fields.values_mut().for_each(clean);
            }
            Value::Array(items) => items.iter_mut().for_each(clean),
            _ => {}
        }
    }
    clean(&mut value);
    value
}

#[tokio::test]
async fn results_and_problems_are_the_same_over_rest_socket_and_batch() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let conversation = owner.conversation().await;
    let unknown = "0192f000-0000-7000-8000-000000000000";
    let on = |id: &str| format!("/api/v1/conversations/{id}");
    let case = |name, method, path: String, body: Value, extra: Value| {
        let mut parameters = body.clone();
        if let (Some(parameters), Some(extra)) = (parameters.as_object_mut(), extra.as_object()) {
            parameters.extend(extra.clone());
        }
        Case { name, method, path, body, parameters }
    };
    let new = |body: Value| {
        case("conversation.create", "POST", "/api/v1/conversations".to_owned(), body, json!({}))
    };
    let update = |id: &str, body: Value| {
        case("conversation.update", "PATCH", on(id), body, json!({ "conversation_id": id }))
    };
    let send = |id: &str, body: Value| {
        case("message.send", "POST", format!("{}/messages", on(id)), body, json!({ "conversation_id": id }))
    };
    let cases = [
        new(json!({ "title": "Same", "parameters": { "temperature": 0.5 } })),
        new(json!({ "title": "" })),
        new(json!({ "title": "a".repeat(201) })),
        new(json!({ "title": "a\u{0}b" })),
        new(json!({ "title": 7 })),
        new(json!({ "surprise": true })),
        new(json!({ "model": "no-such-model" })),
        new(json!({ "parameters": { "temperature": 9 } })),
        new(json!({ "parameters": { "colour": 9 } })),
        update(&conversation, json!({ "active_leaf_id": unknown })),
        update(unknown, json!({ "title": "x" })),
        update(&conversation, json!({ "owner_id": unknown })),
        send(&conversation, json!({})),
        send(&conversation, json!({ "text": "a", "parts": [] })),
        send(&conversation, json!({ "text": "  " })),
        send(&conversation, json!({ "text": "a".repeat(600_000) })),
        send(&conversation, json!({ "parts": [{ "kind": "text", "text": "a", "bold": true }] })),
        send(&conversation, json!({ "parts": [{ "kind": "hologram" }] })),
        send(&conversation, json!({ "parts": [{ "kind": "reasoning", "text": "a" }] })),
        send(&conversation, json!({ "parent_id": unknown, "text": "a" })),
        send(unknown, json!({ "text": "a" })),
        send(&conversation, json!({ "text": "a", "reply": false, "parent_id": null })),
    ];
    for case in &cases {
        // A frame is smaller than a body; what does not fit into one cannot be compared.
        let fits_a_frame = case.parameters.to_string().len() < 60_000;
        let rest = comparable(over_rest(&owner, case).await);
        assert_eq!(rest, comparable(over_batch(&owner, case).await), "batch: {} {}", case.name, case.body);
        if fits_a_frame {
            assert_eq!(
                rest,
                comparable(over_socket(&owner, case).await),
                "socket: {} {}",
                case.name,
                case.body
            );
        }
    }
}

#[tokio::test]
async fn every_validation_error_points_at_its_field() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let conversation = owner.conversation().await;
    let messages = format!("/api/v1/conversations/{conversation}/messages");
    for (path, body, pointer) in [
        ("/api/v1/conversations", json!({ "title": "" }), "/title"),
        ("/api/v1/conversations", json!({ "surprise": 1 }), "/surprise"),
        ("/api/v1/conversations", json!({ "parameters": { "top_p": 2 } }), "/parameters/top_p"),
        ("/api/v1/conversations", json!({ "parameters": { "x": 2 } }), "/parameters/x"),
        ("/api/v1/conversations", json!({ "model": "nope" }), "/model"),
        (&messages, json!({}), "/text"),
        (&messages, json!({ "text": "\u{0}a" }), "/text"),
        (&messages, json!({ "parts": [{ "kind": "text" }] }), "/parts/0/text"),
        (&messages, json!({ "text": "a", "parent_id": "nonsense" }), "/parent_id"),
        (&messages, json!({ "text": "a", "conversation_id": conversation }), "/conversation_id"),
        ("/api/v1/api-keys", json!({ "name": "k", "expires_at": "2001-01-01T00:00:00Z" }), "/expires_at"),
        ("/api/v1/api-keys", json!({ "name": "k", "scopes": ["everything"] }), "/scopes/0"),
        (
            "/api/v1/users",
            json!({ "email": "a", "display_name": "A", "role": "member", "password": "long enough" }),
            "/email",
        ),
    ] {
        let problem = owner.in_browser().post(path, &body).await.expect_problem(422, "invalid_input");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{path} {body}: {problem}");
    }
}
