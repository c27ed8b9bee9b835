//! Conversations: what a person does with them, over REST.

use futures_util::future::join_all;
use serde_json::json;
use testing::upstream::{Script, Upstream};

use crate::harness::Server;

#[tokio::test]
async fn a_question_gets_a_durable_answer_from_the_model() {
    let upstream = Upstream::start().await;
    upstream.script("echo", Script::tokens(["Hello", ", ", "world"]));
    let server = Server::builder().provider("mock", &upstream, "echo").start().await;
    let owner = server.owner().await;
    let conversation = owner.conversation_with(&json!({ "model": "mock/echo" })).await;

    let answer = owner.ask(&conversation, "Say hello").await;

    assert_eq!(answer["status"], "complete");
    assert_eq!(answer["role"], "assistant");
    assert_eq!(answer["model"], "mock/echo");
    assert_eq!(answer["parts"], json!([{ "kind": "text", "text": "Hello, world" }]));
    let stored = owner.get(&format!("/api/v1/conversations/{conversation}")).await.expect(200);
    assert_eq!(stored["active_leaf_id"], answer["id"]);
    assert_eq!(stored["message_count"], 2);
}

#[tokio::test]
async fn without_a_model_recall_answers_from_earlier_messages_and_says_so() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let earlier = owner.conversation().await;
    owner.ask(&earlier, "The tomatoes on the north balcony need a trellis").await;
    let later = owner.conversation().await;

    let answer = owner.ask(&later, "What did I write about tomatoes?").await;

    assert_eq!(answer["status"], "complete");
    assert_eq!(answer["model"], "builtin/recall");
    let text = answer["parts"].to_string();
    assert!(text.contains("north balcony"), "{text}");
    assert!(text.contains(&format!("/c/{earlier}")), "{text}");
}

#[tokio::test]
async fn messages_sent_to_one_conversation_at_one_time_all_get_through() {
    const WRITERS: usize = 16;
    const MESSAGES: usize = 4;
    let server = Server::start().await;
    let owner = server.owner().await;
    let conversation = owner.conversation().await;
    let path = format!("/api/v1/conversations/{conversation}/messages");
    join_all((0..WRITERS).map(|writer| {
        let (owner, path) = (owner.clone(), path.clone());
        async move {
            for number in 0..MESSAGES {
                let text = format!("{writer}.{number}");
                let message = json!({ "text": text, "reply": false, "parent_id": null });
                owner.post(&path, &message).await.expect(201);
            }
        }
    }))
    .await;
    let stored = owner.get(&format!("/api/v1/conversations/{conversation}")).await.expect(200);
    assert_eq!(stored["message_count"], WRITERS * MESSAGES);
}
