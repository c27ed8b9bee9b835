//! The root key: it encrypts the server's other keys.

use std::fmt;

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use domain::ports::{Clock, Ids};
use domain::{KeyPurpose, SecretKey, SecretKeyId};

use super::KeyringError;

/// The length of a nonce, in bytes.
const NONCE: usize = 24;

/// A root key.
#[derive(Clone)]
pub struct RootKey {
    key: [u8; 32],
    fingerprint: String,
}

/// The root key that counts, and those that counted before it.
#[derive(Clone)]
pub struct RootKeys {
    /// Encrypts, and is tried first.
    pub current: RootKey,
    /// Only read with.
    pub previous: Vec<RootKey>,
}

impl RootKey {
    /// The key that a secret of the settings stands for; any text will do, how good it is has been judged before.
    pub fn from_secret(secret: &str) -> Self {
        let key = blake3::derive_key("colloquy 2026 root key", secret.as_bytes());
        let print = blake3::derive_key("colloquy 2026 fingerprint of a root key", &key);
        let fingerprint = blake3::Hash::from(print).to_hex()[..16].to_owned();
        Self { key, fingerprint }
    }

    /// By which it is known: 16 hexadecimal digits that tell nothing about it.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Encrypts a key of the server.
    pub fn wrap(&self, id: SecretKeyId, purpose: KeyPurpose, key: &[u8; 32], ids: &dyn Ids) -> Vec<u8> {
        let nonce = XNonce::try_from(&ids.secret()[..NONCE]).expect("a nonce has 24 bytes");
        let payload = Payload { msg: key, aad: &about(id, purpose) };
        let wrapped = self.cipher().encrypt(&nonce, payload).expect("32 bytes are not too many");
        [nonce.as_slice(), &wrapped].concat()
    }

    fn unwrap(&self, key: &SecretKey) -> Option<[u8; 32]> {
        let (nonce, wrapped) = key.wrapped.split_at_checked(NONCE)?;
        let nonce = XNonce::try_from(nonce).ok()?;
        let payload = Payload { msg: wrapped, aad: &about(key.id, key.purpose) };
        self.cipher().decrypt(&nonce, payload).ok()?.try_into().ok()
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&self.key.into())
    }
}

impl RootKeys {
    /// A new key of a purpose.
    pub fn fresh(&self, purpose: KeyPurpose, clock: &dyn Clock, ids: &dyn Ids) -> SecretKey {
        let id = SecretKeyId::from_uuid(ids.uuid());
        SecretKey {
            id,
            purpose,
            wrapped: self.current.wrap(id, purpose, &ids.secret(), ids),
            wrapped_by: self.current.fingerprint.clone(),
            created_at: clock.now(),
            retired_at: None,
        }
    }

    /// A stored key, decrypted.
    ///
    /// # Errors
    /// [`KeyringError::ForeignRoot`] and [`KeyringError::Damaged`].
    pub fn unwrap(&self, key: &SecretKey) -> Result<[u8; 32], KeyringError> {
        let mut roots = std::iter::once(&self.current).chain(&self.previous);
        let root = roots.find(|root| root.fingerprint == key.wrapped_by);
        let root = root.ok_or_else(|| KeyringError::ForeignRoot(key.wrapped_by.clone()))?;
        root.unwrap(key).ok_or(KeyringError::Damaged)
    }
}

/// What an encrypted key is bound to: it cannot take the place of another.
fn about(id: SecretKeyId, purpose: KeyPurpose) -> Vec<u8> {
    let purpose: &[u8] = match purpose {
        KeyPurpose::Hashing => b"hashing",
        KeyPurpose::Sealing => b"sealing",
        KeyPurpose::Signing => b"signing",
    };
    [id.uuid().as_bytes().as_slice(), purpose].concat()
}

impl fmt::Debug for RootKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "RootKey({})", self.fingerprint)
    }
}

impl fmt::Debug for RootKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entry(&self.current).entries(&self.previous).finish()
    }
}
