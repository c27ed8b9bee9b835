//! Links that work once.

use std::time::Duration;

use domain::ports::StorageError;
use domain::{Ticket, TicketKind};
use serde::Deserialize;

use crate::identities::{Visitor, limit_attempts, tickets};
use crate::{Code, Error, Services};

/// The ticket behind the token of a link, and what it carries. Whoever uses it commits `TicketUsed`, which works once.
///
/// # Errors
/// `link_invalid` for a token that is unknown, used, expired or of another kind, without telling which.
pub(crate) async fn follow<T: for<'de> Deserialize<'de>>(
    services: &Services,
    visitor: &Visitor,
    kind: TicketKind,
    token: &str,
) -> Result<(Ticket, T), Error> {
    limit_attempts(services, visitor.address, "ticket", token).await?;
    let ticket = tickets::find(services, kind, token).await?.ok_or_else(link_invalid)?;
    let payload = serde_json::from_str(&ticket.payload).map_err(Error::internal)?;
    Ok((ticket, payload))
}

/// That a link does not work.
pub(crate) fn link_invalid() -> Error {
    let detail =
        "This link does not work: it was used before, is too old, or is not complete. Ask for a new one.";
    Error::new(Code::Forbidden, "link_invalid", detail)
}

/// Of two uses of a link at once, the second one comes too late.
pub(crate) fn used_meanwhile(error: StorageError) -> Error {
    match error {
        StorageError::Conflict => link_invalid(),
        error => error.into(),
    }
}

/// The address of a page with a token, which never reaches a server's log; without the beginning where it is not known.
pub(crate) fn link(site: Option<&str>, page: &str, token: &str) -> String {
    format!("{}/{page}#token={token}", site.unwrap_or_default())
}

/// How long invitations and first passwords may be waited for.
pub(crate) fn invitation_lifetime(services: &Services) -> Duration {
    Duration::from_hours(services.settings.identity.invitation_hours.into())
}

/// How long a link for a new password works.
pub(crate) fn password_link_lifetime(services: &Services) -> Duration {
    Duration::from_mins(services.settings.identity.password_link_minutes.into())
}
