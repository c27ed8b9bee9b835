//! From a cookie, a key or an access token to an actor.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::{Actor, SecretKeyId, TokenHash, UserId};
use parking_lot::RwLock;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::look_up::{self, Proof, Way};
use crate::keyring::{KeyringError, SigningKey};
use crate::{Error, Services};

/// How long a look-up is trusted without asking the cache, which costs more than all else that a request needs. Revocations
/// in this process take effect at once; those elsewhere as soon as it hears of them, and within this and the cache's time
/// where it does not.
const TRUSTED_FOR: Duration = Duration::from_secs(1);
/// How many look-ups are remembered, and how many people whose look-ups were forgotten.
const MAX_REMEMBERED: usize = 16_384;
/// How often the server's keys are read again at most because somebody names one that is not known.
const KEYS_PERIOD: Duration = Duration::from_secs(5);

/// Turns credentials into actors, remembering recent look-ups for a moment.
#[derive(Default)]
pub struct Authenticator {
    remembered: RwLock<Remembered>,
    keys_read_at: Mutex<Option<Instant>>,
}

#[derive(Default)]
struct Remembered {
    by_proof: HashMap<(Way, TokenHash), (Arc<Actor>, Instant)>,
    by_person: HashMap<UserId, Vec<(Way, TokenHash)>>,
    /// Since when what was looked up before is not to be remembered: it may be from before a change.
    forgotten: HashMap<UserId, Instant>,
    all_forgotten: Option<Instant>,
}

/// The token that unsafe requests with a session's cookie must repeat: derived, so that nothing more is stored.
pub fn csrf_token(session_token: &str) -> String {
    let derived = blake3::derive_key("colloquy 2026 csrf token of a session", session_token.as_bytes());
    URL_SAFE_NO_PAD.encode(&derived[..16])
}

impl Authenticator {
    /// The actor behind what somebody presents.
    ///
    /// # Errors
    /// `unauthenticated` for anything unknown, expired, revoked or suspended, without telling which.
    pub async fn authenticate(&self, services: &Services, proof: Proof<'_>) -> Result<Arc<Actor>, Error> {
        let hash = services.keyring.hash(proof.text());
        let key = (proof.way(), hash);
        if let Some(actor) = self.recall(services, key) {
            return Ok(actor);
        }
        let asked_at = Instant::now();
        let found = look_up::remembered_actor(services, proof, hash).await?;
        let actor = Arc::new(found.ok_or_else(Error::unauthenticated)?);
        self.remembered.write().remember(key, &actor, asked_at);
        Ok(actor)
    }

    /// The key that access tokens of this name were signed with. One that is not known may have been made by another
    /// process since the keys were read: then they are read again, which happens every few seconds at most.
    pub(super) async fn signing_key(
        &self,
        services: &Services,
        id: SecretKeyId,
    ) -> Result<Option<SigningKey>, Error> {
        let lifetime = Duration::from_mins(services.settings.identity.access_token_minutes.into());
        let known = || services.keyring.signing_key_of(id, services.lease_clock.now(), lifetime);
        if let Some(key) = known() {
            return Ok(Some(key));
        }
        let mut read_at = self.keys_read_at.lock().await;
        if read_at.is_none_or(|read_at| read_at.elapsed() >= KEYS_PERIOD) {
            *read_at = Some(Instant::now());
            match services.keyring.refresh().await {
                Ok(()) => {}
                Err(KeyringError::Storage(error)) => return Err(error.into()),
                Err(error) => return Err(Error::internal(error)),
            }
        }
        Ok(known())
    }

    /// Forgets every look-up of a person: something about their account may have changed.
    pub fn forget(&self, user_id: UserId) {
        self.remembered.write().forget(user_id, Instant::now());
    }

    /// Forgets every look-up.
    pub fn forget_all(&self) {
        *self.remembered.write() =
            Remembered { all_forgotten: Some(Instant::now()), ..Remembered::default() };
    }

    fn recall(&self, services: &Services, key: (Way, TokenHash)) -> Option<Arc<Actor>> {
        let remembered = self.remembered.read();
        let (actor, since) = remembered.by_proof.get(&key)?;
        let counts = since.elapsed() < TRUSTED_FOR && !look_up::is_expired(services, actor.expires_at);
        counts.then(|| Arc::clone(actor))
    }
}

impl Remembered {
    fn remember(&mut self, key: (Way, TokenHash), actor: &Arc<Actor>, asked_at: Instant) {
        let forgotten = self.forgotten.get(&actor.user_id).copied().max(self.all_forgotten);
        if forgotten.is_some_and(|forgotten| forgotten >= asked_at) {
            return;
        }
        if self.by_proof.len() >= MAX_REMEMBERED {
            self.by_proof.clear();
            self.by_person.clear();
        }
        if self.by_proof.insert(key, (Arc::clone(actor), asked_at)).is_none() {
            self.by_person.entry(actor.user_id).or_default().push(key);
        }
    }

    fn forget(&mut self, user_id: UserId, now: Instant) {
        for key in self.by_person.remove(&user_id).into_iter().flatten() {
            self.by_proof.remove(&key);
        }
        if self.forgotten.len() >= MAX_REMEMBERED {
            self.forgotten.clear();
            self.all_forgotten = Some(now);
        }
        self.forgotten.insert(user_id, now);
    }
}
