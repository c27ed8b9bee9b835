//! Faults before the first token: what may help is tried again, at most twice.

use std::time::Duration;

use testing::upstream::{Script, Step};
use tokio::time::Instant;

use super::{PROVIDER_KEY, World, impatient};
use crate::harness::eventually;

#[tokio::test]
async fn a_provider_that_never_answers_is_given_up_and_not_asked_twice() {
    let world = World::impatient().await;
    world.fails([Script::no_head()], "provider_silent", "", 1).await;
    world.upstream.wait_until(|counts| counts.aborted == 1).await;
}

#[tokio::test]
async fn silence_before_the_first_token_ends_the_answer() {
    let world = World::impatient().await;
    world.fails([Script::silent()], "provider_silent", "", 1).await;
    world.upstream.wait_until(|counts| counts.aborted == 1).await;
}

#[tokio::test]
async fn a_rate_limit_is_waited_for_as_long_as_the_provider_asks() {
    let world = World::impatient().await;
    let started = Instant::now();
    world.answers([Script::rate_limited(1), Script::answer("at last")], "at last", 2).await;
    assert!(started.elapsed() >= Duration::from_secs(1), "it asked for a second");
}

#[tokio::test]
async fn a_rate_limit_that_does_not_end_fails_after_two_more_attempts() {
    let world = World::impatient().await;
    world.fails([Script::rate_limited(0)], "provider_rate_limited", "", 3).await;
}

#[tokio::test]
async fn a_rate_limit_that_asks_for_too_long_fails_at_once_and_says_when_to_come_back() {
    let world = World::impatient().await;
    let ended = world.fails([Script::rate_limited(3600)], "provider_rate_limited", "", 1).await;
    assert!(ended.detail().contains("3600 seconds"), "{}", ended.detail());
}

#[tokio::test]
async fn failures_before_the_first_token_are_tried_again_twice_at_most() {
    let world = World::impatient().await;
    let failing = || [Script::status(500, "it broke"), Script::status(503, "overloaded")];
    world
        .answers(failing().into_iter().chain([Script::answer("third time lucky")]), "third time lucky", 3)
        .await;
    let ended = world.fails([Script::status(500, "the engine is on fire")], "provider_failed", "", 3).await;
    assert!(ended.detail().ends_with("the engine is on fire"), "{}", ended.detail());
    world.fails([Script::status(503, "overloaded")], "provider_failed", "", 3).await;
}

#[tokio::test]
async fn a_connection_lost_before_the_first_token_is_tried_again() {
    let world = World::impatient().await;
    let lost = || Script::steps(vec![Step::Cut]);
    world.answers([lost(), lost(), Script::answer("back again")], "back again", 3).await;
    world.fails([Script::steps(vec![Step::Reset])], "provider_interrupted", "", 3).await;
}

#[tokio::test]
async fn a_provider_that_is_not_there_fails_clearly_and_answers_once_it_is_back() {
    let world = World::with(|upstream| {
        let gone = format!("http://127.0.0.1:{}/v1", unused_port());
        impatient(upstream).env("COLLOQUY_PROVIDERS__MOCK__BASE_URL", &gone)
    })
    .await;
    let ended = world.ask_again().await;
    ended.assert_failed("provider_unreachable", "");
    world.others_do_not_notice().await;
}

/// A port on which nothing listens.
fn unused_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

#[tokio::test]
async fn a_refusal_is_quoted_and_not_repeated() {
    let world = World::impatient().await;
    let ended = world.fails([Script::status(400, "context too long")], "provider_refused", "", 1).await;
    assert!(ended.detail().ends_with("context too long"), "{}", ended.detail());
}

#[tokio::test]
async fn a_wrong_key_is_said_to_be_wrong_and_stays_secret() {
    let world = World::impatient().await;
    world.upstream.require_key("another key");
    world.fails([Script::answer("never")], "provider_unauthorized", "", 1).await;

    world.upstream.require_key(PROVIDER_KEY);
    let echoed = format!("incorrect key {PROVIDER_KEY} for you");
    world.fails([Script::status(400, &echoed)], "provider_refused", "", 1).await;
    world.fails([Script::error_after("so far ", &echoed)], "provider_failed", "so far ", 1).await;

    let all = world.owner.get(&format!("/api/v1/conversations/{}/messages", world.conversation)).await;
    let events = world.owner.get("/api/v1/events?limit=200").await;
    for (place, text) in [
        ("messages", String::from_utf8_lossy(&all.bytes).into_owned()),
        ("events", String::from_utf8_lossy(&events.bytes).into_owned()),
        ("log", world.server.log()),
        ("output", world.server.printed()),
    ] {
        assert!(!text.contains(PROVIDER_KEY), "the key is in the {place}");
    }
}

#[tokio::test]
async fn a_web_page_is_no_answer() {
    let world = World::impatient().await;
    let ended = world.fails([Script::web_page()], "provider_garbled", "", 1).await;
    assert!(!ended.detail().contains('<'), "{}", ended.detail());
}

#[tokio::test]
async fn the_breaker_opens_after_failures_in_a_row_and_closes_when_the_provider_works_again() {
    let world = World::with(|upstream| {
        impatient(upstream)
            .env("COLLOQUY_MODELS__RETRY__ATTEMPTS", "0")
            .env("COLLOQUY_MODELS__BREAKER__FAILURES", "3")
            .env("COLLOQUY_MODELS__BREAKER__PAUSE_MS", "4000")
    })
    .await;
    for _ in 0..3 {
        world.fails([Script::status(500, "it broke")], "provider_failed", "", 1).await;
    }
    let ended = world.fails([Script::answer("well again")], "provider_resting", "", 0).await;
    assert!(ended.detail().contains("left alone"), "{}", ended.detail());
    eventually("an answer", || async {
        let ended = world.ask_again().await;
        (ended.message["status"] == "complete").then_some(())
    })
    .await;
    world.answers([Script::answer("well again")], "well again", 1).await;
}
