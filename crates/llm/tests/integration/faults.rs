//! Every way in which a provider fails has a clear end, in bounded time and memory.

use std::time::Duration;

use domain::FinishReason;
use domain::ports::{ChatModel, ProviderError};
use futures_util::StreamExt;
use llm::ProviderSettings;
use testing::upstream::{Script, Step, Upstream};

use crate::support::{KEY, Seen, ask, model, patient, read, settings};

/// Reads a streamed answer of an upstream that plays `script`.
async fn streamed(script: Script) -> Seen {
    let upstream = Upstream::start().await;
    upstream.script("m", script);
    read(&model(&settings(&upstream)), ask("m")).await
}

/// The code of the error that an answer as a whole ends in.
async fn whole(script: Script) -> &'static str {
    let upstream = Upstream::start().await;
    upstream.script("m", script);
    let answer = model(&settings(&upstream)).complete(ask("m")).await;
    answer.as_ref().map_or_else(ProviderError::code, |_| "complete")
}

fn detail(error: &ProviderError) -> String {
    error.to_string()
}

#[tokio::test]
async fn no_head_is_silence_and_the_request_is_given_up() {
    let upstream = Upstream::start().await;
    upstream.script("m", Script::no_head());
    let seen = read(&model(&settings(&upstream)), ask("m")).await;
    assert!(matches!(seen.end, Err(ProviderError::Silent { after }) if after == Duration::from_millis(1500)));
    upstream.wait_until(|counts| counts.aborted == 1).await;
    assert_eq!(whole(Script::no_head()).await, "provider_silent");
}

#[tokio::test]
async fn silence_before_the_first_token_ends_after_the_first_token_time_out() {
    let seen = streamed(Script::silent()).await;
    assert!(matches!(seen.end, Err(ProviderError::Silent { after }) if after == Duration::from_millis(1500)));
}

#[tokio::test]
async fn comments_do_not_count_as_a_first_token() {
    let comments = (0..80)
        .flat_map(|_| [Step::Bytes(b": processing\n\n".to_vec()), Step::Pause(Duration::from_millis(50))]);
    let seen = streamed(Script::steps(comments.chain([Step::Hang]).collect())).await;
    assert_eq!(seen.code(), "provider_silent");
}

#[tokio::test]
async fn silence_in_the_middle_ends_after_the_idle_time_out_and_keeps_what_came() {
    let upstream = Upstream::start().await;
    upstream.script("m", Script::silent_after("so far so good "));
    let seen = read(&model(&settings(&upstream)), ask("m")).await;
    assert_eq!(seen.text(), "so far so good ");
    assert!(matches!(seen.end, Err(ProviderError::Silent { after }) if after == Duration::from_secs(1)));
    upstream.wait_until(|counts| counts.aborted == 1).await;
    assert_eq!(whole(Script::silent_after("so far")).await, "provider_silent");
}

#[tokio::test]
async fn a_slow_answer_that_never_falls_silent_is_not_given_up() {
    let tokens: Vec<String> = (0..10).map(|number| format!("{number} ")).collect();
    let seen = streamed(Script::tokens(tokens).paced(Duration::from_millis(200))).await;
    assert_eq!((seen.code(), seen.text().as_str()), ("complete", "0 1 2 3 4 5 6 7 8 9 "));
}

#[tokio::test]
async fn a_rate_limit_says_when_to_come_back() {
    let seen = streamed(Script::rate_limited(7)).await;
    let Err(ProviderError::RateLimited { retry_after }) = seen.end else { panic!("{seen:?}") };
    assert_eq!(retry_after, Some(Duration::from_secs(7)));
    assert_eq!(whole(Script::rate_limited(7)).await, "provider_rate_limited");
}

#[tokio::test]
async fn a_failing_provider_is_quoted() {
    for status in [500, 502, 503, 529] {
        let seen = streamed(Script::status(status, "the engine is on fire")).await;
        let Err(error @ ProviderError::Failed { .. }) = &seen.end else { panic!("{seen:?}") };
        assert!(detail(error).ends_with("the engine is on fire"));
    }
    assert_eq!(whole(Script::status(500, "no")).await, "provider_failed");
}

#[tokio::test]
async fn a_refusal_is_quoted_without_the_key() {
    let seen = streamed(Script::status(400, &format!("context too long for {KEY}\u{7}"))).await;
    let Err(error @ ProviderError::Refused { .. }) = &seen.end else { panic!("{seen:?}") };
    assert_eq!(detail(error), "the model provider refused the request: context too long for ********");
}

#[tokio::test]
async fn wrong_credentials_are_said_to_be_wrong() {
    let upstream = Upstream::start().await;
    upstream.require_key("another key");
    let model = model(&settings(&upstream));
    assert_eq!(read(&model, ask("m")).await.code(), "provider_unauthorized");
    assert_eq!(streamed(Script::status(403, "no")).await.code(), "provider_unauthorized");
    assert!(!format!("{model:?}").contains(KEY));
}

#[tokio::test]
async fn a_garbage_line_ends_the_answer_and_keeps_what_came() {
    let seen = streamed(Script::garbage_after("so far ")).await;
    assert_eq!((seen.code(), seen.text().as_str()), ("provider_garbled", "so far "));
    assert_eq!(whole(Script::steps(vec![Step::Bytes(b"oops".to_vec())])).await, "provider_garbled");
}

#[tokio::test]
async fn a_huge_line_ends_the_answer_before_it_is_held_in_memory() {
    let upstream = Upstream::start().await;
    upstream.script("m", Script::huge_line_after("so far ", 64 * 1024 * 1024));
    let seen = read(&model(&patient(&upstream)), ask("m")).await;
    assert_eq!((seen.code(), seen.text().as_str()), ("provider_garbled", "so far "));
    upstream.wait_until(|counts| counts.aborted == 1).await;
}

#[tokio::test]
async fn an_endless_answer_ends_at_its_bound() {
    let upstream = Upstream::start().await;
    let tokens = vec!["x".repeat(1000); 100];
    upstream.script("m", Script::tokens(tokens));
    let small = ProviderSettings { max_answer_bytes: 10_000, ..patient(&upstream) };
    let seen = read(&model(&small), ask("m")).await;
    assert_eq!(seen.code(), "provider_garbled");
    assert!(seen.text().len() <= 100_000);
    let whole = model(&small).complete(ask("m")).await.expect_err("the answer is too large");
    assert!(detail(&whole).ends_with("the answer is larger than 10000 bytes"), "{whole}");
}

#[tokio::test]
async fn characters_split_across_packets_arrive_whole() {
    let seen = streamed(Script::split_bytes("Grüße 🦀 日本")).await;
    assert_eq!((seen.code(), seen.text().as_str()), ("complete", "Grüße 🦀 日本"));
}

#[tokio::test]
async fn an_invalid_byte_costs_one_character() {
    let seen = streamed(Script::invalid_utf8()).await;
    assert_eq!((seen.code(), seen.text().as_str()), ("complete", "bad\u{FFFD}byte"));
}

#[tokio::test]
async fn an_answer_without_done_is_complete_once_the_reason_is_known() {
    let seen = streamed(Script::without_done("all of it")).await;
    let (finish_reason, usage) = seen.end.expect("the answer is complete");
    assert_eq!(finish_reason, FinishReason::Stop);
    assert!(usage.is_some());
}

#[tokio::test]
async fn a_reset_after_the_reason_is_known_costs_nothing() {
    let steps = vec![Step::Text("all of it".to_owned()), Step::Finish("stop"), Step::Reset];
    assert_eq!(streamed(Script::steps(steps)).await.code(), "complete");
}

#[tokio::test]
async fn silence_after_the_reason_is_known_costs_no_more_than_the_idle_time_out() {
    let steps = vec![Step::Text("all of it".to_owned()), Step::Finish("stop"), Step::Hang];
    assert_eq!(streamed(Script::steps(steps)).await.code(), "complete");
}

#[tokio::test]
async fn a_cut_in_the_middle_is_an_interruption() {
    for script in [Script::cut_after("so far "), Script::reset_after("so far ")] {
        let seen = streamed(script.clone()).await;
        assert_eq!(seen.code(), "provider_interrupted");
        assert!("so far ".starts_with(&seen.text()), "{seen:?}");
        assert_eq!(whole(script).await, "provider_interrupted");
    }
    // The body ends in order, but the answer did not.
    let unfinished = Script::steps(vec![Step::Text("so far".to_owned()), Step::Done]);
    assert_eq!(streamed(unfinished).await.code(), "provider_interrupted");
}

#[tokio::test]
async fn an_error_in_the_stream_is_quoted() {
    let seen = streamed(Script::error_after("so far ", &format!("broke with {KEY}"))).await;
    assert_eq!(seen.text(), "so far ");
    let Err(error @ ProviderError::Failed { .. }) = &seen.end else { panic!("{seen:?}") };
    assert_eq!(detail(error), "the model provider failed: broke with ********");
}

#[tokio::test]
async fn a_web_page_is_no_answer() {
    assert_eq!(streamed(Script::web_page()).await.code(), "provider_garbled");
    let unnamed = Script::web_page().header("content-type", "application/octet-stream");
    assert_eq!(streamed(unnamed).await.code(), "provider_garbled");
    assert_eq!(whole(Script::web_page()).await, "provider_garbled");
}

#[tokio::test]
async fn a_compressed_answer_is_refused_unopened() {
    assert_eq!(streamed(Script::false_gzip()).await.code(), "provider_garbled");
    assert_eq!(streamed(Script::gzip_bomb(16 * 1024 * 1024)).await.code(), "provider_garbled");
    assert_eq!(whole(Script::gzip_bomb(16 * 1024 * 1024)).await, "provider_garbled");
}

#[tokio::test]
async fn a_redirect_is_not_followed_so_the_key_stays_where_it_belongs() {
    let (upstream, elsewhere) = (Upstream::start().await, Upstream::start().await);
    let target = format!("{}/chat/completions", elsewhere.base_url());
    upstream.script("m", Script::status(307, "over there").header("location", &target));
    assert_eq!(read(&model(&settings(&upstream)), ask("m")).await.code(), "provider_garbled");
    assert_eq!(elsewhere.counts().requests, 0);
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let gone = Upstream::start().await;
    let settings = settings(&gone);
    drop(gone);
    let seen = read(&model(&settings), ask("m")).await;
    let Err(error @ ProviderError::Unreachable(_)) = &seen.end else { panic!("{seen:?}") };
    assert!(!format!("{error:?}").contains(KEY));
}

#[tokio::test]
async fn dropping_the_stream_stops_the_generation_at_the_provider() {
    let upstream = Upstream::start().await;
    upstream.script("m", Script::answer("one two three").gated());
    let model = model(&patient(&upstream));
    upstream.release(1);
    let mut steps = model.stream(ask("m")).await.expect("the question is accepted");
    steps.next().await.expect("there is a first step").expect("it is no error");
    drop(steps);
    assert_eq!(upstream.wait_until(|counts| counts.aborted == 1).await.given, 0);
}
