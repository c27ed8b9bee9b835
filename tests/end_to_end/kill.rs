//! `kill -9` at random points under many streams, with a client's ledger of everything that was acknowledged.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use testing::upstream::{Script, Upstream};
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use crate::harness::{Answer, Client, Server};

/// How often the plug is pulled.
const ROUNDS: u32 = 4;
/// How many people write at one time.
const WRITERS: usize = 24;

/// What the model answers.
fn tokens() -> Vec<String> {
    (0..40).map(|number| format!("token {number} ")).collect()
}

/// What the server acknowledged: ids of questions with their text, and of answers with their question.
#[derive(Default)]
struct Ledger {
    questions: HashMap<String, String>,
    answers: HashMap<String, String>,
    attempts: HashMap<String, String>,
}

/// Sends until the server is gone. Every attempt has an idempotency key, and is repeated after the restart.
async fn write(owner: Client, conversation: String, ledger: Arc<Mutex<Ledger>>, round: u32, writer: usize) {
    for number in 0.. {
        let text = format!("round {round} writer {writer} question {number}");
        let attempt = format!("{conversation}-{round}-{number}");
        ledger.lock().await.attempts.insert(attempt.clone(), text.clone());
        let path = format!("/api/v1/conversations/{conversation}/messages");
        let request = owner.request(reqwest::Method::POST, &path);
        let request =
            request.header("idempotency-key", &attempt).json(&json!({ "text": text, "parent_id": null }));
        match Answer::try_of(request).await {
            Ok(answer) if answer.status == 201 => {
                let exchange = answer.json();
                let question = exchange["message"]["id"].as_str().expect("an id").to_owned();
                let reply = exchange["reply"]["id"].as_str().expect("an id").to_owned();
                let mut ledger = ledger.lock().await;
                ledger.answers.insert(reply, question.clone());
                ledger.questions.insert(question, text);
            }
            Ok(answer) if answer.status >= 500 => {}
            Ok(answer) => panic!("unexpected: {answer:?}"),
            Err(_) => return,
        }
    }
}

async fn all_messages(owner: &Client, conversation: &str) -> Vec<Value> {
    let mut messages = Vec::new();
    let mut after = String::new();
    loop {
        let path = format!("/api/v1/conversations/{conversation}/messages?branch=all&limit=200{after}");
        let page = owner.get(&path).await.expect(200);
        messages.extend(page["items"].as_array().expect("items").clone());
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return messages,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_or_doubled_by_kill_dash_nine() {
    let upstream = Upstream::start().await;
    upstream.script("paced", Script::tokens(tokens()).paced(Duration::from_millis(20)));
    let builder =
        Server::builder().provider("mock", &upstream, "paced").env("COLLOQUY_APPLICATION__TITLES", "false");
    let mut server = builder.start().await;
    let mut owner = server.owner().await;
    let conversations = join_all((0..WRITERS).map(|_| {
        let owner = owner.clone();
        async move { owner.conversation_with(&json!({ "model": "mock/paced" })).await }
    }))
    .await;
    let ledger = Arc::new(Mutex::new(Ledger::default()));

    for round in 0..ROUNDS {
        let mut writers = JoinSet::new();
        for (writer, conversation) in conversations.iter().enumerate() {
            writers.spawn(write(owner.clone(), conversation.clone(), Arc::clone(&ledger), round, writer));
        }
        // Different points of the life of the streams: early, late, and in between.
        tokio::time::sleep(Duration::from_millis(150 + 370 * u64::from(round))).await;
        server = server.kill().await.start().await;
        writers.join_all().await;
        owner = owner.at(server.address());
    }

    for reply in ledger.lock().await.answers.keys() {
        owner.ended_for(reply).await;
    }
    let mut stored = HashMap::new();
    for conversation in &conversations {
        for message in all_messages(&owner, conversation).await {
            let id = message["id"].as_str().expect("an id").to_owned();
            assert!(stored.insert(id, message).is_none(), "a message is listed twice");
        }
    }
    let ledger = ledger.lock().await;
    assert!(ledger.questions.len() > WRITERS, "the test must have written something");
    for (id, text) in &ledger.questions {
        assert_eq!(stored[id]["parts"][0]["text"], text.as_str());
    }
    for (id, question) in &ledger.answers {
        assert_eq!(stored[id]["parent_id"], question.as_str());
    }
    let mut texts = HashMap::new();
    for message in stored.values() {
        assert!(
            message["status"] != "streaming" && message["status"] != "pending",
            "an answer is stuck: {message}"
        );
        if message["role"] == "user" {
            let text = message["parts"][0]["text"].as_str().expect("a text").to_owned();
            assert!(
                texts.insert(text, message["id"].clone()).is_none(),
                "a question was stored twice: {message}"
            );
        } else {
            let text = message["parts"][0]["text"].as_str().unwrap_or_default();
            let whole: String = tokens().concat();
            assert!(whole.starts_with(text), "an answer has text that was never sent: {text}");
            assert_eq!(message["status"] == "complete", text == whole, "{message}");
        }
    }
    for conversation in &conversations {
        for (attempt, text) in ledger.attempts.iter().filter(|(attempt, _)| attempt.starts_with(conversation))
        {
            let path = format!("/api/v1/conversations/{conversation}/messages");
            let body = json!({ "text": text, "parent_id": null });
            let again = owner.post_once(attempt, &path, &body).await.expect(201);
            if let Some(first) = texts.get(text) {
                assert_eq!(again["message"]["id"], *first, "a repetition must give the stored result");
            }
        }
    }
}

#[tokio::test]
async fn what_was_streamed_more_than_a_second_before_the_kill_is_kept() {
    let upstream = Upstream::start().await;
    upstream
        .script("slow", Script::tokens((0..100).map(|n| format!("{n} "))).paced(Duration::from_millis(30)));
    let server = Server::builder().provider("mock", &upstream, "slow").start().await;
    let owner = server.owner().await;
    let conversation = owner.conversation_with(&json!({ "model": "mock/slow" })).await;
    let mut socket = owner.socket().await;
    socket.subscribe(&format!("conversation:{conversation}"), None).await;
    let exchange = owner.send(&conversation, "Count").await;
    let mut received: Vec<(tokio::time::Instant, String)> = Vec::new();
    while received.len() < 60 {
        let delta = socket.expect_type("delta").await;
        received.push((tokio::time::Instant::now(), delta["text"].as_str().expect("a text").to_owned()));
    }
    let killed_at = tokio::time::Instant::now();
    let server = server.kill().await.start().await;
    let owner = owner.at(server.address());
    let reply = exchange["reply"]["id"].as_str().expect("an id");
    let stored = owner.ended_for(reply).await;
    assert_eq!(stored["status"], "interrupted");
    let old: String = received
        .iter()
        .filter(|(at, _)| killed_at.duration_since(*at) > Duration::from_secs(1))
        .map(|(_, text)| text.as_str())
        .collect();
    let kept = stored["parts"][0]["text"].as_str().expect("a text");
    assert!(!old.is_empty() && kept.starts_with(&old), "kept {kept:?}, but {old:?} was sent long before");
}
