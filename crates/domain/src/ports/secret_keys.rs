//! The keys of the server itself, and what is encrypted with them.

use async_trait::async_trait;
use uuid::Uuid;

use super::StorageError;
use crate::{KeyPurpose, SecretKey, SecretKeyId};

/// The keys of the server itself, and what is encrypted with them. They are the operator's and no workspace's; replacing
/// them goes through the journal all the same, for the audit log.
#[async_trait]
pub trait SecretKeys: Send + Sync {
    /// Every key, oldest first.
    async fn secret_keys(&self) -> Result<Vec<SecretKey>, StorageError>;

    /// Adds a key unless there is one of its purpose that is not retired; gives whether it was added.
    async fn add_secret_key(&self, key: SecretKey) -> Result<bool, StorageError>;

    /// Removes a retired key; nothing may depend on it any more.
    async fn remove_secret_key(&self, id: SecretKeyId) -> Result<(), StorageError>;

    /// Up to `limit` encrypted values after a place, in the order of their places.
    async fn sealed_values(
        &self,
        after: Option<SealedPlace>,
        limit: u16,
    ) -> Result<Vec<(SealedPlace, Vec<u8>)>, StorageError>;

    /// Replaces an encrypted value by another form of the same; gives whether it still was what it was.
    async fn reseal(&self, place: SealedPlace, old: &[u8], new: &[u8]) -> Result<bool, StorageError>;
}

/// Where an encrypted value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SealedPlace {
    /// What it is.
    pub kind: SealedKind,
    /// The person or the provider.
    pub id: Uuid,
}

/// A kind of encrypted value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SealedKind {
    /// The secret of a person's codes.
    Totp,
    /// The API key of a model provider.
    ProviderKey,
}

impl SealedPlace {
    /// What the value is and whose: it can be decrypted as that only.
    pub fn about(&self) -> String {
        match self.kind {
            SealedKind::Totp => format!("totp {}", self.id),
            SealedKind::ProviderKey => format!("provider {}", self.id),
        }
    }
}

impl KeyPurpose {
    /// Every purpose.
    pub const ALL: [Self; 3] = [Self::Hashing, Self::Sealing, Self::Signing];
}
