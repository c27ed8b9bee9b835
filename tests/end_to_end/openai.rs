//! The OpenAI-compatible routes: what an SDK sends and expects, on the wire.

use reqwest::Method;
use serde_json::{Value, json};
use testing::upstream::{Script, Upstream};

use crate::harness::{Answer, Client, Events, Server};

const COMPLETIONS: &str = "/v1/chat/completions";

async fn with_model(script: Script) -> (Upstream, Server, Client) {
    let upstream = Upstream::start().await;
    upstream.script("model", script);
    let server = Server::builder()
        .provider("mock", &upstream, "model")
        .env("COLLOQUY_APPLICATION__TITLES", "false")
        .env("COLLOQUY_MODELS__RETRY__ATTEMPTS", "0")
        .start()
        .await;
    let owner = server.owner().await;
    (upstream, server, owner)
}

fn question(text: &str) -> Value {
    json!({ "model": "mock/model", "messages": [{ "role": "user", "content": text }] })
}

fn with(mut body: Value, field: &str, value: Value) -> Value {
    body[field] = value;
    body
}

/// A streamed answer to its end: the chunks, and whether `[DONE]` was the last line.
async fn streamed(client: &Client, body: &Value) -> (Vec<Value>, bool) {
    let events = Events::open(client.request(Method::POST, COMPLETIONS).json(body)).await;
    assert_eq!(events.status, 200);
    let mut data: Vec<String> = events.rest().await.into_iter().map(|event| event.data).collect();
    let is_done = data.last().is_some_and(|last| last == "[DONE]");
    if is_done {
        data.pop();
    }
    let chunks = data.iter().map(|text| serde_json::from_str(text).expect("JSON in a chunk")).collect();
    (chunks, is_done)
}

/// The error, once the status is the expected one and the shape is OpenAI's and nothing else.
fn expect_error(answer: Answer, status: u16) -> Value {
    assert_eq!(answer.header("content-type"), "application/json");
    let body = answer.expect(status);
    assert_eq!(body.as_object().map(serde_json::Map::len), Some(1), "{body}");
    let error = &body["error"];
    assert!(error["message"].as_str().is_some_and(|text| !text.is_empty()), "{body}");
    assert!(error["type"].is_string(), "{body}");
    for field in ["param", "code"] {
        assert!(
            error.get(field).is_some_and(|value| value.is_null() || value.is_string()),
            "{field}: {body}"
        );
    }
    error.clone()
}

#[tokio::test]
async fn an_answer_comes_whole_with_its_usage() {
    let (upstream, _server, owner) = with_model(Script::answer("It rains today.")).await;
    let body = with(question("What is the weather?"), "temperature", json!(0.5));
    let answer = owner.post(COMPLETIONS, &with(body, "max_tokens", json!(99))).await;
    assert_eq!(answer.header("content-type"), "application/json");
    let answer = answer.expect(200);
    assert_eq!(answer["object"], "chat.completion");
    assert!(answer["id"].as_str().is_some_and(|id| id.starts_with("chatcmpl-")), "{answer}");
    assert!(answer["created"].as_i64().is_some_and(|at| at > 1_600_000_000), "{answer}");
    assert_eq!(answer["model"], "mock/model");
    let choice = &answer["choices"][0];
    assert_eq!(
        choice["message"],
        json!({ "role": "assistant", "content": "It rains today.", "refusal": null })
    );
    assert_eq!((&choice["index"], &choice["finish_reason"]), (&json!(0), &json!("stop")));
    let usage = &answer["usage"];
    assert_eq!(usage["total_tokens"], json!(usage["prompt_tokens"].as_u64().unwrap_or(0) + 3), "{usage}");

    let asked = upstream.last_request().expect("a request").json();
    assert_eq!(asked["model"], "model");
    assert_eq!(asked["messages"], json!([{ "role": "user", "content": "What is the weather?" }]));
    assert_eq!(asked["temperature"], json!(0.5));
    let most = asked.get("max_completion_tokens").or_else(|| asked.get("max_tokens"));
    assert_eq!(most, Some(&json!(99)), "{asked}");
}

#[tokio::test]
async fn an_answer_comes_in_chunks_and_with_its_usage_where_that_is_asked_for() {
    let (_upstream, _server, owner) = with_model(Script::answer("It rains today. Grüße 🐻")).await;
    let body = with(question("Weather?"), "stream", json!(true));
    let (chunks, is_done) = streamed(&owner, &body).await;
    assert!(is_done, "the stream ends with [DONE]");
    assert_eq!(chunks[0]["choices"][0]["delta"]["role"], "assistant");
    let text: String =
        chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect();
    assert_eq!(text, "It rains today. Grüße 🐻");
    assert_eq!(chunks.last().expect("a chunk")["choices"][0]["finish_reason"], "stop");
    for chunk in &chunks {
        assert_eq!(chunk["object"], "chat.completion.chunk");
        assert_eq!(chunk["id"], chunks[0]["id"]);
        assert_eq!(chunk["model"], "mock/model");
        assert!(chunk.get("usage").is_none_or(Value::is_null), "nobody asked: {chunk}");
    }

    let (chunks, is_done) =
        streamed(&owner, &with(body, "stream_options", json!({ "include_usage": true }))).await;
    assert!(is_done);
    let (last, others) = chunks.split_last().expect("chunks");
    assert_eq!(last["choices"], json!([]));
    assert_eq!(last["usage"]["completion_tokens"], json!(5), "{last}");
    assert!(others.iter().all(|chunk| chunk["usage"].is_null()), "{others:?}");
}

#[tokio::test]
async fn tools_reach_the_model_and_their_calls_come_back() {
    let (upstream, _server, owner) =
        with_model(Script::tool_call("call_7", "weather", r#"{"city":"Zürich"}"#)).await;
    let tools = json!([{ "type": "function", "function": { "name": "weather", "description": "The weather",
        "parameters": { "type": "object", "properties": { "city": { "type": "string" } } } } }]);
    let body =
        with(with(question("Weather in Zürich?"), "tools", tools.clone()), "tool_choice", json!("auto"));
    let answer = owner.post(COMPLETIONS, &body).await.expect(200);
    let choice = &answer["choices"][0];
    assert_eq!(choice["finish_reason"], "tool_calls");
    assert_eq!(choice["message"]["content"], Value::Null);
    let call = json!({ "id": "call_7", "type": "function",
        "function": { "name": "weather", "arguments": r#"{"city":"Zürich"}"# } });
    assert_eq!(choice["message"]["tool_calls"], json!([call]));
    let asked = upstream.last_request().expect("a request").json();
    assert_eq!((&asked["tools"], &asked["tool_choice"]), (&tools, &json!("auto")));

    let (chunks, _) = streamed(&owner, &with(body, "stream", json!(true))).await;
    let (mut name, mut id, mut arguments) = (String::new(), String::new(), String::new());
    for chunk in &chunks {
        for call in chunk["choices"][0]["delta"]["tool_calls"].as_array().into_iter().flatten() {
            assert_eq!(call["index"], 0);
            name.push_str(call["function"]["name"].as_str().unwrap_or_default());
            id.push_str(call["id"].as_str().unwrap_or_default());
            arguments.push_str(call["function"]["arguments"].as_str().unwrap_or_default());
        }
    }
    assert_eq!(
        (name.as_str(), id.as_str(), arguments.as_str()),
        ("weather", "call_7", r#"{"city":"Zürich"}"#)
    );
    assert_eq!(chunks.last().expect("a chunk")["choices"][0]["finish_reason"], "tool_calls");

    // The next turn: the call and its result go to the model as they came.
    upstream.script("model", Script::answer("Sunny."));
    let messages = json!([
        { "role": "system", "content": "Be brief." },
        { "role": "user", "content": [{ "type": "text", "text": "Weather in Zürich?" }] },
        { "role": "assistant", "content": null, "tool_calls": [call] },
        { "role": "tool", "tool_call_id": "call_7", "content": "sun" },
    ]);
    let body = json!({ "model": "mock/model", "messages": messages, "tools": tools });
    let answer = owner.post(COMPLETIONS, &body).await.expect(200);
    assert_eq!(answer["choices"][0]["message"]["content"], "Sunny.");
    let asked = upstream.last_request().expect("a request").json();
    assert_eq!(asked["messages"][0], json!({ "role": "system", "content": "Be brief." }));
    assert_eq!(asked["messages"][2]["tool_calls"], json!([call]));
    assert_eq!(asked["messages"][3], json!({ "role": "tool", "tool_call_id": "call_7", "content": "sun" }));
}

#[tokio::test]
async fn errors_have_the_shape_that_sdks_understand() {
    let (upstream, server, owner) = with_model(Script::answer("Fine.")).await;
    let nobody = expect_error(server.anonymous().post(COMPLETIONS, &question("Hi")).await, 401);
    assert_eq!(nobody["type"], "authentication_error", "{nobody}");
    let wrong = Client::new(server.address(), Some("sk-somebody-elses".to_owned()));
    let refused = expect_error(wrong.post(COMPLETIONS, &question("Hi")).await, 401);
    assert_eq!(refused["code"], "invalid_api_key", "{refused}");
    expect_error(wrong.get("/v1/models").await, 401);

    let unknown = with(question("Hi"), "model", json!("no-such-model"));
    let unknown = expect_error(owner.post(COMPLETIONS, &unknown).await, 404);
    assert_eq!(
        (&unknown["code"], &unknown["param"]),
        (&json!("model_not_found"), &json!("model")),
        "{unknown}"
    );
    for (body, param) in [
        (json!({ "model": "mock/model" }), "messages"),
        (json!({ "model": "mock/model", "messages": [] }), "messages"),
        (json!({ "model": "mock/model", "messages": "Hi" }), "messages"),
        (json!({ "model": "mock/model", "messages": [{ "role": "king", "content": "Hi" }] }), "messages"),
        (with(question("Hi"), "temperature", json!("hot")), "temperature"),
        (with(question("Hi"), "temperature", json!(9)), "temperature"),
        (with(question("Hi"), "stream", json!("yes")), "stream"),
        (with(question("Hi"), "model", json!(7)), "model"),
    ] {
        let error = expect_error(owner.post(COMPLETIONS, &body).await, 400);
        assert!(error["param"].as_str().is_some_and(|named| named.starts_with(param)), "{body}: {error}");
        assert_eq!(error["type"], "invalid_request_error", "{body}");
    }
    let garbage =
        owner.request(Method::POST, COMPLETIONS).header("content-type", "application/json").body("{\"mo");
    expect_error(Answer::of(garbage).await, 400);

    for (script, status) in [
        (Script::status(500, "it broke"), 502),
        (Script::status(401, "wrong key"), 502),
        (Script::rate_limited(60), 429),
        (Script::status(400, "does not like it"), 400),
    ] {
        upstream.script("model", script);
        let answer = owner.post(COMPLETIONS, &question("Hi")).await;
        let retry_after = answer.header("retry-after").to_owned();
        let error = expect_error(answer, status);
        assert!(!error.to_string().contains("sk-test-upstream"), "{error}");
        assert_eq!(status == 429, !retry_after.is_empty(), "{error}");
        let answer = owner.post(COMPLETIONS, &with(question("Hi"), "stream", json!(true))).await;
        expect_error(answer, status);
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_says_so_in_the_stream() {
    let (_upstream, _server, owner) = with_model(Script::cut_after("and then ")).await;
    let (chunks, is_done) = streamed(&owner, &with(question("Go on"), "stream", json!(true))).await;
    assert!(!is_done, "an answer that was cut must not look like a whole one");
    let last = chunks.last().expect("a chunk");
    assert!(last["error"]["message"].is_string(), "{last}");
    let finished = chunks.iter().any(|chunk| !chunk["choices"][0]["finish_reason"].is_null());
    assert!(!finished, "{chunks:?}");
}

#[tokio::test]
async fn nothing_is_kept_unless_the_request_says_so() {
    let (_upstream, _server, owner) = with_model(Script::answer("It rains.")).await;
    owner.post(COMPLETIONS, &question("Weather?")).await.expect(200);
    streamed(&owner, &with(question("Weather?"), "stream", json!(true))).await;
    let listed = owner.get("/api/v1/conversations").await.expect(200);
    assert_eq!(listed["items"], json!([]));

    let answer = owner.post(COMPLETIONS, &with(question("Weather?"), "store", json!(true))).await;
    let conversation = answer.header("x-colloquy-conversation").to_owned();
    assert_eq!(answer.expect(200)["choices"][0]["message"]["content"], "It rains.");
    let messages = format!("/api/v1/conversations/{conversation}/messages");
    let kept = owner.get(&messages).await.expect(200);
    let texts = |page: &Value| {
        page["items"]
            .as_array()
            .expect("messages")
            .iter()
            .map(|message| (message["role"].clone(), message["parts"][0]["text"].clone()))
            .collect::<Vec<_>>()
    };
    let mut kept = texts(&kept);
    kept.sort_by_key(|(role, _)| role == "assistant");
    let exchange = [(json!("user"), json!("Weather?")), (json!("assistant"), json!("It rains."))];
    assert_eq!(kept, exchange);

    let go_on = |stream: bool| {
        let body = with(question("And tomorrow?"), "stream", json!(stream));
        owner.request(Method::POST, COMPLETIONS).header("x-colloquy-conversation", &conversation).json(&body)
    };
    let answer = Answer::of(go_on(false)).await;
    assert_eq!(answer.header("x-colloquy-conversation"), conversation);
    answer.expect(200);
    let stream = Events::open(go_on(true)).await;
    assert_eq!(stream.status, 200);
    assert_eq!(stream.rest().await.last().map(|event| event.data.as_str()), Some("[DONE]"));
    let kept = owner.get(&messages).await.expect(200);
    assert_eq!(texts(&kept).len(), 6, "{kept}");
    assert!(
        kept["items"].as_array().expect("messages").iter().all(|message| message["status"] == "complete")
    );
}

#[tokio::test]
async fn an_exchange_is_kept_in_nobody_elses_conversation() {
    let (upstream, server, owner) = with_model(Script::answer("It rains.")).await;
    let conversation = owner.conversation().await;
    let other = server.member("other").await;
    for id in [conversation.as_str(), "0192f000-0000-7000-8000-000000000000", "nonsense"] {
        let request = other.request(Method::POST, COMPLETIONS).header("x-colloquy-conversation", id);
        expect_error(Answer::of(request.json(&question("Hi"))).await, 404);
    }
    assert_eq!(upstream.counts().requests, 0, "nobody was asked");
}

#[tokio::test]
async fn models_are_listed_as_sdks_expect_and_the_bare_name_works() {
    let (_upstream, server, owner) = with_model(Script::answer("Fine.")).await;
    let models = owner.get("/v1/models").await.expect(200);
    assert_eq!(models["object"], "list");
    let listed = models["data"].as_array().expect("models");
    let ids: Vec<&str> = listed.iter().filter_map(|model| model["id"].as_str()).collect();
    assert!(ids.contains(&"mock/model") && ids.contains(&"builtin/recall"), "{models}");
    for model in listed {
        assert_eq!(model["object"], "model");
        assert!(model["created"].is_i64() && model["owned_by"].is_string(), "{model}");
    }
    expect_error(server.anonymous().get("/v1/models").await, 401);
    let answer = owner.post(COMPLETIONS, &with(question("Hi"), "model", json!("model"))).await.expect(200);
    assert_eq!(answer["model"], "mock/model");
    let recalled = owner.post(COMPLETIONS, &with(question("Hi"), "model", json!("builtin/recall"))).await;
    assert!(recalled.expect(200)["choices"][0]["message"]["content"].is_string());
}
