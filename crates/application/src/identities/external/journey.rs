//! What a browser carries while it is away.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::ports::KeptSignIn;
use domain::{SessionId, Timestamp, UserId};
use serde::{Deserialize, Serialize};

use crate::{Code, Error, Services};

/// How long a browser may be away.
pub const AWAY: Duration = Duration::from_mins(10);
/// What the cookie is, for its encryption.
const ABOUT: &str = "signing in through a provider";
/// The longest address within this server that a browser is sent to afterwards.
const MAX_NEXT: usize = 1_000;

/// What a browser carries while it is away.
#[derive(Serialize, Deserialize)]
pub struct Journey {
    /// What its end needs.
    pub kept: KeptSignIn,
    /// What it is for.
    pub purpose: Purpose,
    /// Where to go afterwards.
    pub next: String,
    /// When it is over.
    pub until: Timestamp,
}

/// What a journey is for.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub enum Purpose {
    /// Signing in.
    SignIn,
    /// Adding a way to sign in to an account, in this session.
    Link {
        /// Whose account.
        user_id: UserId,
        /// The session that asked for it.
        session_id: SessionId,
    },
}

impl Journey {
    /// The text for the cookie.
    pub fn seal(&self, services: &Services) -> Result<String, Error> {
        let plain = serde_json::to_vec(self).map_err(Error::internal)?;
        Ok(URL_SAFE_NO_PAD.encode(services.keyring.seal(&plain, ABOUT, &*services.ports.ids)))
    }

    /// What a cookie says, where we wrote it and not too long ago.
    pub fn unseal(services: &Services, cookie: Option<&str>) -> Result<Self, Error> {
        let sealed = cookie.and_then(|cookie| URL_SAFE_NO_PAD.decode(cookie).ok());
        let plain = sealed.and_then(|sealed| services.keyring.unseal(&sealed, ABOUT).ok());
        let journey: Option<Self> = plain.and_then(|plain| serde_json::from_slice(&plain).ok());
        let now = services.ports.clock.now();
        journey.filter(|journey| journey.until > now).ok_or_else(expired)
    }
}

/// An address within this server, where `next` is one. Browsers take `//host` and `/\host` for other servers.
pub fn own_address(next: Option<&str>) -> Result<String, Error> {
    let next = next.unwrap_or("/");
    let is_plain = next.bytes().all(|byte| (0x21..0x7f).contains(&byte) && byte != b'\\');
    let is_own = next.starts_with('/') && !next.starts_with("//");
    if is_plain && is_own && next.len() <= MAX_NEXT {
        return Ok(next.to_owned());
    }
    Err(Error::invalid_field("/next", "invalid", "must be an address within this server, such as /"))
}

fn expired() -> Error {
    let detail = "This browser did not begin to sign in, or too long ago. Begin again.";
    Error::new(Code::Unauthenticated, "sign_in_expired", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_elsewhere() {
        assert_eq!(own_address(None).ok().as_deref(), Some("/"));
        for own in ["/", "/c/0192f000-0000-7000-8000-000000000000?leaf=1#x", "/settings//a"] {
            assert_eq!(own_address(Some(own)).ok().as_deref(), Some(own));
        }
        for elsewhere in [
            "",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "evil.example",
            "/a\r\nlocation: https://evil.example",
            "/\t/evil.example",
            " //evil.example",
            "/\u{ff0f}evil.example",
        ] {
            assert!(own_address(Some(elsewhere)).is_err(), "{elsewhere:?}");
        }
        assert!(own_address(Some(&format!("/{}", "a".repeat(MAX_NEXT)))).is_err());
    }
}
