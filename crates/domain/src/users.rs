//! People with an account.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;

use crate::text::{InvalidText, single_line, text_type};
use crate::{Role, Timestamp, UserId, Version, WorkspaceId};

/// A person with an account, seen from the workspace they belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Their identifier.
    pub id: UserId,
    /// The workspace from which they are seen.
    pub workspace_id: WorkspaceId,
    /// The workspace in which the account was made or, once its person has left that, the one of theirs that they joined
    /// first: its administrators manage the account itself.
    pub home_workspace_id: WorkspaceId,
    /// What they may do in the workspace from which they are seen.
    pub role: Role,
    /// How they sign in; unique without regard to case.
    pub email: Email,
    /// What others see.
    pub display_name: DisplayName,
    /// Whether the account may be used.
    pub state: UserState,
    /// The argon2id hash of their password; `None` when they cannot sign in with one.
    pub password_hash: Option<PasswordHash>,
    /// For optimistic locking.
    pub version: Version,
    /// When the account was made.
    pub created_at: Timestamp,
}

/// Whether an account may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum UserState {
    /// Not yet: the address is not proven, the first password not chosen, or an administrator has not agreed.
    Pending,
    /// It may.
    Active,
    /// An administrator has barred it.
    Suspended,
}

/// What changed about an account. The event of each has a name of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UserChange {
    /// What others see.
    Profile,
    /// How they sign in.
    Email,
    /// The password; every session but, perhaps, the one that changed it ends beside it.
    Password,
    /// How the password is hashed, and nothing else.
    Rehashed,
    /// What they may do in the workspace from which they are seen.
    Role {
        /// What they could do before.
        previous: Role,
    },
    /// The account may be used from now on.
    Activated,
    /// The account may no longer be used.
    Suspended,
}

/// Why somebody was not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SignInFailure {
    /// There is no such account.
    UnknownAccount,
    /// The password is wrong.
    WrongPassword,
    /// The password is right and the code is wrong.
    WrongCode,
    /// A passkey that is not known, or whose signature is wrong.
    WrongPasskey,
    /// The account may not be used.
    NotActive,
    /// There were too many attempts. Noted once an hour for what they are counted against.
    Throttled,
    /// What a browser brought back from a sign-in provider is not what it left with.
    Mismatch,
    /// The sign-in provider let nobody in, or what it said does not hold.
    RefusedByProvider,
    /// The sign-in provider does not vouch for the person's address.
    EmailUnverified,
    /// There is an account with the person's address, and it is not joined.
    AccountExists,
    /// Nobody is given an account by coming from the sign-in provider.
    RegistrationClosed,
}

text_type! {
    /// An e-mail address, kept in lower case: one `@`, a local part of at most 64 octets and a dotted or bare
    /// domain, at most 254 characters in all (RFC 5321, 4.5.3.1). The domain is kept in its compatibility form (NFKC), in
    /// which full-width letters are plain ones; the local part, which only its mail server can interpret, is not.
    Email, max 254, parse parse_email
}

text_type! {
    /// What others see of a person: one line of 1 to 120 characters.
    DisplayName, max 120, parse |text| single_line(text, DisplayName::MAX_CHARACTERS)
}

/// A password hash in PHC string form. It never shows in debug output.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Wraps a PHC string.
    pub const fn from_phc(text: String) -> Self {
        Self(text)
    }

    /// The PHC string, for storage and verification.
    pub fn as_phc(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("PasswordHash(…)")
    }
}

fn parse_email(text: &str) -> Result<String, InvalidText> {
    const MALFORMED: InvalidText = InvalidText::Malformed { expected: "an e-mail address" };
    let text = single_line(text, Email::MAX_CHARACTERS)?.to_lowercase();
    let (local, domain) = text.rsplit_once('@').ok_or(MALFORMED)?;
    let domain = domain.nfkc().collect::<String>().to_lowercase();
    let local_is_valid = !local.is_empty()
        && local.len() <= 64
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && local.chars().all(|c| c.is_alphanumeric() || "!#$%&'*+/=?^_`{|}~.-".contains(c));
    let domain_is_valid = domain.split('.').all(|label| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    });
    if !local_is_valid || !domain_is_valid {
        return Err(MALFORMED);
    }
    let address = format!("{local}@{domain}");
    // A compatibility form may be longer than what it stands for.
    if address.chars().count() > Email::MAX_CHARACTERS {
        return Err(InvalidText::TooLong { limit: Email::MAX_CHARACTERS });
    }
    Ok(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_lower_cased_and_checked() {
        assert_eq!(Email::new(" Ada@Example.ORG ").map(|e| e.to_string()), Ok("ada@example.org".into()));
        assert!(Email::new("owner@localhost").is_ok());
        assert_eq!(
            Email::new("ada@ＥＸＡＭＰＬＥ．org").map(|e| e.to_string()),
            Ok("ada@example.org".into())
        );
        for wrong in
            ["", "ada", "@example.org", "ada@", "a b@example.org", "a@b@c", "a..b@example.org", "a@-b.org"]
        {
            assert!(Email::new(wrong).is_err(), "{wrong:?} was accepted");
        }
        assert!(Email::new(&format!("{}@example.org", "a".repeat(65))).is_err());
    }

    #[test]
    fn names_refuse_controls_and_overrides() {
        assert_eq!(DisplayName::new("Ada\u{202E}adA"), Err(InvalidText::ControlCharacter));
        assert_eq!(DisplayName::new("a\nb"), Err(InvalidText::ControlCharacter));
        assert_eq!(DisplayName::new(&"a".repeat(121)), Err(InvalidText::TooLong { limit: 120 }));
    }
}
