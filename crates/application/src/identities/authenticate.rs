//! From a cookie or a key to an actor.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::{Actor, Credential, TokenHash, User, UserState};
use parking_lot::RwLock;
use tokio::time::Instant;

use super::tokens;
use crate::{Error, Services};

/// How long a look-up is trusted. Revocations in this process take effect at once; those elsewhere within this time.
const TRUSTED_FOR: Duration = Duration::from_secs(3);
/// How many look-ups are remembered.
const MAX_REMEMBERED: usize = 16_384;

/// Turns credentials into actors, remembering recent look-ups for a moment.
#[derive(Default)]
pub struct Authenticator {
    remembered: RwLock<HashMap<TokenHash, (Arc<Actor>, Instant)>>,
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
        let hash = tokens::hash(secret);
        if let Some(actor) = self.recall(services, hash) {
            return Ok(actor);
        }
        let actor = if secret.starts_with(tokens::API_KEY_PREFIX) {
            api_key_actor(services, hash).await?
        } else {
            session_actor(services, hash).await?
        };
        let actor =
            Arc::new(actor.filter(|actor| !is_expired(services, actor)).ok_or_else(Error::unauthenticated)?);
        let mut remembered = self.remembered.write();
        if remembered.len() >= MAX_REMEMBERED {
            remembered.clear();
        }
        remembered.insert(hash, (Arc::clone(&actor), Instant::now()));
        Ok(actor)
    }

    /// Forgets every look-up of a credential that has ended.
    pub fn forget(&self, is_ended: impl Fn(&Credential) -> bool) {
        self.remembered.write().retain(|_, (actor, _)| !is_ended(&actor.credential));
    }

    fn recall(&self, services: &Services, hash: TokenHash) -> Option<Arc<Actor>> {
        let remembered = self.remembered.read();
        let (actor, since) = remembered.get(&hash)?;
        (since.elapsed() < TRUSTED_FOR && !is_expired(services, actor)).then(|| Arc::clone(actor))
    }
}

fn is_expired(services: &Services, actor: &Actor) -> bool {
    actor.expires_at.is_some_and(|expires_at| expires_at <= services.ports.clock.now())
}

async fn session_actor(services: &Services, hash: TokenHash) -> Result<Option<Actor>, Error> {
    let found = services.ports.identities.session_by_token(hash).await?;
    Ok(found.filter(|identity| is_active(&identity.user)).map(|identity| Actor {
        workspace_id: identity.session.workspace_id,
        user_id: identity.user.id,
        role: identity.user.role,
        credential: Credential::Session(identity.session.id),
        expires_at: Some(identity.session.expires_at),
    }))
}

async fn api_key_actor(services: &Services, hash: TokenHash) -> Result<Option<Actor>, Error> {
    let found = services.ports.identities.api_key_by_hash(hash).await?;
    Ok(found.filter(|identity| is_active(&identity.user)).map(|identity| Actor {
        workspace_id: identity.api_key.workspace_id,
        user_id: identity.user.id,
        role: identity.user.role,
        credential: Credential::ApiKey { id: identity.api_key.id, scopes: identity.api_key.scopes },
        expires_at: identity.api_key.expires_at,
    }))
}

fn is_active(user: &User) -> bool {
    user.state == UserState::Active
}
