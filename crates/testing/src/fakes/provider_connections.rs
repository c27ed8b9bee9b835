//! Providers that are connected by being remembered.

use async_trait::async_trait;
use domain::ProviderId;
use domain::ports::{
    ConnectionProblem, ProviderConnection, ProviderConnections, ProviderError, SettingsProvider,
};
use parking_lot::Mutex;

/// Connects providers by remembering them, and finds fault with none.
#[derive(Debug, Default)]
pub struct RememberedConnections(Mutex<Vec<Vec<ProviderConnection>>>);

impl RememberedConnections {
    /// What was connected, each time that something was, the newest last.
    pub fn all(&self) -> Vec<Vec<ProviderConnection>> {
        self.0.lock().clone()
    }
}

#[async_trait]
impl ProviderConnections for RememberedConnections {
    fn of_settings(&self) -> Vec<SettingsProvider> {
        Vec::new()
    }

    fn problems(&self, _: &ProviderConnection) -> Vec<ConnectionProblem> {
        Vec::new()
    }

    fn connect(&self, connections: Vec<ProviderConnection>) -> Vec<(ProviderId, ConnectionProblem)> {
        self.0.lock().push(connections);
        Vec::new()
    }

    async fn list_models(&self, connection: &ProviderConnection) -> Result<Vec<String>, ProviderError> {
        Ok(connection.models.iter().map(ToString::to_string).collect())
    }
}
