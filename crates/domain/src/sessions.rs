//! Signed-in browsers and programs.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::text::{single_line, text_type};
use crate::{ApiKeyId, SessionId, Timestamp, UserId, WorkspaceId};

/// A signed-in browser or program. Tokens themselves are never stored, only hashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its identifier.
    pub id: SessionId,
    /// Who signed in.
    pub user_id: UserId,
    /// The workspace that the session looks at.
    pub workspace_id: WorkspaceId,
    /// How it proves itself.
    pub kind: SessionKind,
    /// Of a browser: the hash of the opaque token in the cookie. Of a program: random, and part of what its refresh
    /// tokens are made from.
    pub token_hash: TokenHash,
    /// Of a program: which of its refresh tokens counts; the first is 0. A browser's is always 0.
    pub generation: u32,
    /// When that refresh token was given; of a browser, when the session was opened.
    pub rotated_at: Timestamp,
    /// What it was opened with, such as "Firefox on Linux".
    pub device: Option<DeviceName>,
    /// Where it was used last, about a minute ago at most.
    pub last_address: Option<IpAddr>,
    /// When it was used last, to about a minute.
    pub last_used_at: Timestamp,
    /// When it was opened: when the person last proved who they are.
    pub created_at: Timestamp,
    /// After this it is no longer accepted.
    pub expires_at: Timestamp,
}

/// How a session proves itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum SessionKind {
    /// By a cookie.
    Browser,
    /// By short-lived access tokens, which a rotating refresh token renews.
    Program,
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SessionEnd {
    /// Whoever had it signed out.
    SignedOut,
    /// Its person ended it from elsewhere.
    Revoked,
    /// A refresh token that had been replaced was used again: somebody else may have it.
    Reused,
}

text_type! {
    /// What a session was opened with: one line of 1 to 120 characters.
    DeviceName, max 120, parse |text| single_line(text, DeviceName::MAX_CHARACTERS)
}

/// That a credential was used: written about once a minute, outside of the event log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CredentialUse {
    /// Which credential.
    pub credential: UsedCredential,
    /// When it was used last.
    pub at: Timestamp,
    /// From where, as far as it can be trusted.
    pub address: Option<IpAddr>,
}

/// A credential whose last use is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UsedCredential {
    /// A session.
    Session(SessionId),
    /// An API key.
    ApiKey(ApiKeyId),
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
