//! What one person, one key or one network may take, end to end.

use reqwest::Method;
use serde_json::{Value, json};
use testing::upstream::{Script, Upstream};

use super::world::hospitable;
use crate::harness::{Answer, Client, Server, Socket, eventually};

/// The ways to make a model answer.
const WAYS: [&str; 7] =
    ["message", "stream", "batch", "command", "regenerated", "completion", "kept completion"];

/// Makes a model answer in one way; the status of what came of it.
async fn begin_answer(client: &Client, way: &str) -> u16 {
    let conversation = client.conversation().await;
    let messages = format!("/api/v1/conversations/{conversation}/messages");
    let text = json!({ "text": "words" });
    let mut prompt =
        json!({ "model": "builtin/recall", "messages": [{ "role": "user", "content": "words" }] });
    let params = json!({ "conversation_id": conversation, "text": "words" });
    match way {
        "message" => client.post(&messages, &text).await.status,
        "stream" => {
            let request = client.request(Method::POST, &messages).header("accept", "text/event-stream");
            Answer::of(request.json(&text)).await.status
        }
        "batch" => {
            let batch = json!({ "commands": [{ "id": "1", "name": "message.send", "params": params }] });
            status_of(&client.post("/api/v1/batch", &batch).await.expect(200)["results"][0]["status"])
        }
        "command" => {
            let answer = client.socket().await.command("message.send", params).await;
            if answer["type"] == "result" { 201 } else { status_of(&answer["problem"]["status"]) }
        }
        "regenerated" => {
            let quiet = json!({ "text": "words", "reply": false });
            let question = client.post(&messages, &quiet).await.expect(201);
            let id = question["message"]["id"].as_str().expect("an id");
            client.post(&format!("/api/v1/messages/{id}/regenerate"), &json!({})).await.status
        }
        "completion" => client.post("/v1/chat/completions", &prompt).await.status,
        "kept completion" => {
            prompt["store"] = json!(true);
            client.post("/v1/chat/completions", &prompt).await.status
        }
        other => panic!("{other}"),
    }
}

fn status_of(value: &Value) -> u16 {
    value.as_u64().and_then(|status| status.try_into().ok()).expect("a status")
}

#[tokio::test]
async fn every_answer_counts_whichever_way_it_was_asked_for() {
    let server = hospitable().env("COLLOQUY_APPLICATION__GENERATIONS_PER_MINUTE", "2").start().await;
    for (number, way) in WAYS.into_iter().enumerate() {
        let client = server.member(&format!("member{number}")).await;
        for attempt in 0..2 {
            let status = begin_answer(&client, way).await;
            assert!(status < 300, "{way}, attempt {attempt}: {status}");
        }
        assert_eq!(begin_answer(&client, way).await, 429, "{way}");
        // The others draw on the same quota, and what no model answers does not.
        let other = WAYS[(number + 1) % WAYS.len()];
        assert_eq!(begin_answer(&client, other).await, 429, "{other} after {way}");
        let conversation = client.conversation().await;
        let messages = format!("/api/v1/conversations/{conversation}/messages");
        client.post(&messages, &json!({ "text": "words", "reply": false })).await.expect(201);
    }
}

#[tokio::test]
async fn a_repeated_attempt_begins_no_further_answer() {
    let server = hospitable().env("COLLOQUY_APPLICATION__GENERATIONS_PER_MINUTE", "1").start().await;
    let client = server.member("member").await;
    let messages = format!("/api/v1/conversations/{}/messages", client.conversation().await);
    let first = client.post_once("once", &messages, &json!({ "text": "words" })).await.expect(201);
    let again = client.post_once("once", &messages, &json!({ "text": "words" })).await.expect(201);
    assert_eq!(first["message"]["id"], again["message"]["id"]);
    client.post(&messages, &json!({ "text": "words" })).await.expect_problem(429, "rate_limited");
}

#[tokio::test]
async fn a_key_has_a_pace_of_its_own_and_tells_it() {
    let server = hospitable().start().await;
    let owner = server.owner().await;
    let (slow, _) = owner.with_new_api_key_of(&json!({ "name": "slow", "requests_per_minute": 2 })).await;
    let first = slow.get("/api/v1/me").await;
    assert!(first.header("ratelimit-policy").contains("\"key\";q=2;w=60"), "{first:?}");
    assert!(first.header("ratelimit").contains("\"key\";r=1"), "{first:?}");
    slow.post("/api/v1/conversations", &json!({})).await.expect(201);
    let refused = slow.get("/api/v1/conversations").await;
    let wait: u64 = refused.header("retry-after").parse().expect("seconds");
    assert!((1..=60).contains(&wait), "{refused:?}");
    refused.expect_problem(429, "rate_limited");
    let mut socket = Socket::connect(server.address(), "/api/v1/ws", &[]).await.expect("an upgrade");
    socket.send(&json!({ "type": "hello", "token": slow.key() })).await;
    assert_eq!(socket.next().await["problem"]["status"], 429, "the same on a socket");
    owner.get("/api/v1/me").await.expect(200);
}

#[tokio::test]
async fn a_key_spends_its_budget_and_no_more() {
    let upstream = Upstream::start().await;
    let answer = json!({
        "id": "1", "object": "chat.completion", "created": 1, "model": "dear",
        "choices": [{
            "index": 0, "finish_reason": "stop", "message": { "role": "assistant", "content": "gold" },
        }],
        "usage": { "prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2, "cost": 0.000_06 },
    });
    upstream.script("dear", Script::json(&answer));
    let server = hospitable().provider("mock", &upstream, "dear").start().await;
    let owner = server.owner().await;
    let (thrifty, id) =
        owner.with_new_api_key_of(&json!({ "name": "thrifty", "monthly_budget_microusd": 100 })).await;
    let prompt = json!({ "model": "mock/dear", "messages": [{ "role": "user", "content": "words" }] });
    // What was spent is stored once a second: the budget is passed by what begins before that at most.
    thrifty.post("/v1/chat/completions", &prompt).await.expect(200);
    thrifty.post("/v1/chat/completions", &prompt).await.expect(200);
    let refused = eventually("the end of the budget", || async {
        let answer = thrifty.post("/v1/chat/completions", &prompt).await;
        (answer.status == 429).then_some(answer)
    })
    .await;
    assert!(refused.json().to_string().contains("budget"), "{refused:?}");
    let messages = format!("/api/v1/conversations/{}/messages", thrifty.conversation().await);
    thrifty.post(&messages, &json!({ "text": "words" })).await.expect_problem(429, "budget_exceeded");
    thrifty.post(&messages, &json!({ "text": "words", "reply": false })).await.expect(201);
    owner.post("/v1/chat/completions", &prompt).await.expect(200);
    let keys = owner.in_browser().get("/api/v1/api-keys").await.expect(200);
    let listed = keys["items"].as_array().into_iter().flatten().find(|key| key["id"] == id);
    assert_eq!(listed.map(|key| &key["monthly_budget_microusd"]), Some(&json!(100)));
}

/// A socket on which nobody has said who they are.
async fn stranger(server: &Server) -> Socket {
    Socket::connect(server.address(), "/api/v1/ws", &[]).await.expect("an upgrade")
}

#[tokio::test]
async fn strangers_who_say_nothing_take_the_places_of_nobody_else() {
    let server = Server::builder().env("COLLOQUY_SERVER__WEBSOCKET__MAX_STRANGERS", "2").start().await;
    let owner = server.owner().await;
    let (first, _second) = (stranger(&server).await, stranger(&server).await);
    let mut refused = stranger(&server).await;
    assert_eq!(refused.expect_type("error").await["problem"]["type"], "/problems/too_many_connections");
    assert_eq!(refused.closed().await, 4429);
    // Whoever brings a credential is no stranger, and whoever has said who they are is none any more.
    let _known = owner.socket().await;
    drop(first);
    let mut socket = eventually("a free place", || async {
        let mut socket = stranger(&server).await;
        let hello = json!({ "type": "hello", "token": owner.key() });
        socket.send(&hello).await;
        (socket.next().await["type"] == "welcome").then_some(socket)
    })
    .await;
    let _third = stranger(&server).await;
    let created = socket.command("conversation.create", json!({})).await;
    assert_eq!(created["type"], "result", "{created}");
}
