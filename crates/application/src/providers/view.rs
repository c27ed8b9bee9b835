//! What is told of providers: never their keys.

use domain::ports::SettingsProvider;
use domain::{Provider, ProviderId, Timestamp, Version};
use schemars::JsonSchema;
use serde::Serialize;

/// A model provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(title = "Provider")]
pub struct ProviderView {
    /// Its identifier; `null` for one of the server's settings, which only the settings change.
    pub id: Option<ProviderId>,
    /// Where it comes from.
    pub source: ProviderSource,
    /// What begins the names of its models.
    pub name: String,
    /// Which protocol it speaks: `openai`, `openai-compatible`, `ollama` or `mistral`.
    pub kind: String,
    /// Its address; `null` for the usual one of its kind.
    pub base_url: Option<String>,
    /// Whether there is an API key, which nobody is shown.
    pub has_api_key: bool,
    /// The models that are offered; empty for all that it lists.
    pub models: Vec<String>,
    /// Whether it is used.
    pub enabled: bool,
    /// Why it cannot be used, where it is to be used.
    pub problem: Option<String>,
    /// For optimistic locking; `null` for one of the server's settings.
    pub version: Option<Version>,
    /// When it was connected; `null` for one of the server's settings.
    pub created_at: Option<Timestamp>,
    /// When it was last changed; `null` for one of the server's settings.
    pub updated_at: Option<Timestamp>,
}

/// Where a provider comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum ProviderSource {
    /// The settings of the server.
    Settings,
    /// An administrator connected it.
    Administrator,
}

impl ProviderView {
    /// A provider that an administrator connected, and what keeps it from being used.
    pub fn new(provider: &Provider, problem: Option<String>) -> Self {
        Self {
            id: Some(provider.id),
            source: ProviderSource::Administrator,
            name: provider.name.to_string(),
            kind: provider.kind.clone(),
            base_url: provider.base_url.clone(),
            has_api_key: provider.sealed_api_key.is_some(),
            models: provider.models.iter().map(ToString::to_string).collect(),
            enabled: provider.enabled,
            problem: problem.filter(|_| provider.enabled),
            version: Some(provider.version),
            created_at: Some(provider.created_at),
            updated_at: Some(provider.updated_at),
        }
    }
}

impl From<SettingsProvider> for ProviderView {
    fn from(provider: SettingsProvider) -> Self {
        Self {
            id: None,
            source: ProviderSource::Settings,
            name: provider.name,
            kind: provider.kind,
            base_url: provider.base_url,
            has_api_key: provider.has_api_key,
            models: provider.models,
            enabled: true,
            problem: None,
            version: None,
            created_at: None,
            updated_at: None,
        }
    }
}
