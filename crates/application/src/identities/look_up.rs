//! Looking up what somebody presents.

use std::time::Duration;

use domain::ports::{CacheKey, StorageError};
use domain::{
    Actor, ApiKeyId, Credential, KeyLimits, Role, Scope, SessionId, Timestamp, TokenHash, User, UserId,
    UserState, WorkspaceId,
};
use serde::{Deserialize, Serialize};

use super::tokens;
use crate::{Services, remembered};

/// How long the cache may keep a look-up. With what the authenticator adds, a revocation that nobody heard of takes
/// effect within 5 s.
const KEEP: Duration = Duration::from_secs(3);

/// A credential that is accepted, and whose it is, in the form of the cache.
#[derive(Serialize, Deserialize)]
struct Accepted {
    workspace_id: WorkspaceId,
    user_id: UserId,
    role: Role,
    credential: Kind,
    expires_at: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
enum Kind {
    Session(SessionId),
    ApiKey(ApiKeyId, Vec<Scope>, KeyLimits),
}

/// The actor behind an API key or, without the key's prefix, a session token, as it was moments ago at most.
pub(super) async fn remembered_actor(
    services: &Services,
    secret: &str,
    proof: TokenHash,
) -> Result<Option<Actor>, StorageError> {
    let kind = if secret.starts_with(tokens::API_KEY_PREFIX) { "api_key" } else { "session" };
    let key = CacheKey { kind, id: blake3::Hash::from(*proof.as_bytes()).to_hex().to_string() };
    let load = async || {
        let found = match kind {
            "api_key" => api_key(services, proof).await?,
            _ => session(services, proof).await?,
        };
        Ok(found.map(|accepted| (accepted.user_id, accepted)))
    };
    let accepted = remembered::get(&*services.ports.cache, &key, KEEP, load).await?;
    Ok(accepted.and_then(|accepted| accepted.into_actor(services, proof)))
}

/// Whether what an actor presented still counts for as much as it did.
pub(super) async fn is_still(services: &Services, actor: &Actor) -> Result<bool, StorageError> {
    let found = match &actor.credential {
        Credential::Session(_) => session(services, actor.proof).await?,
        Credential::ApiKey { .. } => api_key(services, actor.proof).await?,
        Credential::System => return Ok(true),
    };
    let found = found.and_then(|accepted| accepted.into_actor(services, actor.proof));
    Ok(found.is_some_and(|found| (found.role, &found.credential) == (actor.role, &actor.credential)))
}

pub(super) fn is_expired(services: &Services, expires_at: Option<Timestamp>) -> bool {
    expires_at.is_some_and(|expires_at| expires_at <= services.ports.clock.now())
}

impl Accepted {
    fn into_actor(self, services: &Services, proof: TokenHash) -> Option<Actor> {
        let credential = match self.credential {
            Kind::Session(id) => Credential::Session(id),
            Kind::ApiKey(id, scopes, limits) => Credential::ApiKey { id, scopes, limits },
        };
        let Self { workspace_id, user_id, role, expires_at, .. } = self;
        let actor = Actor { workspace_id, user_id, role, credential, expires_at, proof };
        (!is_expired(services, expires_at)).then_some(actor)
    }
}

async fn session(services: &Services, proof: TokenHash) -> Result<Option<Accepted>, StorageError> {
    let found = services.ports.identities.session_by_token(proof).await?;
    Ok(found.filter(|identity| is_active(&identity.user)).map(|identity| Accepted {
        workspace_id: identity.session.workspace_id,
        user_id: identity.user.id,
        role: identity.user.role,
        credential: Kind::Session(identity.session.id),
        expires_at: Some(identity.session.expires_at),
    }))
}

async fn api_key(services: &Services, proof: TokenHash) -> Result<Option<Accepted>, StorageError> {
    let found = services.ports.identities.api_key_by_hash(proof).await?;
    Ok(found.filter(|identity| is_active(&identity.user)).map(|identity| Accepted {
        workspace_id: identity.api_key.workspace_id,
        user_id: identity.user.id,
        role: identity.user.role,
        credential: Kind::ApiKey(identity.api_key.id, identity.api_key.scopes, identity.api_key.limits),
        expires_at: identity.api_key.expires_at,
    }))
}

fn is_active(user: &User) -> bool {
    user.state == UserState::Active
}
