//! Signing in with a password.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use domain::ports::{Quota, StorageError};
use domain::{
    Credential, Email, Event, Session, SessionKind, SignInFailure, Timestamp, User, UserChange, UserState,
};
use schemars::JsonSchema;
use serde::Deserialize;
use validator::Validate;

use super::{UserView, Visitor, csrf_token, second_factors, sessions, tokens};
use crate::{Code, Error, Services, network_of};

/// What a person signs in with. The rules of new passwords do not apply: a wrong one is simply wrong.
#[derive(Clone, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "SignIn")]
pub struct SignInInput {
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
}

/// A session that has just begun.
pub struct SignedIn {
    /// The person.
    pub user: UserView,
    /// The opaque token for the cookie.
    pub token: String,
    /// The token that unsafe requests with the cookie must repeat in `X-CSRF-Token`.
    pub csrf_token: String,
    /// When the session ends.
    pub expires_at: Timestamp,
}

/// Checks a password and opens a session. Unknown accounts, those that may not be used, and wrong passwords look the same
/// and take the same time.
pub async fn sign_in(services: &Services, input: SignInInput, visitor: &Visitor) -> Result<SignedIn, Error> {
    let SignInInput { email, password, code } = input;
    let proven = prove(services, Credentials { email, password, code }, visitor).await?;
    let open = async |user: &User, before| open_browser(services, user, visitor, before).await;
    let (opened, user) = proven.begin(services, visitor, open).await?;
    Ok(opened.signed_in(user))
}

/// Opens a session of a browser for a person whose identity is proven, in the workspace from which they are seen.
/// `before` is committed in the same unit, before it: what proved the identity, or made the account.
pub(crate) async fn open_session(
    services: &Services,
    user: User,
    visitor: &Visitor,
    before: Vec<Event>,
) -> Result<SignedIn, Error> {
    let opened = open_browser(services, &user, visitor, before).await?;
    Ok(opened.signed_in(user))
}

/// A browser's session, and what its cookie holds.
struct Opened {
    session: Session,
    token: String,
}

impl Opened {
    fn signed_in(self, user: User) -> SignedIn {
        let Self { session, token } = self;
        let csrf_token = csrf_token(&token);
        SignedIn { user: user.into(), token, csrf_token, expires_at: session.expires_at }
    }
}

async fn open_browser(
    services: &Services,
    user: &User,
    visitor: &Visitor,
    before: Vec<Event>,
) -> Result<Opened, StorageError> {
    let token = tokens::session_token(&services.ports.ids.secret());
    let hash = services.keyring.hash(&token);
    let session = sessions::open(services, user, visitor, SessionKind::Browser, hash, before).await?;
    Ok(Opened { session, token })
}

/// What somebody signs in with.
pub(super) struct Credentials {
    pub(super) email: String,
    pub(super) password: String,
    pub(super) code: Option<String>,
}

/// Somebody who gave the right password and, where one is asked for, the right code.
pub(super) struct Proven {
    user: User,
    password: String,
    /// Use up the code.
    proofs: Vec<Event>,
    /// The password's new hash, where the settings ask for another than the stored one.
    rehashed: Option<Event>,
}

impl Proven {
    /// Begins their session with what has to be committed before it. Where the account has changed meanwhile, the password
    /// has to be right still.
    pub(super) async fn begin<T>(
        self,
        services: &Services,
        visitor: &Visitor,
        open: impl AsyncFn(&User, Vec<Event>) -> Result<T, StorageError>,
    ) -> Result<(T, User), Error> {
        let Self { user, password, proofs, rehashed } = self;
        let before = proofs.iter().cloned().chain(rehashed).collect();
        match open(&user, before).await {
            Err(StorageError::Conflict) => {}
            opened => return Ok((opened?, user)),
        }
        let found = services.ports.identities.user_by_email(&user.email).await?;
        let now = found.filter(|now| now.id == user.id).ok_or_else(Error::wrong_credentials)?;
        let is_active = now.state == UserState::Active;
        if is_active && services.passwords.verify(&password, now.password_hash.as_ref()).await? {
            // A password that is hashed in an older way is hashed anew another time.
            return Ok((open(&now, proofs).await?, now));
        }
        let reason = if is_active { SignInFailure::WrongPassword } else { SignInFailure::NotActive };
        note_failure(services, visitor, Some(&now), reason).await?;
        Err(Error::wrong_credentials())
    }
}

/// Finds out whose credentials these are.
///
/// # Errors
/// `wrong_credentials`, whatever is wrong; `account_pending` for somebody with the right password whom no administrator has
/// let in yet; `second_factor_required`; `rate_limited`.
pub(super) async fn prove(
    services: &Services,
    credentials: Credentials,
    visitor: &Visitor,
) -> Result<Proven, Error> {
    let Credentials { email, password, code } = credentials;
    let account = email.trim().to_lowercase();
    let address = visitor.address;
    let from = format!("address:{}", network_of(address));
    if let Err(refusal) = count(services, &from, PEOPLE_AT_ONE_ADDRESS).await {
        note_throttled(services, visitor, None, &from).await?;
        return Err(refusal);
    }
    let on_account = format!("account:{}", hidden(services, &account));
    let refusal = count(services, &on_account, ONE).await.err();
    let (user, may_try) = match Email::new(&account) {
        Ok(email) => (
            services.ports.identities.user_by_email(&email).await?,
            refusal.is_none() || is_known_there(services, address, &email).await?,
        ),
        Err(_) => (None, refusal.is_none()),
    };
    // Whoever may not try waits as long, and is told the same as somebody at a known place whose password is wrong.
    let hash = user.as_ref().and_then(|user| user.password_hash.as_ref()).filter(|_| may_try);
    let fits = services.passwords.verify(&password, hash).await?;
    let reason = match &user {
        None => SignInFailure::UnknownAccount,
        Some(_) if !fits => SignInFailure::WrongPassword,
        Some(user) if user.state != UserState::Active => SignInFailure::NotActive,
        Some(user) => match second_factors::check(services, user, code.as_deref()).await {
            Ok(proofs) => {
                let rehashed = rehash(services, user, &password).await?;
                return Ok(Proven { user: user.clone(), password, proofs, rehashed });
            }
            Err(error) if error.problem().slug == "wrong_credentials" => SignInFailure::WrongCode,
            Err(error) => return Err(error),
        },
    };
    if let Some(refusal) = refusal {
        note_throttled(services, visitor, user.as_ref(), &on_account).await?;
        return Err(refusal);
    }
    note_failure(services, visitor, user.as_ref(), reason).await?;
    // Whoever knows the password learns nothing by it but what to wait for.
    let waits =
        reason == SignInFailure::NotActive && user.is_some_and(|user| user.state == UserState::Pending);
    Err(if waits { account_pending() } else { Error::wrong_credentials() })
}

fn account_pending() -> Error {
    let detail = "The password is right. An administrator has to let you in first.";
    Error::new(Code::Forbidden, "account_pending", detail)
}

/// Notes for the audit log that somebody was not let in: in the home of the account or, where there is none, in the first
/// workspace. What was typed is not kept, and it takes as long for accounts that do not exist.
pub(super) async fn note_failure(
    services: &Services,
    visitor: &Visitor,
    user: Option<&User>,
    reason: SignInFailure,
) -> Result<(), Error> {
    let Some(first) = services.ports.identities.first_workspace().await? else { return Ok(()) };
    let workspace_id = user.map_or(first.id, |user| user.home_workspace_id);
    let events = vec![Event::SignInFailed { user_id: user.map(|user| user.id), reason }];
    let unit = visitor.unit_of_work(services, workspace_id, None, Credential::System, events);
    services.ports.journal.commit(unit).await?;
    Ok(())
}

/// Notes for the audit log that there were too many attempts; once an hour for what they are counted against.
async fn note_throttled(
    services: &Services,
    visitor: &Visitor,
    user: Option<&User>,
    counted: &str,
) -> Result<(), Error> {
    const NOTES: Quota = Quota { name: "sign_in_notes", limit: ONE, window: Duration::from_hours(1) };
    if services.ports.rate_limiter.check(counted, NOTES).await.allowed {
        note_failure(services, visitor, user, SignInFailure::Throttled).await?;
    }
    Ok(())
}

/// The event that stores a password, which was just checked, as the settings ask for it now.
async fn rehash(services: &Services, user: &User, password: &str) -> Result<Option<Event>, Error> {
    let Some(stored) = &user.password_hash else { return Ok(None) };
    let hash = services.passwords.renew(password, stored).await?;
    Ok(hash.map(|hash| {
        let user = User { password_hash: Some(hash), version: user.version.next(), ..user.clone() };
        Event::UserUpdated { user, change: UserChange::Rehashed }
    }))
}

/// A household or an office shares one address.
const PEOPLE_AT_ONE_ADDRESS: NonZeroU32 = NonZeroU32::new(10).unwrap();
const ONE: NonZeroU32 = NonZeroU32::MIN;

/// Counts an attempt against the address and against what it is on, within a minute and within a day. Attempts of one
/// kind use up none of another.
pub(crate) async fn limit_attempts(
    services: &Services,
    address: Option<IpAddr>,
    kind: &'static str,
    on: &str,
) -> Result<(), Error> {
    count(services, &format!("address:{}", network_of(address)), PEOPLE_AT_ONE_ADDRESS).await?;
    count(services, &format!("{kind}:{}", hidden(services, on)), ONE).await
}

/// Whether a right password counts although there were too many attempts on the account: where its person signed in
/// before, or has a session, only the attempts from there count, so that nobody is locked out by those of strangers.
async fn is_known_there(services: &Services, address: Option<IpAddr>, email: &Email) -> Result<bool, Error> {
    let from = network_of(address);
    let known = services.ports.identities.known_addresses(email).await?;
    if from.is_empty() || known.into_iter().all(|known| network_of(Some(known)) != from) {
        return Ok(false);
    }
    let there = format!("known:{from}:{}", hidden(services, email.as_str()));
    match count(services, &there, ONE).await {
        Err(error) if error.code() == Code::RateLimited => Ok(false),
        counted => counted.map(|()| true),
    }
}

/// What was typed may be a password in the wrong field: limiters, which may be shared, do not see it.
fn hidden(services: &Services, text: &str) -> String {
    blake3::Hash::from(*services.keyring.hash(text).as_bytes()).to_hex().to_string()
}

async fn count(services: &Services, key: &str, people: NonZeroU32) -> Result<(), Error> {
    let settings = &services.settings;
    for (name, limit, window) in [
        ("sign_in", settings.sign_ins_per_minute, Duration::from_mins(1)),
        ("sign_in_daily", settings.sign_ins_per_day, Duration::from_hours(24)),
    ] {
        let limit = NonZeroU32::new(limit).unwrap_or(NonZeroU32::MIN).saturating_mul(people);
        let decision = services.ports.rate_limiter.check(key, Quota { name, limit, window }).await;
        if !decision.allowed {
            let detail = "Too many attempts. Wait a little, then try again.";
            let error = Error::new(Code::RateLimited, "rate_limited", detail);
            return Err(error.retry_after(decision.reset_after));
        }
    }
    Ok(())
}
