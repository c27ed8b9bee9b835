//! Signed-in browsers.

use crate::{SessionId, Timestamp, UserId, WorkspaceId};

/// A signed-in browser. The token itself is never stored, only its hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its identifier.
    pub id: SessionId,
    /// Who signed in.
    pub user_id: UserId,
    /// The workspace that the session looks at.
    pub workspace_id: WorkspaceId,
    /// The hash of the opaque token in the cookie.
    pub token_hash: TokenHash,
    /// When it was opened.
    pub created_at: Timestamp,
    /// After this it is no longer accepted.
    pub expires_at: Timestamp,
}

/// A 256-bit hash of a random token.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// Wraps a hash.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, for storage.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Debug for TokenHash {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("TokenHash(…)")
    }
}
