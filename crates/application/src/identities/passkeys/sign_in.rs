//! Signing in with a passkey: it says itself whose it is.

use domain::ports::StorageError;
use domain::{Credential, Event, Passkey, SignInFailure, Ticket, TicketKind, User, UserState};
use passki::{
    AuthenticationCredential, AuthenticationOptions, AuthenticationState, StoredPasskey,
    UserVerificationRequirement,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use validator::Validate;

use super::{CHALLENGE, PasskeyChallenge, read, relying_party, stored};
use crate::identities::sign_in::{SignedIn, limit_attempts, open_session};
use crate::identities::{Visitor, tickets};
use crate::{Code, Error, Services};

/// What a person signs in with.
#[derive(Clone, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "PasskeySignIn")]
pub struct PasskeySignInInput {
    /// As it was given with the challenge.
    #[validate(length(min = 1, max = 200, message = "must be the state from the challenge"))]
    pub state: String,
    /// What the browser gave, by `toJSON()`.
    pub credential: Map<String, Value>,
}

/// Gives a challenge that any passkey of anybody may answer.
///
/// # Errors
/// `passkeys_impossible` where browsers keep none, `not_set_up` before there is an owner, `rate_limited`.
pub async fn challenge(services: &Services, visitor: &Visitor) -> Result<PasskeyChallenge, Error> {
    let relying_party = relying_party(visitor.site.as_deref())?;
    let workspace = services.ports.identities.first_workspace().await?;
    let workspace = workspace.ok_or_else(|| Error::conflict("not_set_up", "Create the owner first."))?;
    let mut options = AuthenticationOptions::default();
    options.timeout = u64::try_from(CHALLENGE.as_millis()).unwrap_or(u64::MAX);
    options.user_verification = UserVerificationRequirement::Required;
    let (options, state) =
        relying_party.start_passkey_authentication(&[], options).map_err(Error::internal)?;
    let (token, issued) = tickets::issue(
        services,
        tickets::NewTicket {
            kind: TicketKind::PasskeySignIn,
            workspace_id: workspace.id,
            user_id: None,
            payload: serde_json::to_string(&state).map_err(Error::internal)?,
            lifetime: CHALLENGE,
        },
    );
    // No account is named, so the address alone counts.
    limit_attempts(services, visitor.address, "passkey", &token).await?;
    let unit = visitor.unit_of_work(services, workspace.id, None, Credential::System, vec![issued]);
    services.ports.journal.commit(unit).await?;
    PasskeyChallenge::new(token, &options)
}

/// Checks the answer to a challenge and opens a session. Neither password nor code is asked for: the device has made sure
/// that it is the right person who holds it.
///
/// # Errors
/// `wrong_passkey` for everything that does not count, without telling what it was.
pub async fn sign_in(
    services: &Services,
    input: PasskeySignInInput,
    visitor: &Visitor,
) -> Result<SignedIn, Error> {
    limit_attempts(services, visitor.address, "passkey", &input.state).await?;
    let credential: AuthenticationCredential = read(&input.credential)?;
    let ticket = tickets::find(services, TicketKind::PasskeySignIn, &input.state).await?;
    let ticket = ticket.ok_or_else(wrong_passkey)?;
    let found = match decode(&credential.raw_id) {
        Some(credential_id) => services.ports.identities.passkey_by_credential(&credential_id).await?,
        None => None,
    };
    let Some((passkey, user)) = found else {
        return Err(refuse(services, visitor, &ticket, None, SignInFailure::WrongPasskey).await);
    };
    let Some(passkey) = verified(services, visitor, &ticket, &credential, &passkey)? else {
        return Err(refuse(services, visitor, &ticket, Some(&user), SignInFailure::WrongPasskey).await);
    };
    if user.state != UserState::Active {
        return Err(refuse(services, visitor, &ticket, Some(&user), SignInFailure::NotActive).await);
    }
    let before = vec![tickets::used(&ticket), Event::PasskeyUsed(passkey)];
    let opened = open_session(services, user, visitor, before).await;
    // The same answer came twice at once: the challenge works once.
    opened.map_err(|error| if error.code() == Code::Conflict { wrong_passkey() } else { error })
}

/// The passkey as it is after its use; `None` where what it signed does not count.
fn verified(
    services: &Services,
    visitor: &Visitor,
    ticket: &Ticket,
    credential: &AuthenticationCredential,
    passkey: &Passkey,
) -> Result<Option<Passkey>, Error> {
    let relying_party = relying_party(visitor.site.as_deref())?;
    let state: AuthenticationState = serde_json::from_str(&ticket.payload).map_err(Error::internal)?;
    let known = stored(passkey)?;
    let result = match relying_party.finish_passkey_authentication(credential, &state, &known) {
        Ok(result) => result,
        Err(error) => {
            tracing::debug!(passkey_id = %passkey.id, %error, "a passkey was refused");
            return Ok(None);
        }
    };
    // Whoever it says it belongs to has to be whom it was added for.
    if result.user_handle.as_deref() != Some(passkey.user_id.uuid().as_bytes()) {
        return Ok(None);
    }
    let mut used = known;
    used.counter = result.counter;
    let credential = serde_json::to_string::<StoredPasskey>(&used).map_err(Error::internal)?;
    let last_used_at = Some(services.ports.clock.now());
    Ok(Some(Passkey { credential, last_used_at, ..passkey.clone() }))
}

/// Tells the audit log, and uses the challenge up: whoever failed begins anew.
async fn refuse(
    services: &Services,
    visitor: &Visitor,
    ticket: &Ticket,
    user: Option<&User>,
    reason: SignInFailure,
) -> Error {
    let user_id = user.map(|user| user.id);
    let workspace_id = user.map_or(ticket.workspace_id, |user| user.workspace_id);
    let events = vec![tickets::used(ticket), Event::SignInFailed { user_id, reason }];
    let unit = visitor.unit_of_work(services, workspace_id, None, Credential::System, events);
    match services.ports.journal.commit(unit).await {
        Ok(_) | Err(StorageError::Conflict) => wrong_passkey(),
        Err(error) => error.into(),
    }
}

fn wrong_passkey() -> Error {
    let detail =
        "This passkey is not known here, or what it signed does not count. Try again, or sign in otherwise.";
    Error::new(Code::Unauthenticated, "wrong_passkey", detail)
}

fn decode(text: &str) -> Option<Vec<u8>> {
    passki::Passki::base64_decode(text).ok()
}
