//! Proving once more who one is, before something about one's own account changes.

use std::time::Duration;

use domain::{Credential, Event, SignInFailure};

use super::sign_in;
use crate::bus::Context;
use crate::{Code, Error, Services};

/// How long ago somebody without a password may have signed in.
const FRESH: Duration = Duration::from_mins(15);

/// Refuses unless the person has just proven who they are: by their password or, where they have none, by having signed
/// in within 15 minutes. A key never proves it.
///
/// # Errors
/// `invalid_input` at `/current_password` when it is missing or wrong; `forbidden` with the slug `sign_in_again` when
/// signing in was too long ago; `rate_limited` after too many attempts.
pub async fn reauthenticate(
    services: &Services,
    context: &Context,
    current_password: Option<&str>,
) -> Result<(), Error> {
    let Credential::Session(session_id) = context.actor.credential else {
        return Err(Error::forbidden("A key cannot change the account itself: sign in for that."));
    };
    let identities = &services.ports.identities;
    let user = identities.user(context.actor.workspace_id, context.actor.user_id).await?;
    let user = user.ok_or_else(Error::unauthenticated)?;
    let Some(hash) = &user.password_hash else {
        let session = identities.session(session_id).await?.ok_or_else(Error::unauthenticated)?.session;
        if session.created_at.plus(FRESH) > services.lease_clock.now() {
            return Ok(());
        }
        let detail = "You signed in more than 15 minutes ago. Sign in again, then repeat it.";
        return Err(Error::new(Code::Forbidden, "sign_in_again", detail));
    };
    let Some(offered) = current_password else {
        let detail = "must be your present password";
        return Err(Error::invalid_field("/current_password", "required", detail));
    };
    sign_in::limit_attempts(services, context.address, "again", &user.id.to_string()).await?;
    if services.passwords.verify(offered, Some(hash)).await? {
        return Ok(());
    }
    let failed = Event::SignInFailed { user_id: Some(user.id), reason: SignInFailure::WrongPassword };
    services.ports.journal.commit(context.unit_of_work(services, vec![failed])).await?;
    Err(Error::invalid_field("/current_password", "wrong_password", "is not your present password"))
}
