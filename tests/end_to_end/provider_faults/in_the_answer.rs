//! Faults in the middle of an answer: what came is kept, and nothing is asked for again.

use serde_json::json;
use testing::upstream::{Script, Step};

use super::{World, text_step};

#[tokio::test]
async fn silence_in_the_middle_ends_the_answer_and_keeps_what_came() {
    let world = World::impatient().await;
    world.fails([Script::silent_after("so far so good ")], "provider_silent", "so far so good ", 1).await;
    world.upstream.wait_until(|counts| counts.aborted == 1).await;
}

#[tokio::test]
async fn a_garbage_line_ends_the_answer_and_is_not_asked_for_again() {
    let world = World::impatient().await;
    world.fails([Script::garbage_after("so far ")], "provider_garbled", "so far ", 1).await;
    world.fails([Script::garbage_after("")], "provider_garbled", "", 1).await;
}

#[tokio::test]
async fn characters_split_across_packets_arrive_whole() {
    let world = World::impatient().await;
    let text = "Grüße 🦀 日本 👩‍👩‍👧";
    world.answers([Script::split_bytes(text)], text, 1).await;
}

#[tokio::test]
async fn an_invalid_byte_costs_one_character() {
    let world = World::impatient().await;
    world.answers([Script::invalid_utf8()], "bad\u{FFFD}byte", 1).await;
}

#[tokio::test]
async fn an_answer_without_done_is_complete() {
    let world = World::impatient().await;
    let ended = world.answers([Script::without_done("all of it")], "all of it", 1).await;
    assert_eq!(ended.message["finish_reason"], "stop");
}

#[tokio::test]
async fn a_cut_in_the_middle_keeps_what_came_and_is_never_tried_again() {
    let world = World::impatient().await;
    world.fails([Script::cut_after("so far ")], "provider_interrupted", "so far ", 1).await;
    let unfinished = Script::steps(vec![text_step("so far"), Step::Done]);
    world.fails([unfinished], "provider_interrupted", "so far", 1).await;

    // A reset may throw away what the kernel still held.
    let before = world.upstream.counts().requests;
    let ended = world.ask([Script::steps(vec![text_step("one "), Step::Gate, Step::Reset])].into_iter());
    let (ended, ()) = tokio::join!(ended, async { world.upstream.release(1) });
    assert!("one ".starts_with(ended.text()));
    ended.assert_failed("provider_interrupted", ended.text());
    assert!(ended.text().is_empty() || world.upstream.counts().requests - before == 1);
}

#[tokio::test]
async fn an_error_in_the_stream_is_quoted_and_what_came_is_kept() {
    let world = World::impatient().await;
    let script = Script::error_after("so far ", "it broke in the middle");
    let ended = world.fails([script], "provider_failed", "so far ", 1).await;
    assert!(ended.detail().ends_with("it broke in the middle"), "{}", ended.detail());
}

#[tokio::test]
async fn tool_calls_and_reasoning_come_as_parts_of_their_own_and_usage_is_kept() {
    let world = World::impatient().await;
    let ended = world.ask([Script::tool_call("call_1", "weather", r#"{"city":"Zürich"}"#)]).await;
    assert_eq!(ended.message["finish_reason"], "tool_calls");
    let call = json!({ "kind": "tool_call", "id": "call_1", "name": "weather", "arguments": r#"{"city":"Zürich"}"# });
    assert_eq!(ended.message["parts"], json!([call]));

    let fresh = world.owner.conversation_with(&json!({ "model": "mock/m" })).await;
    world.upstream.script("m", Script::reasoning("let me think ", "the answer"));
    let ended = world.end_of(&world.owner.send(&fresh, "Why?").await).await;
    assert_eq!(
        ended.message["parts"],
        json!([{ "kind": "reasoning", "text": "let me think " }, { "kind": "text", "text": "the answer" }])
    );
    assert_eq!(ended.message["usage"], json!({ "input_tokens": 7, "output_tokens": 2 }));
}
