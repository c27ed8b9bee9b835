//! Passkeys: key pairs on people's devices, which take the place of password and code.
//!
//! The browser binds what a passkey signs to the address of the page, so it is of no use to a page that only looks like
//! ours. Every ceremony answers a challenge that works once: a ticket. A device must have made sure that it is the right
//! person who holds it (*user verification*), by a finger, a face or a number.

mod manage;
mod register;
mod sign_in;

use std::time::Duration;

use domain::{Passkey, PasskeyId, PasskeyName, Timestamp};
use passki::{Passki, StoredPasskey};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::Error;

pub use manage::{DeletePasskey, ListPasskeys, UpdatePasskey};
pub use register::{BeginPasskey, CreatePasskey};
pub use sign_in::{PasskeySignInInput, challenge, sign_in};

/// How long somebody may take to answer a challenge.
const CHALLENGE: Duration = Duration::from_mins(5);
/// How many passkeys a person may have.
const MAX_PASSKEYS: usize = 50;
/// The longest that what a device says may be, in bytes of JSON.
const MAX_CREDENTIAL_BYTES: usize = 48 * 1024;

/// A passkey, as its person sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(title = "Passkey")]
pub struct PasskeyView {
    /// Its identifier.
    pub id: PasskeyId,
    /// What its person calls it.
    pub name: PasskeyName,
    /// When it was added.
    pub created_at: Timestamp,
    /// When somebody last signed in with it.
    pub last_used_at: Option<Timestamp>,
}

impl From<Passkey> for PasskeyView {
    fn from(passkey: Passkey) -> Self {
        let Passkey { id, name, created_at, last_used_at, .. } = passkey;
        Self { id, name, created_at, last_used_at }
    }
}

/// A challenge that a device has to answer.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(title = "PasskeyChallenge")]
pub struct PasskeyChallenge {
    /// To be given back with the answer; it works once, and for five minutes.
    pub state: String,
    /// What the browser needs: the options of `navigator.credentials` in JSON (`WebAuthn`, level 3).
    pub options: Map<String, Value>,
}

impl PasskeyChallenge {
    fn new(state: String, options: &impl Serialize) -> Result<Self, Error> {
        match serde_json::to_value(options).map_err(Error::internal)? {
            Value::Object(options) => Ok(Self { state, options }),
            _ => Err(Error::internal("the options of a challenge are no object")),
        }
    }
}

/// Whether people can have passkeys at a site: browsers keep them for names, not for numbers.
pub fn are_possible(site: Option<&str>) -> bool {
    relying_party(site).is_ok()
}

/// Ourselves, as passkeys know us.
fn relying_party(site: Option<&str>) -> Result<Passki, Error> {
    let host = site.and_then(host).ok_or_else(|| {
        let detail = "Browsers keep passkeys for servers that are called by a name, and this one was called by a number. \
                      On the same machine, call it localhost.";
        Error::conflict("passkeys_impossible", detail)
    })?;
    Ok(Passki::new(host, &[site.unwrap_or_default()], "Colloquy"))
}

/// The host of a site, without its port, where it is a name.
fn host(site: &str) -> Option<&str> {
    let (_, authority) = site.split_once("://")?;
    let host = authority.split(':').next()?;
    let is_number = authority.starts_with('[') || host.parse::<std::net::Ipv4Addr>().is_ok();
    (!host.is_empty() && !is_number).then_some(host)
}

/// What a device says, as the library reads it.
fn read<T: serde::de::DeserializeOwned>(credential: &Map<String, Value>) -> Result<T, Error> {
    let invalid = |detail: String| Error::invalid_field("/credential", "invalid", detail);
    let text = serde_json::to_string(credential).map_err(Error::internal)?;
    if text.len() > MAX_CREDENTIAL_BYTES {
        return Err(invalid(format!("must be at most {MAX_CREDENTIAL_BYTES} bytes long")));
    }
    serde_json::from_str(&text).map_err(|error| invalid(error.to_string()))
}

/// What was stored of a passkey.
fn stored(passkey: &Passkey) -> Result<StoredPasskey, Error> {
    serde_json::from_str(&passkey.credential).map_err(Error::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passkeys_are_for_names() {
        assert_eq!(host("https://chat.example.org"), Some("chat.example.org"));
        assert_eq!(host("http://localhost:8080"), Some("localhost"));
        for number in
            ["http://127.0.0.1:8080", "https://192.0.2.1", "http://[::1]:8080", "localhost", "https://"]
        {
            assert_eq!(host(number), None, "{number}");
            assert!(!are_possible(Some(number)), "{number}");
        }
        assert!(!are_possible(None));
    }
}
