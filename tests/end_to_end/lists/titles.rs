//! Titles: at first the question, then a better one from the model, and a person's for ever.

use serde_json::{Value, json};
use testing::upstream::{Script, Step, Upstream};

use super::{say, show};
use crate::harness::{Client, Server, eventually};

async fn with_model(scripts: impl IntoIterator<Item = Script>) -> (Upstream, Server, Client) {
    let upstream = Upstream::start().await;
    upstream.scripts("m", scripts);
    let server = Server::builder().provider("mock", &upstream, "m").start().await;
    let owner = server.owner().await;
    (upstream, server, owner)
}

/// Waits for a title that a model proposed; the conversation.
async fn titled(owner: &Client, conversation: &str) -> Value {
    eventually("a title from the model", || async {
        let shown = show(owner, conversation).await;
        (shown["title_origin"] == "model").then_some(shown)
    })
    .await
}

#[tokio::test]
async fn a_conversation_is_called_after_its_first_question_and_only_the_first() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let conversation = owner.conversation().await;
    let before = show(&owner, &conversation).await;
    assert_eq!((&before["title"], &before["title_origin"]), (&json!("New conversation"), &json!("default")));
    say(&owner, &conversation, "How do I  grow\ntomatoes?\u{1b}").await;
    let named = show(&owner, &conversation).await;
    assert_eq!(
        (&named["title"], &named["title_origin"]),
        (&json!("How do I grow tomatoes?"), &json!("question"))
    );
    say(&owner, &conversation, "And potatoes?").await;
    assert_eq!(show(&owner, &conversation).await["title"], "How do I grow tomatoes?");

    let wordless = owner.conversation().await;
    say(&owner, &wordless, "\u{1b}\u{7}").await;
    assert_eq!(show(&owner, &wordless).await["title_origin"], "default", "no words, no title");
    say(&owner, &wordless, &"word ".repeat(1000)).await;
    let title = show(&owner, &wordless).await["title"].as_str().expect("a title").to_owned();
    assert!(title.ends_with('…') && title.chars().count() <= 61, "{title}");
}

#[tokio::test]
async fn a_model_gives_a_better_title_in_the_background_and_listeners_are_told() {
    let (upstream, _server, owner) =
        with_model([Script::answer("Plant them in May."), Script::answer("\"Growing tomatoes.\"\n")]).await;
    let conversation = owner.conversation_with(&json!({ "model": "mock/m" })).await;
    let mut socket = owner.socket().await;
    socket.subscribe("user:me", None).await;
    let answer = owner.ask(&conversation, "How do I grow tomatoes?").await;
    assert_eq!(answer["parts"][0]["text"], "Plant them in May.");
    let shown = titled(&owner, &conversation).await;
    assert_eq!(shown["title"], "Growing tomatoes");
    loop {
        let frame = socket.expect_type("event").await;
        if frame["event"]["conversation"]["title_origin"] == "model" {
            assert_eq!(frame["event"]["conversation"]["title"], "Growing tomatoes");
            break;
        }
    }
    let asked = upstream.last_request().expect("a request").json().to_string();
    assert!(asked.contains("How do I grow tomatoes?") && asked.contains("Plant them in May."), "{asked}");

    upstream.script("m", Script::answer("More."));
    owner.ask(&conversation, "And potatoes?").await;
    assert_eq!(upstream.counts().requests, 3, "only the beginning is summed up");
}

#[tokio::test]
async fn a_title_that_a_person_chose_is_never_replaced() {
    let slow = || {
        Script::steps(vec![
            Step::Gate,
            Step::Text("The model's title".to_owned()),
            Step::Finish("stop"),
            Step::Done,
        ])
    };
    let (upstream, _server, owner) = with_model([Script::answer("Yes."), slow()]).await;

    // Chosen before the first question: the model is not even asked.
    let named = owner.conversation_with(&json!({ "model": "mock/m", "title": "Mine" })).await;
    owner.ask(&named, "Is it?").await;
    assert_eq!(upstream.counts().requests, 1);

    // Chosen while the model thinks about one.
    upstream.scripts("m", [Script::answer("Yes."), slow()]);
    let raced = owner.conversation_with(&json!({ "model": "mock/m" })).await;
    owner.ask(&raced, "Is it?").await;
    upstream.wait_until(|counts| counts.requests == 3).await;
    owner.patch(&format!("/api/v1/conversations/{raced}"), &json!({ "title": "Mine too" })).await.expect(200);
    upstream.release(1);
    upstream.wait_until(|counts| counts.given == 3).await;

    // By the time the next conversation has its title, that of the one before was long decided.
    upstream.scripts("m", [Script::answer("Yes."), Script::answer("Another title")]);
    let next = owner.conversation_with(&json!({ "model": "mock/m" })).await;
    owner.ask(&next, "Is it?").await;
    assert_eq!(titled(&owner, &next).await["title"], "Another title");
    for (conversation, title) in [(&named, "Mine"), (&raced, "Mine too")] {
        let shown = show(&owner, conversation).await;
        assert_eq!((&shown["title"], &shown["title_origin"]), (&json!(title), &json!("person")));
    }
}

#[tokio::test]
async fn a_title_that_cannot_be_had_costs_nothing_but_the_title() {
    let (upstream, _server, owner) =
        with_model([Script::answer("Yes."), Script::status(400, "no titles here")]).await;
    let conversation = owner.conversation_with(&json!({ "model": "mock/m" })).await;
    let answer = owner.ask(&conversation, "Is it?").await;
    assert_eq!(answer["status"], "complete");
    upstream.wait_until(|counts| counts.given >= 2).await;
    let shown = show(&owner, &conversation).await;
    assert_eq!((&shown["title"], &shown["title_origin"]), (&json!("Is it?"), &json!("question")));
    assert_eq!(owner.get("/health/ready").await.status, 200);
}
