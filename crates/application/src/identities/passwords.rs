//! Passwords: hashed with argon2id, off the threads that serve requests, few at a time.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash as PhcHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use domain::PasswordHash;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use crate::{Code, Error, Settings};

/// How many passwords are hashed at one time: each takes tens of megabytes and a core.
const AT_ONE_TIME: usize = 2;
/// How many may wait for that; more are refused.
const WAITING: usize = 64;

/// A password as a person typed it: 8 to 1,024 characters. It never shows in debug output.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Password(String);

impl Password {
    /// The fewest characters.
    pub const MIN_CHARACTERS: usize = 8;
    /// The most characters.
    pub const MAX_CHARACTERS: usize = 1_024;

    /// Checks the length.
    pub fn new(text: &str) -> Result<Self, &'static str> {
        let length = text.chars().count();
        if length < Self::MIN_CHARACTERS {
            Err("must be at least 8 characters long")
        } else if length > Self::MAX_CHARACTERS {
            Err("must be at most 1024 characters long")
        } else {
            Ok(Self(text.to_owned()))
        }
    }

    /// What was typed.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Password(…)")
    }
}

impl<'de> Deserialize<'de> for Password {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        Self::new(&text).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Password {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Password".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "format": "password",
            "minLength": Self::MIN_CHARACTERS,
            "maxLength": Self::MAX_CHARACTERS,
        })
    }
}

/// Hashing and checking passwords.
#[derive(Clone)]
pub struct Passwords {
    argon2: Argon2<'static>,
    permits: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

impl Passwords {
    /// With the cost that the settings name.
    pub fn new(settings: &Settings) -> Self {
        let params =
            Params::new(settings.argon2_memory_kib, settings.argon2_passes, 1, None).unwrap_or_default();
        Self {
            argon2: Argon2::new(Algorithm::Argon2id, Version::V0x13, params),
            permits: Arc::new(Semaphore::new(AT_ONE_TIME)),
            waiting: Arc::new(Semaphore::new(WAITING)),
        }
    }

    /// Hashes a password with a fresh salt.
    pub async fn hash(&self, password: &Password) -> Result<PasswordHash, Error> {
        let (argon2, password) = (self.argon2.clone(), password.clone());
        self.blocking(move || {
            let hash = argon2.hash_password(password.as_str().as_bytes());
            hash.map(|hash| PasswordHash::from_phc(hash.to_string())).map_err(Error::internal)
        })
        .await?
    }

    /// Whether a password fits a hash. Without a hash it takes as long and gives `false`, so that nobody learns from the
    /// time which accounts exist.
    pub async fn verify(&self, password: &str, hash: Option<&PasswordHash>) -> Result<bool, Error> {
        let (argon2, password, hash) = (self.argon2.clone(), password.to_owned(), hash.cloned());
        self.blocking(move || match hash.as_ref().map(|hash| PhcHash::new(hash.as_phc())) {
            Some(Ok(stored)) => Ok(argon2.verify_password(password.as_bytes(), &stored).is_ok()),
            Some(Err(error)) => Err(Error::internal(error)),
            None => argon2.hash_password(password.as_bytes()).map(|_| false).map_err(Error::internal),
        })
        .await?
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let Ok(_place) = Arc::clone(&self.waiting).try_acquire_owned() else {
            let detail = "Too many people are signing in at this moment. Try again in a few seconds.";
            return Err(Error::new(Code::Overloaded, "overloaded", detail)
                .retry_after(std::time::Duration::from_secs(2)));
        };
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(Error::internal)?;
        tokio::task::spawn_blocking(move || {
            let result = work();
            drop(permit);
            result
        })
        .await
        .map_err(Error::internal)
    }
}
