//! Passwords: hashed with argon2id, off the threads that serve requests, few at a time.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash as PhcHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use domain::PasswordHash;
use domain::ports::Ids;
use parking_lot::Mutex;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use tokio::sync::Semaphore;

use super::strength;
use crate::{Code, Error, Settings};

/// How many passwords are hashed at one time: each takes tens of megabytes and a core.
const AT_ONE_TIME: usize = 2;
/// How many may wait for that; more are refused.
const WAITING: usize = 64;
/// The length of a salt (RFC 9106, section 3.1 recommends 16).
const SALT_BYTES: usize = 16;

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
    params: Params,
    ids: Arc<dyn Ids>,
    /// The memory that hashing fills, used again: given back to the allocator, it would stay with whichever thread freed
    /// it, tens of megabytes a thread.
    memory: Arc<Mutex<Vec<Memory>>>,
    permits: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

/// The memory that hashing one password fills.
type Memory = Vec<Block>;

impl Passwords {
    /// With the cost that the settings name.
    pub fn new(settings: &Settings, ids: Arc<dyn Ids>) -> Self {
        let params =
            Params::new(settings.argon2_memory_kib, settings.argon2_passes, 1, None).unwrap_or_default();
        Self {
            params,
            ids,
            memory: Arc::default(),
            permits: Arc::new(Semaphore::new(AT_ONE_TIME)),
            waiting: Arc::new(Semaphore::new(WAITING)),
        }
    }

    /// Hashes a password that somebody chose, with a fresh salt. `about` is what is known of them.
    ///
    /// # Errors
    /// `invalid_input` at `/password` when it is too easy to guess.
    pub async fn hash_new(&self, password: &Password, about: &[&str]) -> Result<PasswordHash, Error> {
        let (chosen, about) =
            (password.clone(), about.iter().map(|&text| text.to_owned()).collect::<Vec<_>>());
        self.blocking(move |_| strength::check(&chosen, &about)).await?;
        self.hash(password).await
    }

    /// Hashes a password with a fresh salt.
    pub async fn hash(&self, password: &Password) -> Result<PasswordHash, Error> {
        self.hash_text(password.as_str()).await
    }

    /// Hashes a password, which was just checked against a hash, once more where the settings ask for another cost.
    pub async fn renew(&self, password: &str, hash: &PasswordHash) -> Result<Option<PasswordHash>, Error> {
        let stored = PhcHash::new(hash.as_phc()).map_err(Error::internal)?;
        let is_current = stored.algorithm == Algorithm::Argon2id.ident()
            && stored.version == Some(Version::V0x13.into())
            && Params::try_from(&stored).is_ok_and(|params| cost(&params) == cost(&self.params));
        if is_current { Ok(None) } else { self.hash_text(password).await.map(Some) }
    }

    async fn hash_text(&self, password: &str) -> Result<PasswordHash, Error> {
        let (params, password, secret) = (self.params.clone(), password.to_owned(), self.ids.secret());
        self.blocking(move |memory| {
            let salt = &secret[..SALT_BYTES];
            let output = digest(&params, Version::V0x13, &password, salt, memory)?;
            let hash = PhcHash {
                algorithm: Algorithm::Argon2id.ident(),
                version: Some(Version::V0x13.into()),
                params: ParamsString::try_from(&params).map_err(Error::internal)?,
                salt: Some(Salt::new(salt).map_err(Error::internal)?),
                hash: Some(Output::new(&output).map_err(Error::internal)?),
            };
            Ok(PasswordHash::from_phc(hash.to_string()))
        })
        .await
    }

    /// Whether a password fits a hash. Without a hash it takes as long and gives `false`, so that nobody learns from the
    /// time which accounts exist.
    pub async fn verify(&self, password: &str, hash: Option<&PasswordHash>) -> Result<bool, Error> {
        let (params, password, hash) = (self.params.clone(), password.to_owned(), hash.cloned());
        self.blocking(move |memory| match hash {
            Some(hash) => fits(&password, &hash, memory),
            None => digest(&params, Version::V0x13, &password, &[0; SALT_BYTES], memory).map(|_| false),
        })
        .await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Memory) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let Ok(_place) = Arc::clone(&self.waiting).try_acquire_owned() else {
            let detail = "Too many people are signing in at this moment. Try again in a few seconds.";
            return Err(Error::new(Code::Overloaded, "overloaded", detail)
                .retry_after(std::time::Duration::from_secs(2)));
        };
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(Error::internal)?;
        let memories = Arc::clone(&self.memory);
        tokio::task::spawn_blocking(move || {
            let mut memory = memories.lock().pop().unwrap_or_default();
            let result = work(&mut memory);
            memories.lock().push(memory);
            drop(permit);
            result
        })
        .await
        .map_err(Error::internal)?
    }
}

/// Memory, passes and lanes.
const fn cost(params: &Params) -> (u32, u32, u32) {
    (params.m_cost(), params.t_cost(), params.p_cost())
}

/// Whether a password gives the stored hash, at the cost that the hash names.
fn fits(password: &str, hash: &PasswordHash, memory: &mut Memory) -> Result<bool, Error> {
    let stored = PhcHash::new(hash.as_phc()).map_err(Error::internal)?;
    let (Some(salt), Some(expected)) = (&stored.salt, &stored.hash) else {
        return Err(Error::internal("a stored password hash has no salt or no output"));
    };
    if stored.algorithm != Algorithm::Argon2id.ident() {
        return Err(Error::internal("a stored password hash is not argon2id"));
    }
    let version = stored.version.map_or(Ok(Version::V0x13), Version::try_from).map_err(Error::internal)?;
    let params = Params::try_from(&stored).map_err(Error::internal)?;
    let output = digest(&params, version, password, salt.as_ref(), memory)?;
    Ok(output.ct_eq(expected.as_ref()).into())
}

fn digest(
    params: &Params,
    version: Version,
    password: &str,
    salt: &[u8],
    memory: &mut Memory,
) -> Result<Vec<u8>, Error> {
    let mut output = vec![0; params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN)];
    memory.resize(params.block_count(), Block::default());
    Argon2::new(Algorithm::Argon2id, version, params.clone())
        .hash_password_into_with_memory(password.as_bytes(), salt, &mut output, memory)
        .map_err(Error::internal)?;
    Ok(output)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct OneSecret;

    impl Ids for OneSecret {
        fn uuid(&self) -> uuid::Uuid {
            uuid::Uuid::nil()
        }

        fn secret(&self) -> [u8; 32] {
            [7; 32]
        }
    }

    #[tokio::test]
    async fn a_hash_is_standard_fits_its_password_alone_and_takes_memory_once() {
        let settings = Settings { argon2_memory_kib: 8_192, argon2_passes: 1, ..Settings::default() };
        let passwords = Passwords::new(&settings, Arc::new(OneSecret));
        let password = Password::new("correct horse").expect("long enough");
        let hash = passwords.hash(&password).await.expect("a hash");
        assert!(hash.as_phc().starts_with("$argon2id$v=19$m=8192,t=1,p=1$"), "{}", hash.as_phc());
        let standard = PhcHash::new(hash.as_phc()).expect("a PHC string");
        let library = Argon2::default();
        assert!(argon2::PasswordVerifier::verify_password(&library, b"correct horse", &standard).is_ok());
        for _ in 0..3 {
            assert!(passwords.verify("correct horse", Some(&hash)).await.expect("an answer"));
            assert!(!passwords.verify("wrong horse", Some(&hash)).await.expect("an answer"));
            assert!(!passwords.verify("correct horse", None).await.expect("an answer"));
        }
        assert_eq!(passwords.memory.lock().len(), 1);
    }

    #[tokio::test]
    async fn a_hash_is_renewed_where_the_settings_have_changed() {
        let settings = Settings { argon2_memory_kib: 8_192, argon2_passes: 1, ..Settings::default() };
        let stronger = Settings { argon2_passes: 2, ..settings.clone() };
        let [before, after] =
            [settings, stronger].map(|settings| Passwords::new(&settings, Arc::new(OneSecret)));
        let password = Password::new("correct horse").expect("long enough");
        let old = before.hash(&password).await.expect("a hash");
        assert_eq!(before.renew("correct horse", &old).await.expect("an answer"), None);
        let new = after.renew("correct horse", &old).await.expect("an answer").expect("another hash");
        assert!(new.as_phc().starts_with("$argon2id$v=19$m=8192,t=2,p=1$"), "{}", new.as_phc());
        assert!(after.verify("correct horse", Some(&new)).await.expect("an answer"));
        assert_eq!(after.renew("correct horse", &new).await.expect("an answer"), None);
    }
}
