//! What proves who a person is, beyond their password.

use crate::text::{single_line, text_type};
use crate::{PasskeyId, Timestamp, UserId};

/// A secret that a person's device makes six-digit codes from (RFC 6238).
#[derive(Clone, PartialEq, Eq)]
pub struct Totp {
    /// Whose it is.
    pub user_id: UserId,
    /// The secret, encrypted.
    pub sealed_secret: Vec<u8>,
    /// The time step of the newest code that was used; a code of it, or an earlier one, no longer counts.
    pub last_step: u64,
    /// Since when codes are asked for.
    pub enabled_at: Timestamp,
}

/// A passkey: a key pair on a person's device or in their password manager (`WebAuthn`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passkey {
    /// Its identifier.
    pub id: PasskeyId,
    /// Whose it is.
    pub user_id: UserId,
    /// What its person calls it.
    pub name: PasskeyName,
    /// By which authenticators know it; unique.
    pub credential_id: Vec<u8>,
    /// Its public key and state, as JSON text in the form of the adapter that checks signatures.
    pub credential: String,
    /// When it was added.
    pub created_at: Timestamp,
    /// When somebody last signed in with it.
    pub last_used_at: Option<Timestamp>,
}

text_type! {
    /// The name of a passkey: one line of 1 to 120 characters.
    PasskeyName, max 120, parse |text| single_line(text, PasskeyName::MAX_CHARACTERS)
}

/// A person as an `OpenID` provider knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalIdentity {
    /// The account here.
    pub user_id: UserId,
    /// The provider.
    pub issuer: String,
    /// The person's name there, which never changes.
    pub subject: String,
    /// When the two were put together.
    pub created_at: Timestamp,
}

impl std::fmt::Debug for Totp {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Totp").field("user_id", &self.user_id).finish_non_exhaustive()
    }
}
