//! What the tests share.

use std::time::Duration;

use domain::Parts;
use domain::ports::{ChatMessage, ChatModel, CompletionEvent, CompletionRequest, ProviderError};
use domain::{FinishReason, MessageRole, Part, Usage};
use futures_util::StreamExt;
use llm::{OpenAiCompatible, ProviderKind, ProviderSettings, Secret};
use testing::contracts::chat_model::question;
use testing::upstream::Upstream;

/// The key that no error, log or other host may see.
pub const KEY: &str = "sk-test-0123456789";

/// Settings for the upstream, with short time-outs.
pub fn settings(upstream: &Upstream) -> ProviderSettings {
    ProviderSettings {
        base_url: Some(upstream.base_url()),
        api_key: Some(Secret::new(KEY)),
        connect_timeout_ms: 5000,
        first_token_timeout_ms: 1500,
        idle_timeout_ms: 1000,
        answer_timeout_ms: 2000,
        ..ProviderSettings::new(ProviderKind::OpenaiCompatible)
    }
}

/// Settings for the upstream whose time-outs play no part.
pub fn patient(upstream: &Upstream) -> ProviderSettings {
    ProviderSettings {
        first_token_timeout_ms: 60_000,
        idle_timeout_ms: 60_000,
        answer_timeout_ms: 60_000,
        ..settings(upstream)
    }
}

pub fn model(settings: &ProviderSettings) -> OpenAiCompatible {
    OpenAiCompatible::new(settings).expect("the settings are right")
}

/// A question to a model of this name.
pub fn ask(model: &str) -> CompletionRequest {
    let messages = vec![ChatMessage { role: MessageRole::User, parts: Parts::from_text("Hi") }];
    CompletionRequest { model: model.to_owned(), messages, ..question() }
}

/// What a reader saw of an answer.
#[derive(Debug)]
pub struct Seen {
    pub parts: Vec<Part>,
    pub end: Result<(FinishReason, Option<Usage>), ProviderError>,
}

impl Seen {
    pub fn text(&self) -> String {
        Parts::from(self.parts.clone()).prose()
    }

    /// The code of the error that ended it; `complete` where none did.
    pub fn code(&self) -> &'static str {
        self.end.as_ref().map_or_else(ProviderError::code, |_| "complete")
    }
}

/// Reads an answer to its end, whatever that is, within a time in which every test should have ended.
pub async fn read(model: &dyn ChatModel, request: CompletionRequest) -> Seen {
    tokio::time::timeout(Duration::from_secs(20), read_on(model, request))
        .await
        .expect("every answer ends in a bounded time")
}

async fn read_on(model: &dyn ChatModel, request: CompletionRequest) -> Seen {
    let mut parts = Parts::new();
    let mut steps = match model.stream(request).await {
        Ok(steps) => steps,
        Err(error) => return Seen { parts: Vec::new(), end: Err(error) },
    };
    let mut end = None;
    while let Some(step) = steps.next().await {
        assert!(end.is_none(), "a step after the end: {step:?}");
        match step {
            Ok(CompletionEvent::Delta(delta)) => parts.apply(&delta),
            Ok(CompletionEvent::Finished { finish_reason, usage }) => end = Some(Ok((finish_reason, usage))),
            Err(error) => end = Some(Err(error)),
        }
    }
    Seen { parts: parts.as_slice().to_vec(), end: end.expect("the stream says how it ends") }
}
