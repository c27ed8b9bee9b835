//! From a cookie or a key to an actor.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::{Actor, TokenHash, UserId};
use parking_lot::RwLock;
use tokio::time::Instant;

use super::look_up;
use crate::{Error, Services};

/// How long a look-up is trusted without asking the cache, which costs more than all else that a request needs. Revocations
/// in this process take effect at once; those elsewhere as soon as it hears of them, and within this and the cache's time
/// where it does not.
const TRUSTED_FOR: Duration = Duration::from_secs(1);
/// How many look-ups are remembered, and how many people whose look-ups were forgotten.
const MAX_REMEMBERED: usize = 16_384;

/// Turns credentials into actors, remembering recent look-ups for a moment.
#[derive(Default)]
pub struct Authenticator(RwLock<Remembered>);

#[derive(Default)]
struct Remembered {
    by_proof: HashMap<TokenHash, (Arc<Actor>, Instant)>,
    by_person: HashMap<UserId, Vec<TokenHash>>,
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
    /// The actor behind an API key or, without the key's prefix, a session token.
    ///
    /// # Errors
    /// `unauthenticated` for anything unknown, expired, revoked or suspended, without telling which.
    pub async fn authenticate(&self, services: &Services, secret: &str) -> Result<Arc<Actor>, Error> {
        let proof = services.keyring.hash(secret);
        if let Some(actor) = self.recall(services, proof) {
            return Ok(actor);
        }
        let asked_at = Instant::now();
        let found = look_up::remembered_actor(services, secret, proof).await?;
        let actor = Arc::new(found.ok_or_else(Error::unauthenticated)?);
        self.0.write().remember(&actor, asked_at);
        Ok(actor)
    }

    /// Forgets every look-up of a person: something about their account may have changed.
    pub fn forget(&self, user_id: UserId) {
        self.0.write().forget(user_id, Instant::now());
    }

    /// Forgets every look-up.
    pub fn forget_all(&self) {
        *self.0.write() = Remembered { all_forgotten: Some(Instant::now()), ..Remembered::default() };
    }

    fn recall(&self, services: &Services, proof: TokenHash) -> Option<Arc<Actor>> {
        let remembered = self.0.read();
        let (actor, since) = remembered.by_proof.get(&proof)?;
        let counts = since.elapsed() < TRUSTED_FOR && !look_up::is_expired(services, actor.expires_at);
        counts.then(|| Arc::clone(actor))
    }
}

impl Remembered {
    fn remember(&mut self, actor: &Arc<Actor>, asked_at: Instant) {
        let forgotten = self.forgotten.get(&actor.user_id).copied().max(self.all_forgotten);
        if forgotten.is_some_and(|forgotten| forgotten >= asked_at) {
            return;
        }
        if self.by_proof.len() >= MAX_REMEMBERED {
            self.by_proof.clear();
            self.by_person.clear();
        }
        if self.by_proof.insert(actor.proof, (Arc::clone(actor), asked_at)).is_none() {
            self.by_person.entry(actor.user_id).or_default().push(actor.proof);
        }
    }

    fn forget(&mut self, user_id: UserId, now: Instant) {
        for proof in self.by_person.remove(&user_id).into_iter().flatten() {
            self.by_proof.remove(&proof);
        }
        if self.forgotten.len() >= MAX_REMEMBERED {
            self.forgotten.clear();
            self.all_forgotten = Some(now);
        }
        self.forgotten.insert(user_id, now);
    }
}
