//! Keys that programs present.

use crate::text::{single_line, text_type};
use crate::{ApiKeyId, KeyLimits, Scope, Timestamp, TokenHash, UserId, WorkspaceId};

/// A key that a program presents instead of a person. The key itself is shown once and stored only as a hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its identifier.
    pub id: ApiKeyId,
    /// The workspace in which it acts.
    pub workspace_id: WorkspaceId,
    /// On whose behalf it acts; it can never do more than they can.
    pub user_id: UserId,
    /// What its maker calls it.
    pub name: ApiKeyName,
    /// The first characters of the key, to recognise it by.
    pub prefix: String,
    /// The hash of the whole key.
    pub key_hash: TokenHash,
    /// What it may be used for.
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub created_at: Timestamp,
    /// After this it is no longer accepted; `None` means never.
    pub expires_at: Option<Timestamp>,
    /// When it was used last, to about a minute.
    pub last_used_at: Option<Timestamp>,
    /// How much it may be used.
    pub limits: KeyLimits,
}

text_type! {
    /// The name of an API key: one line of 1 to 120 characters.
    ApiKeyName, max 120, parse |text| single_line(text, ApiKeyName::MAX_CHARACTERS)
}
