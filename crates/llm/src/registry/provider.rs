//! One provider, and what is known of its models.

use std::collections::HashSet;
use std::sync::Arc;

use domain::ports::{ChatModel, ProviderConnection, ProviderError};
use outbound::Guard;
use url::Url;

use crate::openai_compatible::ListedModel;
use crate::settings::{ModelsSettings, ProviderSettings};
use crate::{Breaker, OpenAiCompatible, Retry};

/// The largest number of models of one provider.
const MOST_MODELS: usize = 2000;
/// What stands in the names of models that do not chat, in lists that mix all kinds.
const NOT_CHATTING: &[&str] = &[
    "embed",
    "whisper",
    "tts",
    "dall-e",
    "moderation",
    "transcribe",
    "rerank",
    "gpt-image",
    "sora-",
    "realtime",
];

/// A provider and what is known of its models.
#[derive(Clone)]
pub struct Provider {
    pub adapter: Arc<OpenAiCompatible>,
    pub chat: Arc<dyn ChatModel>,
    pub address: Url,
    /// Whether its models were named, so that it is not asked.
    pub is_fixed: bool,
    /// `None` while it has not told.
    pub models: Option<Vec<String>>,
    /// As which an administrator connected it.
    pub connection: Option<ProviderConnection>,
    /// Whether the last attempt to ask it failed; said once.
    is_away: bool,
}

impl Provider {
    /// A provider that the operator chose.
    pub fn of_operator(settings: &ProviderSettings, shared: &ModelsSettings) -> Result<Self, String> {
        Self::new(OpenAiCompatible::new(settings)?, settings, shared)
    }

    /// A provider that an administrator chose.
    pub fn guarded(
        connection: ProviderConnection,
        settings: &ProviderSettings,
        shared: &ModelsSettings,
        guard: &Guard,
    ) -> Result<Self, String> {
        let provider = Self::new(OpenAiCompatible::guarded(settings, guard)?, settings, shared)?;
        Ok(Self { connection: Some(connection), ..provider })
    }

    fn new(
        adapter: OpenAiCompatible,
        settings: &ProviderSettings,
        shared: &ModelsSettings,
    ) -> Result<Self, String> {
        let adapter = Arc::new(adapter);
        let inner: Arc<dyn ChatModel> = Arc::<OpenAiCompatible>::clone(&adapter);
        let breaker = Arc::new(Breaker::new(inner, shared.breaker));
        Ok(Self {
            adapter,
            chat: Arc::new(Retry::new(breaker, shared.retry)),
            address: settings.address().ok_or("the address is missing")?,
            is_fixed: !settings.models.is_empty(),
            models: (!settings.models.is_empty()).then(|| settings.models.clone()),
            connection: None,
            is_away: false,
        })
    }

    /// It has told its models.
    pub fn tells(&mut self, name: &str, models: Vec<ListedModel>) {
        let models = chatting(models.into_iter().map(|model| model.id).collect());
        if self.is_away || self.models.is_none() {
            tracing::info!(provider = name, models = models.len(), "a model provider is connected");
        }
        self.is_away = false;
        self.models = Some(models);
    }

    /// It cannot be asked; it keeps the models that it told of before.
    pub fn is_away(&mut self, name: &str, error: &ProviderError) {
        if !std::mem::replace(&mut self.is_away, true) {
            tracing::warn!(provider = name, %error, "a model provider does not tell its models; it is asked again");
        }
    }
}

/// The models that are meant for chatting, each once, as many as are kept.
pub fn chatting(models: Vec<String>) -> Vec<String> {
    let mut seen = HashSet::new();
    models
        .into_iter()
        .filter(|model| {
            let model = model.to_lowercase();
            !NOT_CHATTING.iter().any(|part| model.contains(part)) && seen.insert(model)
        })
        .take(MOST_MODELS)
        .collect()
}
