//! Connecting model providers while the server runs.

use async_trait::async_trait;

use super::ProviderError;
use crate::{ModelName, ProviderId, ProviderKey, ProviderName};

/// Connecting model providers while the server runs. Whatever is connected here was chosen by somebody who does not run
/// the server: connections go to public addresses, and to hosts that the operator allows.
#[async_trait]
pub trait ProviderConnections: Send + Sync {
    /// The providers that the operator's settings name, in the order of their names.
    fn of_settings(&self) -> Vec<SettingsProvider>;

    /// What keeps a provider from being connected, as far as can be told without asking it.
    fn problems(&self, connection: &ProviderConnection) -> Vec<ConnectionProblem>;

    /// Connects these, and lets go of all others that were connected so before. What is connected already, and has not
    /// changed, stays as it is; answers under way go on. Gives those that cannot be connected.
    fn connect(&self, connections: Vec<ProviderConnection>) -> Vec<(ProviderId, ConnectionProblem)>;

    /// Asks a provider, connected or not, for the models that it offers, and sends nothing else. With its key, if it has
    /// one.
    async fn list_models(&self, connection: &ProviderConnection) -> Result<Vec<String>, ProviderError>;
}

/// How a provider is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderConnection {
    /// Which provider.
    pub id: ProviderId,
    /// What begins the names of its models.
    pub name: ProviderName,
    /// Which protocol it speaks, as in the settings.
    pub kind: String,
    /// Its address; `None` for the usual one of its kind.
    pub base_url: Option<String>,
    /// Its API key.
    pub api_key: Option<ProviderKey>,
    /// The models to offer; empty for all that it lists.
    pub models: Vec<ModelName>,
}

/// Why a provider cannot be connected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionProblem {
    /// The field that causes it, such as `base_url`.
    pub field: &'static str,
    /// What is wrong with it, in words that fit behind the name of the field.
    pub problem: String,
}

/// A provider that the operator's settings name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsProvider {
    /// What begins the names of its models.
    pub name: String,
    /// Which protocol it speaks.
    pub kind: String,
    /// Its address; `None` for the usual one of its kind.
    pub base_url: Option<String>,
    /// Whether there is an API key.
    pub has_api_key: bool,
    /// The models to offer; empty for all that it lists.
    pub models: Vec<String>,
}
