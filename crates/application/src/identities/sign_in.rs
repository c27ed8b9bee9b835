//! Signing in with a password.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use domain::ports::Quota;
use domain::{Credential, Email, Event, Session, SessionId, SessionKind, Timestamp, User, UserState};
use schemars::JsonSchema;
use serde::Deserialize;
use validator::Validate;

use super::{UserView, Visitor, csrf_token, tokens};
use crate::{Code, Error, Services};

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

/// Checks a password and opens a session. Unknown accounts and wrong passwords look the same and take the same time.
pub async fn sign_in(services: &Services, input: SignInInput, visitor: &Visitor) -> Result<SignedIn, Error> {
    let account = input.email.trim().to_lowercase();
    limit_attempts(services, visitor.address, &account).await?;
    let user = match Email::new(&account) {
        Ok(email) => services.ports.identities.user_by_email(&email).await?,
        Err(_) => None,
    };
    let hash = user.as_ref().and_then(|user| user.password_hash.as_ref());
    let fits = services.passwords.verify(&input.password, hash).await?;
    match user.filter(|user| fits && user.state == UserState::Active) {
        Some(user) => {
            if let Some(address) = visitor.address {
                services.known_addresses.remember(&account, address);
            }
            open_session(services, user, visitor, Vec::new()).await
        }
        None => Err(Error::wrong_credentials()),
    }
}

/// Counts an attempt against the address and against the account. Where the account's password was right before, only
/// attempts from the same address count against it: nobody can be locked out by those of strangers.
pub(super) async fn limit_attempts(
    services: &Services,
    address: Option<IpAddr>,
    account: &str,
) -> Result<(), Error> {
    /// A household or an office shares one address.
    const PEOPLE_AT_ONE_ADDRESS: NonZeroU32 = NonZeroU32::new(10).unwrap();
    let limit = NonZeroU32::new(services.settings.sign_ins_per_minute).unwrap_or(NonZeroU32::MIN);
    let quota = |limit| Quota { name: "sign_in", limit, window: Duration::from_mins(1) };
    let from = address.map_or_else(String::new, |address| address.to_string());
    let is_known = address.is_some_and(|address| services.known_addresses.knows(account, address));
    let by_account = if is_known { format!("known:{from}:{account}") } else { format!("account:{account}") };
    let by_address = (format!("address:{from}"), limit.saturating_mul(PEOPLE_AT_ONE_ADDRESS));
    for (key, limit) in [by_address, (by_account, limit)] {
        let decision = services.ports.rate_limiter.check(&key, quota(limit)).await;
        if !decision.allowed {
            let detail = "Too many attempts. Wait a little, then try again.";
            return Err(
                Error::new(Code::RateLimited, "rate_limited", detail).retry_after(decision.reset_after)
            );
        }
    }
    Ok(())
}

/// Opens a session of a browser for a person whose identity is proven, in the workspace from which they are seen.
/// `before` is committed in the same unit, before it: what proved the identity, or made the account.
pub(crate) async fn open_session(
    services: &Services,
    user: User,
    visitor: &Visitor,
    before: Vec<Event>,
) -> Result<SignedIn, Error> {
    let at = services.ports.clock.now();
    let token = tokens::session_token(&services.ports.ids.secret());
    let session = Session {
        id: SessionId::from_uuid(services.ports.ids.uuid()),
        user_id: user.id,
        workspace_id: user.workspace_id,
        kind: SessionKind::Browser,
        token_hash: services.keyring.hash(&token),
        generation: 0,
        rotated_at: at,
        device: visitor.device.clone(),
        last_address: visitor.address,
        last_used_at: at,
        created_at: at,
        expires_at: at.plus(services.settings.session()),
    };
    let expires_at = session.expires_at;
    let credential = Credential::Session(session.id);
    let mut events = before;
    events.push(Event::SessionOpened(session));
    let unit = visitor.unit_of_work(services, user.workspace_id, Some(user.id), credential, events);
    services.ports.journal.commit(unit).await?;
    let csrf_token = csrf_token(&token);
    Ok(SignedIn { user: user.into(), token, csrf_token, expires_at })
}
