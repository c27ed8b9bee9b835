//! The keys of the server itself: one from the settings, and those that it opens.
//!
//! The key from the settings (the *root key*) encrypts nothing but other keys. Those are made at the first start, stored
//! encrypted, and the same on every node: one hashes tokens, one encrypts what is stored, one signs access tokens. So a
//! new root key means encrypting three short values anew, and a new key of one purpose leaves the others alone.

mod root;
mod rotation;
mod sealing;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use domain::ports::{Clock, Ids, SecretKeys, StorageError};
use domain::{KeyPurpose, SecretKey, SecretKeyId, Timestamp, TokenHash};
use parking_lot::RwLock;
use thiserror::Error;

pub use root::{RootKey, RootKeys};
pub use rotation::{Losses, RotateSecretKeys, losses, reset};
pub use sealing::{Sealed, Unsealable};

/// How long every process has known of a new key at the latest; until then others may still use the one before.
const LEARNED_WITHIN: Duration = Duration::from_mins(2);

/// The keys of the server itself.
pub struct Keyring {
    stored: Option<Stored>,
    keys: RwLock<Keys>,
}

/// Where the keys came from.
struct Stored {
    port: Arc<dyn SecretKeys>,
    roots: RootKeys,
}

/// Every key that is known.
struct Keys {
    hashing: [u8; 32],
    sealing: Present,
    signing: Present,
    all: HashMap<SecretKeyId, Known>,
}

/// A key that is known, retired or not.
#[derive(Clone, Copy)]
struct Known {
    purpose: KeyPurpose,
    bytes: [u8; 32],
    retired_at: Option<Timestamp>,
}

/// The key of a purpose that is not retired.
#[derive(Clone, Copy)]
struct Present {
    id: SecretKeyId,
    bytes: [u8; 32],
}

/// A key that signs, or has signed, access tokens.
#[derive(Clone, Copy)]
pub struct SigningKey {
    /// Its name in tokens (`kid`).
    pub id: SecretKeyId,
    /// The seed of the Ed25519 key pair.
    pub seed: [u8; 32],
}

/// Why the keys of the server cannot be used.
#[derive(Debug, Error)]
pub enum KeyringError {
    /// The database does not answer.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The keys in the database were encrypted with another root key.
    #[error(
        "the secret key is not the one of this database: its keys were encrypted with the one whose fingerprint is {0}"
    )]
    ForeignRoot(String),
    /// Something that is stored, which this names, cannot be decrypted.
    #[error("{0}: an encrypted value cannot be read, because it was changed or belongs elsewhere")]
    Unsealable(String),
    /// A stored key is not what was stored.
    #[error("a stored key is damaged, or was changed by somebody else")]
    Damaged,
}

impl Keyring {
    /// Reads the keys, and makes those that do not exist yet. Of many processes that do so at once, one makes each.
    ///
    /// # Errors
    /// See [`KeyringError`].
    pub async fn open(
        port: Arc<dyn SecretKeys>,
        roots: RootKeys,
        clock: &dyn Clock,
        ids: &dyn Ids,
    ) -> Result<Self, KeyringError> {
        let stored = port.secret_keys().await?;
        for purpose in KeyPurpose::ALL {
            if !stored.iter().any(|key| key.purpose == purpose && key.retired_at.is_none()) {
                port.add_secret_key(roots.fresh(purpose, clock, ids)).await?;
            }
        }
        let keys = Keys::read(&port.secret_keys().await?, &roots)?;
        Ok(Self { stored: Some(Stored { port, roots }), keys: RwLock::new(keys) })
    }

    /// The keys as they were read, without a way to read them again.
    ///
    /// # Errors
    /// See [`KeyringError`].
    pub fn of(stored: &[SecretKey], roots: &RootKeys) -> Result<Self, KeyringError> {
        Ok(Self { stored: None, keys: RwLock::new(Keys::read(stored, roots)?) })
    }

    /// Keys that are stored nowhere, and end with the process: for what keeps nothing.
    pub fn ephemeral(ids: &dyn Ids) -> Self {
        let fresh = || Present { id: SecretKeyId::from_uuid(ids.uuid()), bytes: ids.secret() };
        let (sealing, signing) = (fresh(), fresh());
        let known = |purpose, key: Present| (key.id, Known { purpose, bytes: key.bytes, retired_at: None });
        let all = HashMap::from([known(KeyPurpose::Sealing, sealing), known(KeyPurpose::Signing, signing)]);
        let keys = Keys { hashing: ids.secret(), sealing, signing, all };
        Self { stored: None, keys: RwLock::new(keys) }
    }

    /// Reads the keys again: another process may have replaced some.
    ///
    /// # Errors
    /// See [`KeyringError`]; the keys stay as they were.
    pub async fn refresh(&self) -> Result<(), KeyringError> {
        let Some(Stored { port, roots }) = &self.stored else { return Ok(()) };
        let keys = Keys::read(&port.secret_keys().await?, roots)?;
        *self.keys.write() = keys;
        Ok(())
    }

    /// The hash under which a token or an API key is stored. Tokens are random and long, so a fast hash is enough; it is
    /// keyed, so that whoever reads the database alone cannot even try.
    pub fn hash(&self, token: &str) -> TokenHash {
        TokenHash::new(*blake3::keyed_hash(&self.keys.read().hashing, token.as_bytes()).as_bytes())
    }

    /// A code that only the server can make, for `input` and a use that `context` names.
    pub fn authenticate(&self, context: &'static str, input: &[u8]) -> [u8; 32] {
        let key = blake3::derive_key(context, &self.keys.read().hashing);
        *blake3::keyed_hash(&key, input).as_bytes()
    }

    /// The key that signs access tokens.
    pub fn signing_key(&self) -> SigningKey {
        let Present { id, bytes } = self.keys.read().signing;
        SigningKey { id, seed: bytes }
    }

    /// A key that has signed access tokens, and has not been retired for as long as those that it signed may work.
    pub fn signing_key_of(&self, id: SecretKeyId, now: Timestamp, lifetime: Duration) -> Option<SigningKey> {
        let key = self.key_of(id, KeyPurpose::Signing)?;
        let counts = key.retired_at.is_none_or(|retired_at| now < retired_at.plus(lifetime + LEARNED_WITHIN));
        counts.then_some(SigningKey { id, seed: key.bytes })
    }

    fn key_of(&self, id: SecretKeyId, purpose: KeyPurpose) -> Option<Known> {
        self.keys.read().all.get(&id).copied().filter(|key| key.purpose == purpose)
    }
}

impl Keys {
    fn read(stored: &[SecretKey], roots: &RootKeys) -> Result<Self, KeyringError> {
        let mut all = HashMap::new();
        let mut present = HashMap::new();
        for key in stored {
            let bytes = roots.unwrap(key)?;
            if key.purpose != KeyPurpose::Hashing {
                all.insert(key.id, Known { purpose: key.purpose, bytes, retired_at: key.retired_at });
            }
            if key.retired_at.is_none() {
                present.insert(key.purpose, Present { id: key.id, bytes });
            }
        }
        let of = |purpose| present.get(&purpose).copied().ok_or(KeyringError::Damaged);
        let hashing = of(KeyPurpose::Hashing)?.bytes;
        let (sealing, signing) = (of(KeyPurpose::Sealing)?, of(KeyPurpose::Signing)?);
        Ok(Self { hashing, sealing, signing, all })
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Keyring(…)")
    }
}

#[cfg(test)]
mod tests {
    use testing::fakes::{ManualClock, SequentialIds};

    use super::*;

    const LIFETIME: Duration = Duration::from_mins(10);

    #[test]
    fn a_retired_key_verifies_as_long_as_its_tokens_may_live_and_for_its_purpose_alone() {
        let (ids, clock) = (SequentialIds::new(), ManualClock::default());
        let roots = RootKeys { current: RootKey::from_secret("the tests' own secret"), previous: Vec::new() };
        let mut stored: Vec<SecretKey> =
            KeyPurpose::ALL.iter().map(|purpose| roots.fresh(*purpose, &clock, &ids)).collect();
        let mut retired = roots.fresh(KeyPurpose::Signing, &clock, &ids);
        clock.advance(Duration::from_hours(1));
        retired.retired_at = Some(clock.now());
        stored.push(retired.clone());
        let keyring = Keyring::of(&stored, &roots).expect("the keys are in order");
        let verifies = |id| keyring.signing_key_of(id, clock.now(), LIFETIME).is_some();
        assert!(verifies(retired.id) && verifies(keyring.signing_key().id));
        clock.advance(LIFETIME);
        assert!(verifies(retired.id), "another process may have used it for a moment longer");
        clock.advance(LEARNED_WITHIN);
        assert!(!verifies(retired.id) && verifies(keyring.signing_key().id));
        let others = stored.iter().filter(|key| key.purpose != KeyPurpose::Signing);
        assert!(others.clone().count() == 2 && others.clone().all(|key| !verifies(key.id)));
        // Nor does a key that signs open anything.
        let sealed = keyring.seal(b"secret", "totp of ada", &ids);
        let as_signing = [keyring.signing_key().id.uuid().as_bytes(), &sealed[16..]].concat();
        assert_eq!(keyring.unseal(&as_signing, "totp of ada"), Err(Unsealable));
        assert_eq!(keyring.unseal(&sealed, "totp of ada"), Ok(b"secret".to_vec()));
    }
}
