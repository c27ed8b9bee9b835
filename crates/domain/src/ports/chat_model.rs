//! Language models.

use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_core::Stream;
use serde_json::{Map, Value};
use thiserror::Error;

use crate::{
    ConversationId, FinishReason, MessageRole, ModelName, Parameters, Part, PartDelta, Parts, Usage, UserId,
    WorkspaceId,
};

/// One language model service: answers in steps or at once.
#[async_trait]
pub trait ChatModel: Send + Sync {
    /// Starts an answer. The future resolves when the provider has accepted the request; the stream ends after
    /// [`CompletionEvent::Finished`] or an error. A stream that ends without either was cut: implementations give
    /// [`ProviderError::Interrupted`] then. Dropping the stream stops the generation.
    async fn stream(&self, request: CompletionRequest) -> Result<CompletionStream, ProviderError>;

    /// A whole answer at once.
    async fn complete(&self, request: CompletionRequest) -> Result<Completion, ProviderError>;
}

/// The steps of an answer.
pub type CompletionStream = Pin<Box<dyn Stream<Item = Result<CompletionEvent, ProviderError>> + Send>>;

/// What a model is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct CompletionRequest {
    /// The model as its provider calls it, without the provider's name.
    pub model: String,
    /// For whom.
    pub workspace_id: WorkspaceId,
    /// For whom.
    pub user_id: UserId,
    /// In which conversation; `None` for the OpenAI-compatible routes that keep nothing.
    pub conversation_id: Option<ConversationId>,
    /// What was said, oldest first, the system prompt among it.
    pub messages: Vec<ChatMessage>,
    /// How to answer.
    pub parameters: Parameters,
    /// Further fields of the request in OpenAI's terms (`tools`, `tool_choice`, `response_format`, `stop`, `seed`, …),
    /// passed on as they are by adapters whose provider knows them.
    pub extra: Map<String, Value>,
}

/// One message, as a model sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct ChatMessage {
    /// Who speaks.
    pub role: MessageRole,
    /// What is said. Reasoning, citations and unsupported parts are not sent to providers.
    pub parts: Parts,
}

/// One step of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum CompletionEvent {
    /// More of the answer. The first delta of every part is [`PartDelta::Started`]; parts are numbered from 0.
    Delta(PartDelta),
    /// The answer is over.
    Finished {
        /// Why the model stopped.
        finish_reason: FinishReason,
        /// What the generation consumed, where the provider says so.
        usage: Option<Usage>,
    },
}

/// A whole answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Completion {
    /// The parts of the answer.
    pub parts: Vec<Part>,
    /// Why the model stopped.
    pub finish_reason: FinishReason,
    /// What the generation consumed, where the provider says so.
    pub usage: Option<Usage>,
}

/// What can go wrong at a provider, as far as a caller or a person can act on it. Texts that came from the provider
/// are cut to some 500 characters and freed of control characters and credentials.
#[derive(Debug, Error)]
pub enum ProviderError {
    /// It cannot be reached or does not answer in time. Nothing was generated.
    #[error("the model provider cannot be reached")]
    Unreachable(#[source] Box<dyn Error + Send + Sync>),
    /// It answered nothing, or went silent, for longer than the named time-out.
    #[error("the model provider sent nothing for {} s", .after.as_secs())]
    Silent {
        /// How long it was waited for.
        after: Duration,
    },
    /// It asks for fewer requests.
    #[error("the model provider is rate limiting")]
    RateLimited {
        /// How long it asks to wait.
        retry_after: Option<Duration>,
    },
    /// It is broken or overloaded (a 5xx, or an error in the stream).
    #[error("the model provider failed: {detail}")]
    Failed {
        /// What it said.
        detail: String,
    },
    /// It does not accept the credentials.
    #[error("the model provider does not accept the credentials")]
    Unauthorized,
    /// It does not accept the request (another 4xx).
    #[error("the model provider refused the request: {detail}")]
    Refused {
        /// What it said.
        detail: String,
    },
    /// What it sent is not an answer.
    #[error("the model provider sent something that is not an answer: {detail}")]
    Garbled {
        /// What is wrong with it.
        detail: String,
    },
    /// The stream ended before the answer did.
    #[error("the model provider broke off in the middle of the answer")]
    Interrupted,
    /// The provider failed repeatedly and is left alone for a while.
    #[error("the model provider failed repeatedly and is left alone for a while")]
    BreakerOpen {
        /// When it will be tried again.
        retry_after: Duration,
    },
}

impl ProviderError {
    /// A stable slug for people and programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "provider_unreachable",
            Self::Silent { .. } => "provider_silent",
            Self::RateLimited { .. } => "provider_rate_limited",
            Self::Failed { .. } => "provider_failed",
            Self::Unauthorized => "provider_unauthorized",
            Self::Refused { .. } => "provider_refused",
            Self::Garbled { .. } => "provider_garbled",
            Self::Interrupted => "provider_interrupted",
            Self::BreakerOpen { .. } => "provider_resting",
        }
    }
}

/// Which models there are.
#[async_trait]
pub trait Models: Send + Sync {
    /// The model behind a full or an unambiguous bare name.
    fn resolve(&self, name: &ModelName) -> Result<ResolvedModel, ResolveError>;

    /// The model that answers when none is named: the operator's choice, else the first one connected, else
    /// [`ModelName::RECALL`].
    fn default_model(&self) -> ResolvedModel;

    /// All models, in a stable order: connected ones first.
    fn list(&self) -> Vec<ModelDescription>;
}

/// A model, ready to be asked.
#[derive(Clone)]
pub struct ResolvedModel {
    /// Its full name.
    pub name: ModelName,
    /// What its provider calls it.
    pub provider_model: String,
    /// Whether it is a language model; the built-in responder is not.
    pub is_language_model: bool,
    /// The way to ask it.
    pub chat: Arc<dyn ChatModel>,
}

impl std::fmt::Debug for ResolvedModel {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("ResolvedModel").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Why a name does not lead to a model.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ResolveError {
    /// There is no such model.
    #[error("there is no model of that name")]
    Unknown,
    /// Several providers have it.
    #[error("several providers have a model of that name: {}", .candidates.iter().map(ModelName::as_str).collect::<Vec<_>>().join(", "))]
    Ambiguous {
        /// The full names.
        candidates: Vec<ModelName>,
    },
}

/// What lists say about a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelDescription {
    /// Its full name.
    pub name: ModelName,
    /// The provider's name in the settings.
    pub provider: String,
    /// Whether it is a language model; the built-in responder is not.
    pub is_language_model: bool,
    /// Whether it answers when none is named.
    pub is_default: bool,
}
