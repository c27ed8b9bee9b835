//! What a provider sends has bounds: in memory, in length, and in what it may say.

use serde_json::{Value, json};
use testing::upstream::Script;

use super::{BOUNDED, World, impatient, patient};

#[tokio::test]
async fn a_huge_line_ends_the_answer_in_bounded_memory() {
    let world = World::with(patient).await;
    world.server.forget_peak_memory();
    let before = world.server.resident_bytes();
    let huge = Script::huge_line_after("so far ", 128 * 1024 * 1024);
    world.fails([huge], "provider_garbled", "so far ", 1).await;
    world.upstream.wait_until(|counts| counts.aborted == 1).await;
    let growth = world.server.peak_memory().saturating_sub(before);
    assert!(growth < BOUNDED, "{growth} bytes more");
}

#[tokio::test]
async fn a_compressed_bomb_is_refused_unopened_in_bounded_memory() {
    let world = World::with(patient).await;
    world.server.forget_peak_memory();
    let before = world.server.resident_bytes();
    world.fails([Script::gzip_bomb(96 * 1024 * 1024)], "provider_garbled", "", 1).await;
    world.fails([Script::false_gzip()], "provider_garbled", "", 1).await;
    let growth = world.server.peak_memory().saturating_sub(before);
    assert!(growth < BOUNDED, "{growth} bytes more");
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off_at_its_bound_and_kept_up_to_there() {
    let world =
        World::with(|upstream| patient(upstream).env("COLLOQUY_APPLICATION__MAX_ANSWER_BYTES", "20000"))
            .await;
    let ended = world.ask([Script::tokens(vec!["x".repeat(1000); 200])]).await;
    let kept = ended.text().len();
    assert!((20_000..60_000).contains(&kept), "{kept}");
    ended.assert_failed("answer_too_large", &"x".repeat(kept));
    world.upstream.wait_until(|counts| counts.given + counts.aborted == 1).await;
}

#[tokio::test]
async fn words_of_a_provider_are_one_short_clean_line() {
    let world = World::impatient().await;
    let words =
        format!("a\r\nSet-Cookie: b\u{1b}[31m<script>alert(1)</script>\u{202E}{}", "x".repeat(100_000));
    let ended = world.fails([Script::status(400, &words)], "provider_refused", "", 1).await;
    let detail = ended.detail();
    assert!(detail.chars().count() < 700, "{}", detail.len());
    assert!(!detail.contains(|c: char| c.is_control() || c == '\u{202E}'), "{detail:?}");
    for line in world.server.log().lines() {
        assert!(serde_json::from_str::<Value>(line).is_ok(), "one event is one line: {line:?}");
    }
}

#[tokio::test]
async fn many_faults_at_once_each_have_their_own_end_and_the_server_stays_up() {
    const FAULTS: [(&str, &str); 11] = [
        ("no-head", "provider_silent"),
        ("silent", "provider_silent"),
        ("silent-middle", "provider_silent"),
        ("rate-limited", "provider_rate_limited"),
        ("error-500", "provider_failed"),
        ("refused", "provider_refused"),
        ("garbage", "provider_garbled"),
        ("huge-line", "provider_garbled"),
        ("cut", "provider_interrupted"),
        ("stream-error", "provider_failed"),
        ("web-page", "provider_garbled"),
    ];
    let names: Vec<&str> = FAULTS.iter().map(|(name, _)| *name).collect();
    let world = World::with(|upstream| {
        impatient(upstream)
            .env("COLLOQUY_PROVIDERS__MOCK__MODELS", &format!("m,{}", names.join(",")))
            .env("COLLOQUY_PROVIDERS__MOCK__FIRST_TOKEN_TIMEOUT_MS", "3000")
            .env("COLLOQUY_PROVIDERS__MOCK__IDLE_TIMEOUT_MS", "3000")
    })
    .await;
    let asked = FAULTS.iter().cycle().take(44).map(|(model, slug)| {
        let world = &world;
        async move {
            let fields = json!({ "model": format!("mock/{model}") });
            let conversation = world.owner.conversation_with(&fields).await;
            let ended = world.end_of(&world.owner.send(&conversation, "Go").await).await;
            ended.assert_failed(slug, ended.text());
        }
    });
    futures_util::future::join_all(asked).await;
    world.others_do_not_notice().await;
}
