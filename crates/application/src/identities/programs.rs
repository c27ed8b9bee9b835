//! Signed-in programs: a refresh token that is replaced at each use, and access tokens that work for minutes.

use std::num::NonZeroU32;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::ports::{Quota, SessionIdentity, StorageError};
use domain::{
    Credential, DeviceName, Event, Session, SessionEnd, SessionId, SessionKind, Timestamp, TokenHash, User,
    UserState,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use uuid::Uuid;
use validator::Validate;

use super::access_tokens::Claims;
use super::sign_in::{self, Credentials};
use super::{UserView, Visitor, look_up, sessions};
use crate::{Code, Error, Services, network_of};

/// What every refresh token begins with.
const PREFIX: &str = "clr_";
/// What the codes of refresh tokens are for.
const MAC_CONTEXT: &str = "colloquy 2026 refresh token";
/// A session's id, a generation and a code, in bytes.
const TOKEN_BYTES: usize = 16 + 4 + 32;
/// For how long the refresh token before the present one brings the present one: two tabs of one program, or one whose
/// answer was lost, use it again.
const SPARED_FOR: Duration = Duration::from_secs(10);
/// How often a renewal that lost a race is decided again.
const ATTEMPTS: u32 = 5;

/// What a program signs in with on behalf of a person.
#[derive(Clone, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "ProgramSignIn")]
pub struct ProgramSignInInput {
    /// The address of the account.
    #[validate(length(min = 1, max = 254, message = "must be 1 to 254 characters long"))]
    pub email: String,
    /// The password.
    #[validate(length(min = 1, max = 1024, message = "must be 1 to 1024 characters long"))]
    pub password: String,
    /// The code that the person's device shows, or a recovery code, where codes are asked for.
    #[serde(default)]
    #[validate(length(min = 1, max = 64, message = "must be 1 to 64 characters long"))]
    pub code: Option<String>,
    /// What the list of sessions calls the program; absent: what its `User-Agent` tells.
    #[serde(default)]
    pub device: Option<DeviceName>,
}

/// What renews a program's access.
#[derive(Clone, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Refresh")]
pub struct RefreshInput {
    /// The refresh token that came last.
    #[validate(length(min = 1, max = 200, message = "must be a refresh token"))]
    pub refresh_token: String,
}

/// What a program proves itself with from now on.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "Tokens")]
pub struct ProgramTokens {
    /// Goes with every request, as `Authorization: Bearer`.
    pub access_token: String,
    /// `Bearer`.
    pub token_type: TokenType,
    /// In how many seconds the access token no longer counts.
    pub expires_in: i64,
    /// Brings the next tokens, once.
    pub refresh_token: String,
    /// When refreshing ends, and the person has to sign in again.
    pub refresh_expires_at: Timestamp,
}

/// How an access token is sent (RFC 6750).
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub enum TokenType {
    /// In `Authorization: Bearer`.
    Bearer,
}

/// A session of a program that has just begun.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "ProgramSignedIn")]
pub struct ProgramSignedIn {
    /// What the program proves itself with.
    #[serde(flatten)]
    pub tokens: ProgramTokens,
    /// The person.
    pub user: UserView,
}

/// Checks a password and begins a session of a program.
pub async fn sign_in_program(
    services: &Services,
    input: ProgramSignInInput,
    visitor: &Visitor,
) -> Result<ProgramSignedIn, Error> {
    let credentials = Credentials { email: input.email, password: input.password, code: input.code };
    let proven = sign_in::prove(services, credentials, visitor).await?;
    let mut visitor = visitor.clone();
    visitor.device = input.device.or(visitor.device);
    let open = async |user: &User, before| {
        let secret = TokenHash::new(services.ports.ids.secret());
        sessions::open(services, user, &visitor, SessionKind::Program, secret, before).await
    };
    let (session, user) = proven.begin(services, &visitor, open).await?;
    Ok(ProgramSignedIn { tokens: tokens(services, &session)?, user: user.into() })
}

/// Takes a refresh token and gives the next one, with an access token. Whoever comes with one that was replaced longer
/// ago than 10 s has what somebody else has too: then the session ends.
///
/// # Errors
/// `invalid_refresh_token`, whatever the reason; `rate_limited`.
pub async fn refresh(
    services: &Services,
    input: RefreshInput,
    visitor: &Visitor,
) -> Result<ProgramTokens, Error> {
    const AT_ONE_ADDRESS: NonZeroU32 = NonZeroU32::new(600).unwrap();
    const OF_ONE_SESSION: NonZeroU32 = NonZeroU32::new(60).unwrap();
    let from = network_of(visitor.address);
    limit(services, &format!("address:{from}"), AT_ONE_ADDRESS).await?;
    let offered = Offered::read(&input.refresh_token).ok_or_else(invalid)?;
    for attempt in 0..ATTEMPTS {
        let found = services.ports.identities.session(offered.session_id).await?;
        let session = found.filter(|found| offered.is_good_for(services, found)).ok_or_else(invalid)?.session;
        if attempt == 0 {
            limit(services, &format!("session:{}", session.id), OF_ONE_SESSION).await?;
        }
        let now = services.lease_clock.now();
        match Use::of(&session, offered.generation, now) {
            Use::Again => return tokens(services, &session),
            Use::Never => return Err(invalid()),
            Use::Stolen => return Err(end(services, &session, visitor).await?),
            Use::Now => match renew(services, session, now, visitor).await {
                Ok(session) => return tokens(services, &session),
                // Another tab, or another process, was first: it is decided again from what that one left.
                Err(StorageError::Conflict) => {}
                Err(error) => return Err(error.into()),
            },
        }
    }
    Err(StorageError::Conflict.into())
}

async fn limit(services: &Services, key: &str, limit: NonZeroU32) -> Result<(), Error> {
    let quota = Quota { name: "refresh", limit, window: Duration::from_mins(1) };
    let decision = services.ports.rate_limiter.check(key, quota).await;
    if decision.allowed {
        return Ok(());
    }
    let detail = "The session is renewed too often. Wait a little, then try again.";
    Err(Error::new(Code::RateLimited, "rate_limited", detail).retry_after(decision.reset_after))
}

async fn renew(
    services: &Services,
    session: Session,
    now: Timestamp,
    visitor: &Visitor,
) -> Result<Session, StorageError> {
    let renewed = Session {
        generation: session.generation.checked_add(1).ok_or(StorageError::Conflict)?,
        rotated_at: now,
        last_used_at: now,
        last_address: visitor.address,
        ..session
    };
    let events = vec![Event::SessionRefreshed(renewed.clone())];
    let (workspace_id, user_id) = (renewed.workspace_id, Some(renewed.user_id));
    let credential = Credential::Session(renewed.id);
    let unit = visitor.unit_of_work(services, workspace_id, user_id, credential, events);
    services.ports.journal.commit(unit).await?;
    Ok(renewed)
}

/// Ends a session whose refresh token was used twice.
async fn end(services: &Services, session: &Session, visitor: &Visitor) -> Result<Error, Error> {
    let Session { id: session_id, user_id, workspace_id, .. } = *session;
    tracing::warn!(%session_id, %user_id, "a refresh token was used again; its session ends");
    let events = vec![Event::SessionClosed { session_id, user_id, end: SessionEnd::Reused }];
    let credential = Credential::Session(session_id);
    let unit = visitor.unit_of_work(services, workspace_id, None, credential, events);
    match services.ports.journal.commit(unit).await {
        // Whoever was first has ended it.
        Ok(_) | Err(StorageError::Conflict) => Ok(invalid()),
        Err(error) => Err(error.into()),
    }
}

/// The same whether a token was made up, replaced, used twice, or its session is over.
fn invalid() -> Error {
    let detail = "The refresh token does not count, or no longer. Sign in again.";
    Error::new(Code::Unauthenticated, "invalid_refresh_token", detail)
}

/// What a session's program proves itself with from now on.
fn tokens(services: &Services, session: &Session) -> Result<ProgramTokens, Error> {
    let now = services.lease_clock.now();
    let lifetime = Duration::from_secs(u64::from(services.settings.identity.access_token_minutes) * 60);
    let ends_at = now.plus(lifetime).min(session.expires_at);
    let claims = Claims::new(session.user_id, session.id, session.workspace_id, now, ends_at);
    Ok(ProgramTokens {
        access_token: claims.sign(&services.keyring.signing_key())?,
        token_type: TokenType::Bearer,
        expires_in: ends_at.seconds() - now.seconds(),
        refresh_token: refresh_token(services, session),
        refresh_expires_at: session.expires_at,
    })
}

fn refresh_token(services: &Services, session: &Session) -> String {
    let (id, generation) = (session.id.uuid(), session.generation.to_be_bytes());
    let code = code(services, session, session.generation);
    let bytes = [id.as_bytes().as_slice(), &generation, &code].concat();
    format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
}

/// What only the server can make of a session and a generation.
fn code(services: &Services, session: &Session, generation: u32) -> [u8; 32] {
    let (id, secret) = (session.id.uuid(), session.token_hash.as_bytes());
    let input = [id.as_bytes().as_slice(), &generation.to_be_bytes(), secret].concat();
    services.keyring.authenticate(MAC_CONTEXT, &input)
}

/// A refresh token that somebody came with.
struct Offered {
    session_id: SessionId,
    generation: u32,
    code: [u8; 32],
}

impl Offered {
    fn read(text: &str) -> Option<Self> {
        let bytes: [u8; TOKEN_BYTES] =
            URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?.try_into().ok()?;
        let (id, rest) = bytes.split_first_chunk::<16>()?;
        let (generation, code) = rest.split_first_chunk::<4>()?;
        Some(Self {
            session_id: SessionId::from_uuid(Uuid::from_bytes(*id)),
            generation: u32::from_be_bytes(*generation),
            code: code.try_into().ok()?,
        })
    }

    /// Whether the server made it for this session, and the session may go on.
    fn is_good_for(&self, services: &Services, found: &SessionIdentity) -> bool {
        let SessionIdentity { session, user } = found;
        let is_ours: bool = code(services, session, self.generation).ct_eq(&self.code).into();
        is_ours
            && session.kind == SessionKind::Program
            && user.state == UserState::Active
            && !look_up::is_expired(services, Some(session.expires_at))
    }
}

/// What a refresh token that the server made is good for.
#[derive(Debug, PartialEq, Eq)]
enum Use {
    /// It is the present one.
    Now,
    /// It was replaced just now: it brings the present one again.
    Again,
    /// It was replaced before: two have it.
    Stolen,
    /// The database is older than the token: it was restored from a copy.
    Never,
}

impl Use {
    fn of(session: &Session, generation: u32, now: Timestamp) -> Self {
        let spared_until = session.rotated_at.plus(SPARED_FOR);
        match session.generation.checked_sub(generation) {
            None => Self::Never,
            Some(0) => Self::Now,
            Some(1) if now <= spared_until => Self::Again,
            Some(_) => Self::Stolen,
        }
    }
}
