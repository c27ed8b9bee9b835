//! What every [`ChatModel`] does. The model under test must answer [`question`] with some text, the same one every
//! time.

use std::sync::Arc;

use domain::ports::{ChatMessage, ChatModel, CompletionEvent, CompletionRequest};
use domain::{FinishReason, MessageRole, Part, PartDelta, Parts, Usage, UserId, WorkspaceId};
use futures_util::StreamExt;
use uuid::Uuid;

/// The name of the model in [`question`].
pub const MODEL: &str = "contract";

/// The request that the suite makes.
pub fn question() -> CompletionRequest {
    let message = |role, text: &str| ChatMessage { role, parts: Parts::from_text(text) };
    CompletionRequest {
        model: MODEL.to_owned(),
        workspace_id: WorkspaceId::from_uuid(Uuid::from_u128(1)),
        user_id: UserId::from_uuid(Uuid::from_u128(2)),
        conversation_id: None,
        messages: vec![
            message(MessageRole::System, "You are brief."),
            message(MessageRole::User, "What did I write about tomatoes?"),
        ],
        parameters: domain::Parameters::default(),
        extra: serde_json::Map::new(),
    }
}

/// An answer as a reader of the stream sees it.
#[derive(Debug, PartialEq)]
struct Seen {
    parts: Vec<Part>,
    finish_reason: FinishReason,
    usage: Option<Usage>,
}

async fn read(port: &dyn ChatModel) -> Seen {
    let mut steps = port.stream(question()).await.expect("the question is accepted");
    let mut parts = Parts::new();
    while let Some(step) = steps.next().await {
        match step.expect("the answer does not fail") {
            CompletionEvent::Delta(delta) => {
                if let PartDelta::Appended { part, .. } = &delta {
                    assert!(*part < parts.len(), "part {part} was appended to before it began");
                }
                parts.apply(&delta);
            }
            CompletionEvent::Finished { finish_reason, usage } => {
                assert!(steps.next().await.is_none(), "something came after the end");
                return Seen { parts: parts.as_slice().to_vec(), finish_reason, usage };
            }
        }
    }
    panic!("the stream ended without saying that the answer is over");
}

/// Every part begins before it is appended to, the end comes once and last, and there is some text.
pub async fn streams_parts_in_order_and_ends_once(port: Arc<dyn ChatModel>) {
    let seen = read(&*port).await;
    assert_eq!(seen.finish_reason, FinishReason::Stop);
    assert!(!Parts::from(seen.parts).prose().is_empty(), "the answer says nothing");
}

/// A text comes in several pieces.
pub async fn streams_a_text_in_several_pieces(port: Arc<dyn ChatModel>) {
    let steps: Vec<_> = port.stream(question()).await.expect("the question is accepted").collect().await;
    let is_piece = |step: &&Result<CompletionEvent, _>| {
        matches!(step, Ok(CompletionEvent::Delta(PartDelta::Appended { .. })))
    };
    assert!(steps.iter().filter(is_piece).count() > 1, "{steps:?}");
}

/// An answer is the same whether it comes in steps or as a whole, but for what the provider states of both.
pub async fn a_whole_answer_is_the_sum_of_its_steps(port: Arc<dyn ChatModel>) {
    let seen = read(&*port).await;
    let whole = port.complete(question()).await.expect("the question is accepted");
    let whole = Seen { parts: whole.parts, finish_reason: whole.finish_reason, usage: whole.usage };
    assert_eq!(seen, whole);
}

/// A stream that is dropped in the middle disturbs no other.
pub async fn a_dropped_stream_disturbs_no_other(port: Arc<dyn ChatModel>) {
    let before = read(&*port).await;
    let mut dropped = port.stream(question()).await.expect("the question is accepted");
    dropped.next().await.expect("there is a first step").expect("the answer does not fail");
    drop(dropped);
    drop(port.stream(question()).await.expect("the question is accepted"));
    assert_eq!(read(&*port).await, before);
}

/// Answers at the same time do not mix.
pub async fn answers_at_the_same_time_do_not_mix(port: Arc<dyn ChatModel>) {
    let alone = read(&*port).await;
    let together = futures_util::future::join_all((0..8).map(|_| read(&*port))).await;
    assert!(together.iter().all(|seen| *seen == alone), "{together:?}");
}

/// Makes a test of every case. `$setup` is an expression that an `async` block can hold and that gives
/// `(Arc<dyn ChatModel>, guard)`; the guard is dropped after the case.
#[macro_export]
macro_rules! chat_model_contract {
    ($setup:expr) => {
        $crate::chat_model_contract! { @cases $setup;
            streams_parts_in_order_and_ends_once
            streams_a_text_in_several_pieces
            a_whole_answer_is_the_sum_of_its_steps
            a_dropped_stream_disturbs_no_other
            answers_at_the_same_time_do_not_mix
        }
    };
    (@cases $setup:expr; $($case:ident)+) => {$(
        #[tokio::test]
        async fn $case() {
            let (port, _guard) = $setup;
            $crate::contracts::chat_model::$case(port).await;
        }
    )+};
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use domain::ports::ChatModel;

    use crate::fakes::ScriptedModel;

    crate::chat_model_contract! {
        (Arc::new(ScriptedModel::answering("you wrote nothing about tomatoes")) as Arc<dyn ChatModel>, ())
    }
}
