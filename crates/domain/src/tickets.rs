//! Links and challenges that work once.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{TicketId, Timestamp, TokenHash, UserId, WorkspaceId};

/// Something that works once and for a while: a link in a mail, a challenge. Whoever has its token may use it; the
/// token is stored only as a hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// Its identifier.
    pub id: TicketId,
    /// What it is good for.
    pub kind: TicketKind,
    /// The workspace in which it works.
    pub workspace_id: WorkspaceId,
    /// For whom; `None` while it is not known who asks.
    pub user_id: Option<UserId>,
    /// The hash of its token.
    pub token_hash: TokenHash,
    /// What its use needs, in the form of whoever made it; at most 16 KiB.
    pub payload: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// After this it no longer works.
    pub expires_at: Timestamp,
}

/// What a ticket is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum TicketKind {
    /// Choosing the first password of an account that somebody else made.
    Activation,
    /// Choosing a new password.
    PasswordReset,
    /// Proving that one reads the mail of an address.
    EmailVerification,
    /// Adding a passkey.
    PasskeyRegistration,
    /// Signing in with a passkey.
    PasskeySignIn,
}
