//! Access tokens: what a program shows for a few minutes instead of asking the database each time who it is.
//!
//! A JWT (RFC 9068) signed with Ed25519. Nothing in a token chooses how it is checked: the algorithm is fixed, the key is
//! one of the server's own, and a header or a claim beyond those that the server writes is refused.

use std::sync::Once;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::{SecretKeyId, SessionId, Timestamp, UserId, WorkspaceId};
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::signature::{Error as SignatureError, Signer, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::keyring::SigningKey;

/// Who signs, and for whom.
const ISSUER: &str = "colloquy";
const AUDIENCE: &str = "colloquy";
/// What keeps other kinds of tokens apart (RFC 9068, section 2.1).
const KIND: &str = "at+jwt";
/// No token is longer.
const MOST_BYTES: usize = 1_024;
/// The longest that any token works, in seconds: what the settings allow.
const MOST_SECONDS: i64 = 3_600;
/// How far the clocks of two processes may be apart, in seconds.
const LEEWAY: i64 = 5;

/// What an access token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Claims {
    iss: String,
    aud: String,
    /// The person.
    pub sub: UserId,
    /// Their session.
    pub sid: SessionId,
    /// The workspace that it looked at.
    pub wid: WorkspaceId,
    /// When the token was made, in seconds since the Unix epoch.
    iat: i64,
    /// After this it no longer counts.
    exp: i64,
}

/// The header of an access token, and nothing else.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StrictHeader {
    alg: String,
    kid: SecretKeyId,
    typ: String,
}

impl Claims {
    pub(super) fn new(
        sub: UserId,
        sid: SessionId,
        wid: WorkspaceId,
        made_at: Timestamp,
        expires_at: Timestamp,
    ) -> Self {
        let (iat, exp) = (made_at.seconds(), expires_at.seconds());
        Self { iss: ISSUER.to_owned(), aud: AUDIENCE.to_owned(), sub, sid, wid, iat, exp }
    }

    /// When the token no longer counts.
    pub(super) const fn expires_at(&self) -> Timestamp {
        Timestamp::from_micros(self.exp.saturating_mul(1_000_000))
    }

    /// The text of the token.
    pub(super) fn sign(&self, key: &SigningKey) -> Result<String, Error> {
        install_provider();
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(KIND.to_owned());
        header.kid = Some(key.id.to_string());
        jsonwebtoken::encode(&header, self, &EncodingKey::from_ed_der(&key.seed)).map_err(Error::internal)
    }

    /// What a token says, where it was signed with `key` and counts now.
    pub(super) fn verify(token: &str, key: &SigningKey, now: Timestamp) -> Option<Self> {
        install_provider();
        let pair = Ed25519KeyPair::from_seed_unchecked(&key.seed).ok()?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_audience(&[AUDIENCE]);
        validation.set_issuer(&[ISSUER]);
        // Judged below, by the clock of the server rather than that of the machine.
        validation.validate_exp = false;
        let key = DecodingKey::from_ed_der(pair.public_key().as_ref());
        let claims = jsonwebtoken::decode::<Self>(token, &key, &validation).ok()?.claims;
        let now = now.seconds();
        let counts = claims.exp > now
            && claims.iat <= now.saturating_add(LEEWAY)
            && (0..=MOST_SECONDS).contains(&claims.exp.saturating_sub(claims.iat));
        counts.then_some(claims)
    }
}

/// Which key a token says that it was signed with; `None` where it cannot be a token of ours.
pub(super) fn key_of(token: &str) -> Option<SecretKeyId> {
    if token.len() > MOST_BYTES {
        return None;
    }
    let (header, _) = token.split_once('.')?;
    let header: StrictHeader = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
    (header.alg == "EdDSA" && header.typ == KIND).then_some(header.kid)
}

/// Signs and verifies with Ed25519, and with nothing else. Keys are given as they are: a seed, or a public key.
static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |algorithm, key| {
        require_ed25519(*algorithm)?;
        let pair = Ed25519KeyPair::from_seed_unchecked(key.as_bytes());
        Ok(Box::new(Signing(pair.map_err(|_| ErrorKind::InvalidKeyFormat)?)))
    },
    verifier_factory: |algorithm, key| {
        require_ed25519(*algorithm)?;
        Ok(Box::new(Verifying(key.try_get_as_bytes()?.to_vec())))
    },
    key_utils: KeyUtils::new_unimplemented(),
};

fn install_provider() {
    static ONCE: Once = Once::new();
    // Nothing else in the process installs one.
    ONCE.call_once(|| {
        let _ = PROVIDER.install_default();
    });
}

fn require_ed25519(algorithm: Algorithm) -> jsonwebtoken::errors::Result<()> {
    if algorithm == Algorithm::EdDSA { Ok(()) } else { Err(ErrorKind::InvalidAlgorithm.into()) }
}

struct Signing(Ed25519KeyPair);

impl Signer<Vec<u8>> for Signing {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, SignatureError> {
        Ok(self.0.sign(message).as_ref().to_vec())
    }
}

impl JwtSigner for Signing {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

struct Verifying(Vec<u8>);

impl Verifier<Vec<u8>> for Verifying {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), SignatureError> {
        let key = UnparsedPublicKey::new(&ED25519, &self.0);
        key.verify(message, signature).map_err(|_| SignatureError::new())
    }
}

impl JwtVerifier for Verifying {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

#[cfg(test)]
#[path = "access_tokens_tests.rs"]
mod tests;
