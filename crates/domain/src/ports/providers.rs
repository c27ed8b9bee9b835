//! Reading the model providers that administrators connected.

use async_trait::async_trait;

use super::StorageError;
use crate::{Provider, ProviderId};

/// Reading the model providers that administrators connected.
#[async_trait]
pub trait Providers: Send + Sync {
    /// All of them, in the order of their names.
    async fn providers(&self) -> Result<Vec<Provider>, StorageError>;

    /// One of them.
    async fn provider(&self, id: ProviderId) -> Result<Option<Provider>, StorageError>;
}
