//! Encrypting what is stored, or given to a client to bring back.

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use domain::ports::Ids;
use domain::{KeyPurpose, SecretKeyId};
use thiserror::Error;
use uuid::Uuid;

use super::Keyring;

/// The length of a key's id, and of a nonce, in bytes.
const ID: usize = 16;
const NONCE: usize = 24;

/// An encrypted value: the id of the key, the nonce, and XChaCha20-Poly1305's output.
pub type Sealed = Vec<u8>;

/// An encrypted value that cannot be read: it was changed, belongs elsewhere, or its key is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("an encrypted value cannot be read: it was changed, belongs elsewhere, or its key is gone")]
pub struct Unsealable;

impl Keyring {
    /// Encrypts a value. `about` says what it is and whose: it can only be read as that.
    pub fn seal(&self, plain: &[u8], about: &str, ids: &dyn Ids) -> Sealed {
        let key = self.keys.read().sealing;
        let nonce = XNonce::try_from(&ids.secret()[..NONCE]).expect("a nonce has 24 bytes");
        let payload = Payload { msg: plain, aad: about.as_bytes() };
        let sealed = XChaCha20Poly1305::new(&key.bytes.into())
            .encrypt(&nonce, payload)
            .expect("what is sealed is far shorter than 256 GiB");
        [key.id.uuid().as_bytes(), nonce.as_slice(), &sealed].concat()
    }

    /// Decrypts a value.
    ///
    /// # Errors
    /// [`Unsealable`].
    pub fn unseal(&self, sealed: &[u8], about: &str) -> Result<Vec<u8>, Unsealable> {
        let (id, rest) = sealed.split_at_checked(ID).ok_or(Unsealable)?;
        let (nonce, sealed) = rest.split_at_checked(NONCE).ok_or(Unsealable)?;
        let id = SecretKeyId::from_uuid(Uuid::from_slice(id).map_err(|_| Unsealable)?);
        let key = self.key_of(id, KeyPurpose::Sealing).ok_or(Unsealable)?.bytes;
        let nonce = XNonce::try_from(nonce).map_err(|_| Unsealable)?;
        let payload = Payload { msg: sealed, aad: about.as_bytes() };
        XChaCha20Poly1305::new(&key.into()).decrypt(&nonce, payload).map_err(|_| Unsealable)
    }

    /// Decrypts a value that another process may have encrypted with a key that it made since the keys were read: where
    /// the key is not known, the keys are read again, once.
    ///
    /// # Errors
    /// [`Unsealable`].
    pub async fn read(&self, sealed: &[u8], about: &str) -> Result<Vec<u8>, Unsealable> {
        if !self.knows_key_of(sealed)
            && let Err(error) = self.refresh().await
        {
            tracing::warn!(%error, "the keys of the server could not be read again");
        }
        self.unseal(sealed, about)
    }

    fn knows_key_of(&self, sealed: &[u8]) -> bool {
        let id = sealed.get(..ID).and_then(|id| Uuid::from_slice(id).ok()).map(SecretKeyId::from_uuid);
        id.is_none_or(|id| self.keys.read().all.contains_key(&id))
    }

    /// Whether a value was encrypted with the present key.
    pub fn is_sealed_anew(&self, sealed: &[u8]) -> bool {
        sealed.get(..ID).is_some_and(|id| id == self.keys.read().sealing.id.uuid().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU8, Ordering};

    use super::*;

    #[derive(Default)]
    struct Counting(AtomicU8);

    impl Ids for Counting {
        fn uuid(&self) -> Uuid {
            Uuid::from_bytes([self.0.fetch_add(1, Ordering::Relaxed); 16])
        }

        fn secret(&self) -> [u8; 32] {
            [self.0.fetch_add(1, Ordering::Relaxed); 32]
        }
    }

    #[test]
    fn a_value_is_read_as_what_it_is_and_in_no_other_way() {
        let ids = Counting::default();
        let keyring = Keyring::ephemeral(&ids);
        let sealed = keyring.seal(b"secret", "totp of ada", &ids);
        assert!(!sealed.windows(6).any(|window| window == b"secret"));
        assert_eq!(keyring.unseal(&sealed, "totp of ada"), Ok(b"secret".to_vec()));
        assert_eq!(keyring.unseal(&sealed, "totp of bob"), Err(Unsealable));
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert_eq!(keyring.unseal(&changed, "totp of ada"), Err(Unsealable), "byte {place}");
            assert_eq!(keyring.unseal(&sealed[..place], "totp of ada"), Err(Unsealable), "cut at {place}");
        }
        assert_eq!(Keyring::ephemeral(&ids).unseal(&sealed, "totp of ada"), Err(Unsealable));
        assert!(keyring.is_sealed_anew(&sealed));
    }
}
