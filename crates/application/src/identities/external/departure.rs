//! Leaving for a provider.

use domain::Credential;
use domain::ports::Begun;

use super::CALLBACK;
use super::journey::{AWAY, Journey, Purpose, own_address};
use crate::bus::Context;
use crate::identities::{Visitor, limit_attempts, reauthenticate};
use crate::{Error, Services};

/// A browser that is about to leave.
pub struct Departure {
    /// Where to.
    pub url: String,
    /// What it carries.
    pub cookie: String,
}

/// Sends a browser to a provider to sign in; `next` is where it goes afterwards.
///
/// # Errors
/// `invalid_input` where `next` leads elsewhere; `not_found` for providers that there are not; `sign_in_provider_away`;
/// `rate_limited`.
pub async fn depart(
    services: &Services,
    visitor: &Visitor,
    provider: &str,
    next: Option<&str>,
) -> Result<Departure, Error> {
    // No account is named, so the address alone counts.
    limit_attempts(services, visitor.address, "departure", &visitor.request_id).await?;
    leave(services, visitor.site.as_deref(), provider, own_address(next)?, Purpose::SignIn).await
}

/// Sends the browser of somebody who is signed in to a provider, to add a way to sign in to their account.
///
/// # Errors
/// As [`depart`], and those of [`reauthenticate`].
pub async fn depart_to_link(
    services: &Services,
    context: &Context,
    provider: &str,
    next: Option<&str>,
    current_password: Option<&str>,
) -> Result<Departure, Error> {
    let next = own_address(next)?;
    reauthenticate(services, context, current_password).await?;
    let Credential::Session(session_id) = context.actor.credential else {
        return Err(Error::forbidden("A key cannot change the account itself: sign in for that."));
    };
    let purpose = Purpose::Link { user_id: context.actor.user_id, session_id };
    leave(services, context.site.as_deref(), provider, next, purpose).await
}

async fn leave(
    services: &Services,
    site: Option<&str>,
    provider: &str,
    next: String,
    purpose: Purpose,
) -> Result<Departure, Error> {
    let site =
        site.ok_or_else(|| Error::conflict("no_address", "The request does not say where it was sent."))?;
    let redirect_uri = format!("{site}{CALLBACK}");
    let Begun { authorization_url, kept } =
        services.ports.sign_in_providers.begin(provider, &redirect_uri).await?;
    let until = services.ports.clock.now().plus(AWAY);
    let cookie = Journey { kept, purpose, next, until }.seal(services)?;
    Ok(Departure { url: authorization_url, cookie })
}
