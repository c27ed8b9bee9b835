//! What goes over the wire when all is well.

use domain::ports::ChatModel;
use domain::{FinishReason, Part, Parts, TokenCount};
use futures_util::StreamExt;
use serde_json::json;
use testing::upstream::{Script, Upstream};

use crate::support::{KEY, ask, model, patient, read};

#[tokio::test]
async fn the_key_and_the_question_go_out_and_the_answer_comes_back() {
    let upstream = Upstream::start().await;
    upstream.require_key(KEY);
    let seen = read(&model(&patient(&upstream)), ask("echo")).await;
    assert_eq!(seen.text(), "You said: Hi");
    let (finish_reason, usage) = seen.end.expect("the answer is complete");
    assert_eq!(finish_reason, FinishReason::Stop);
    assert_eq!(usage.map(|usage| usage.output_tokens), Some(TokenCount(3)));
    let request = upstream.last_request().expect("there was a request");
    assert_eq!(request.header("accept-encoding"), Some("identity"));
    assert_eq!(
        request.json(),
        json!({"model": "echo", "messages": [{"role": "user", "content": "Hi"}], "stream": true,
            "stream_options": {"include_usage": true}})
    );
}

#[tokio::test]
async fn tokens_arrive_as_the_provider_sends_them() {
    let upstream = Upstream::start().await;
    upstream.script("m", Script::answer("one two three").gated());
    let model = model(&patient(&upstream));
    let mut steps = model.stream(ask("m")).await.expect("the question is accepted");
    let mut parts = Parts::new();
    for expected in ["one ", "one two ", "one two three"] {
        upstream.release(1);
        while parts.prose() != expected {
            let step = steps.next().await.expect("there is more").expect("it is no error");
            let domain::ports::CompletionEvent::Delta(delta) = step else { panic!("{step:?}") };
            parts.apply(&delta);
        }
    }
}

#[tokio::test]
async fn a_tool_call_comes_in_fragments_and_as_a_whole() {
    let upstream = Upstream::start().await;
    let arguments = r#"{"city":"Zürich"}"#;
    upstream.script("m", Script::tool_call("call_1", "weather", arguments));
    let call = Part::ToolCall {
        id: "call_1".to_owned(),
        name: "weather".to_owned(),
        arguments: arguments.to_owned(),
    };
    let model = model(&patient(&upstream));
    let seen = read(&model, ask("m")).await;
    assert_eq!(seen.parts, std::slice::from_ref(&call));
    assert_eq!(seen.end.map(|(reason, _)| reason).ok(), Some(FinishReason::ToolCalls));
    let whole = model.complete(ask("m")).await.expect("the question is accepted");
    assert_eq!((whole.parts, whole.finish_reason), (vec![call], FinishReason::ToolCalls));
}

#[tokio::test]
async fn a_provider_that_does_not_know_stream_options_is_asked_without_from_then_on() {
    let upstream = Upstream::start().await;
    upstream.script("m", Script::without_stream_options("fine"));
    let model = model(&patient(&upstream));
    for _ in 0..2 {
        assert_eq!(read(&model, ask("m")).await.text(), "fine");
    }
    let asked: Vec<bool> =
        upstream.requests().iter().map(|request| !request.json()["stream_options"].is_null()).collect();
    assert_eq!(asked, [true, false, false]);
}

#[tokio::test]
async fn a_provider_that_does_not_stream_is_understood() {
    let upstream = Upstream::start().await;
    let whole = json!({"choices": [{"message": {"role": "assistant", "content": "at once"},
        "finish_reason": "stop"}]});
    upstream.script("m", Script::json(&whole));
    let seen = read(&model(&patient(&upstream)), ask("m")).await;
    assert_eq!((seen.code(), seen.text().as_str()), ("complete", "at once"));
}

#[tokio::test]
async fn connections_are_used_again() {
    let upstream = Upstream::start().await;
    let model = model(&patient(&upstream));
    for _ in 0..5 {
        read(&model, ask("echo")).await;
        model.complete(ask("echo")).await.expect("the question is accepted");
    }
    assert_eq!(upstream.counts().connections, 1);
}

#[tokio::test]
async fn the_models_are_listed_in_the_provider_s_order() {
    let upstream = Upstream::start().await;
    upstream.offer(&["b", "a"], "them");
    let models = model(&patient(&upstream)).models().await.expect("the list is a list");
    assert_eq!(models.iter().map(|model| model.id.as_str()).collect::<Vec<_>>(), ["b", "a"]);
    assert_eq!(models[0].owned_by.as_deref(), Some("them"));
}
