//! Adding a provider to an account.

use domain::ports::{ExternalPerson, StorageError};
use domain::{Credential, Event, ExternalIdentity, SessionId, UserId, UserState};

use super::MAX_IDENTITIES;
use crate::identities::Visitor;
use crate::{Error, Services};

/// Puts the account of somebody who is signed in together with a person at a provider. The session's cookie does not come
/// along when another site sends the browser here; that the session has not ended meanwhile is looked up.
pub async fn link(
    services: &Services,
    visitor: &Visitor,
    person: &ExternalPerson,
    user_id: UserId,
    session_id: SessionId,
) -> Result<(), Error> {
    let identities = &services.ports.identities;
    let now = services.ports.clock.now();
    let found = identities.session(session_id).await?;
    let found = found.filter(|found| {
        found.user.id == user_id && found.user.state == UserState::Active && found.session.expires_at > now
    });
    let workspace_id = found.ok_or_else(Error::unauthenticated)?.user.workspace_id;
    if let Some(known) = identities.user_by_external(&person.issuer, &person.subject).await? {
        return if known.id == user_id { Ok(()) } else { Err(taken()) };
    }
    if identities.external_identities(user_id).await?.len() >= MAX_IDENTITIES {
        let detail =
            format!("Nobody may have more than {MAX_IDENTITIES} accounts at providers. Remove one first.");
        return Err(Error::conflict("too_many_identities", detail));
    }
    let credential = Credential::Session(session_id);
    let events = vec![linked(services, person, user_id)];
    let unit = visitor.unit_of_work(services, workspace_id, Some(user_id), credential, events);
    match services.ports.journal.commit(unit).await {
        Ok(_) => Ok(()),
        Err(StorageError::Conflict | StorageError::Rejected(_)) => Err(taken()),
        Err(error) => Err(error.into()),
    }
}

/// The event that puts an account and a person at a provider together.
pub fn linked(services: &Services, person: &ExternalPerson, user_id: UserId) -> Event {
    Event::ExternalIdentityLinked(ExternalIdentity {
        user_id,
        issuer: person.issuer.clone(),
        subject: person.subject.clone(),
        created_at: services.ports.clock.now(),
    })
}

fn taken() -> Error {
    let detail = "This account at the provider belongs to somebody else here.";
    Error::conflict("identity_taken", detail)
}
