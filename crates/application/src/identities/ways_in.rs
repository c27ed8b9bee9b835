//! In how many ways a person can sign in.

use crate::bus::Context;
use crate::{Error, Services};

/// Refuses to take a way in from the person who asks when it is the only one: nobody should lock themselves out. Of two
/// that are taken at the same moment both may go; then an administrator hands over a link for a password.
///
/// # Errors
/// `last_way_in`.
pub async fn refuse_to_take_the_last(services: &Services, context: &Context) -> Result<(), Error> {
    let (identities, actor) = (&services.ports.identities, &context.actor);
    let user =
        identities.user(actor.workspace_id, actor.user_id).await?.ok_or_else(Error::unauthenticated)?;
    if user.password_hash.is_some() {
        return Ok(());
    }
    let ways =
        identities.passkeys(user.id).await?.len() + identities.external_identities(user.id).await?.len();
    if ways > 1 {
        return Ok(());
    }
    let detail = "You have no other way to sign in. Add a password, a passkey or a provider first.";
    Err(Error::conflict("last_way_in", detail))
}
