//! Looking up what somebody presents.

use std::time::Duration;

use domain::ports::{CacheKey, SessionIdentity, StorageError};
use domain::{
    Actor, ApiKeyId, Credential, KeyLimits, Role, Scope, SessionId, SessionKind, Timestamp, TokenHash, User,
    UserId, UserState, WorkspaceId,
};
use serde::{Deserialize, Serialize};

use super::access_tokens::{self, Claims};
use super::tokens;
use crate::{Error, Services, remembered};

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

/// What somebody presents, and in which way.
#[derive(Clone, Copy)]
pub enum Proof<'a> {
    /// The token of a browser's session, in its cookie.
    Cookie(&'a str),
    /// An API key or an access token, in a header or a frame.
    Bearer(&'a str),
}

/// As what something counts that is presented. What is good as one of them is nothing as another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Way {
    Cookie,
    ApiKey,
    AccessToken,
}

impl Proof<'_> {
    pub(super) const fn text(&self) -> &str {
        match self {
            Self::Cookie(text) | Self::Bearer(text) => text,
        }
    }

    pub(super) fn way(&self) -> Way {
        match self {
            Self::Cookie(_) => Way::Cookie,
            Self::Bearer(text) if text.starts_with(tokens::API_KEY_PREFIX) => Way::ApiKey,
            Self::Bearer(_) => Way::AccessToken,
        }
    }
}

/// The actor behind what somebody presents, as it was moments ago at most.
pub(super) async fn remembered_actor(
    services: &Services,
    proof: Proof<'_>,
    hash: TokenHash,
) -> Result<Option<Actor>, Error> {
    let by_hash = |kind| CacheKey { kind, id: blake3::Hash::from(*hash.as_bytes()).to_hex().to_string() };
    let accepted = match proof.way() {
        Way::Cookie => {
            let load = async || browser_session(services, hash).await;
            remembered(services, &by_hash("session"), load).await?
        }
        Way::ApiKey => {
            remembered(services, &by_hash("api_key"), async || api_key(services, hash).await).await?
        }
        Way::AccessToken => access_token(services, proof.text()).await?,
    };
    Ok(accepted.and_then(|accepted| accepted.into_actor(services, hash)))
}

async fn remembered<F>(
    services: &Services,
    key: &CacheKey,
    load: impl Fn() -> F + Sync,
) -> Result<Option<Accepted>, StorageError>
where
    F: Future<Output = Result<Option<Accepted>, StorageError>> + Send,
{
    let load = || {
        let loading = load();
        async { Ok(loading.await?.map(|accepted| (accepted.user_id, accepted))) }
    };
    remembered::get(&*services.ports.cache, key, KEEP, load).await
}

/// Whether what an actor presented still counts for as much as it did.
pub(super) async fn is_still(services: &Services, actor: &Actor) -> Result<bool, StorageError> {
    let found = match &actor.credential {
        Credential::Session(id) => session(services, *id).await?,
        Credential::ApiKey { .. } => api_key(services, actor.proof).await?,
        Credential::System => return Ok(true),
    };
    let found = found.and_then(|accepted| accepted.into_actor(services, actor.proof));
    Ok(found.is_some_and(|found| is_as_much(&found, actor)))
}

/// Whether two actors are the same person with the same credential, and may do the same in the same place.
pub(super) fn is_as_much(one: &Actor, other: &Actor) -> bool {
    let of = |actor: &Actor| (actor.user_id, actor.workspace_id, actor.role);
    of(one) == of(other) && one.credential == other.credential
}

pub(super) fn is_expired(services: &Services, expires_at: Option<Timestamp>) -> bool {
    expires_at.is_some_and(|expires_at| expires_at <= services.lease_clock.now())
}

impl Accepted {
    fn of_session(found: SessionIdentity) -> Option<Self> {
        let SessionIdentity { session, user } = found;
        is_active(&user).then_some(Self {
            workspace_id: session.workspace_id,
            user_id: user.id,
            role: user.role,
            credential: Kind::Session(session.id),
            expires_at: Some(session.expires_at),
        })
    }

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

/// What a program's access token stands for: its session, as long as that looks at the same workspace.
async fn access_token(services: &Services, token: &str) -> Result<Option<Accepted>, Error> {
    let Some(key_id) = access_tokens::key_of(token) else { return Ok(None) };
    let Some(key) = services.authenticator.signing_key(services, key_id).await? else { return Ok(None) };
    let Some(claims) = Claims::verify(token, &key, services.lease_clock.now()) else { return Ok(None) };
    let cache_key = CacheKey { kind: "program", id: claims.sid.to_string() };
    let load = async || {
        let found = services.ports.identities.session(claims.sid).await?;
        Ok(found.filter(|found| found.session.kind == SessionKind::Program).and_then(Accepted::of_session))
    };
    let accepted = remembered(services, &cache_key, load).await?;
    let is_meant =
        |accepted: &Accepted| (accepted.user_id, accepted.workspace_id) == (claims.sub, claims.wid);
    Ok(accepted.filter(is_meant).map(|accepted| Accepted {
        expires_at: accepted.expires_at.into_iter().chain([claims.expires_at()]).min(),
        ..accepted
    }))
}

async fn browser_session(services: &Services, hash: TokenHash) -> Result<Option<Accepted>, StorageError> {
    let found = services.ports.identities.session_by_token(hash).await?;
    Ok(found.filter(|found| found.session.kind == SessionKind::Browser).and_then(Accepted::of_session))
}

async fn session(services: &Services, id: SessionId) -> Result<Option<Accepted>, StorageError> {
    Ok(services.ports.identities.session(id).await?.and_then(Accepted::of_session))
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
