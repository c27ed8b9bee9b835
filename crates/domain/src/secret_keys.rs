//! Keys of the server itself.

use crate::{SecretKeyId, Timestamp};

/// A key of the server, as it is stored: encrypted with the key from the settings.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretKey {
    /// Its identifier.
    pub id: SecretKeyId,
    /// What it is for.
    pub purpose: KeyPurpose,
    /// The key, encrypted.
    pub wrapped: Vec<u8>,
    /// Which key it is encrypted with: the first 16 hexadecimal digits of a hash of it.
    pub wrapped_by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When another took its place; then it only reads what was made with it.
    pub retired_at: Option<Timestamp>,
}

/// What a key is for. Of each purpose one key is not retired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyPurpose {
    /// Hashing tokens and API keys. It is never rotated: what was hashed with it would be lost.
    Hashing,
    /// Encrypting what is stored.
    Sealing,
    /// Signing access tokens.
    Signing,
}

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = formatter.debug_struct("SecretKey");
        shown.field("id", &self.id).field("purpose", &self.purpose).finish_non_exhaustive()
    }
}
