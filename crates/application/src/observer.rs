//! The observer of the journal: hands what was committed, and what other processes tell, to the parts that care.

use std::sync::{Arc, Weak};

use domain::ports::{CommitObserver, Committed, News};
use domain::{Actor, Credential, Event, SessionId, UnitOfWork, UserChange, UserId};

use crate::Services;

/// Hands on what was committed here and elsewhere. It is held by the journal, which the services hold.
pub(crate) struct Observer(pub Weak<Services>);

impl CommitObserver for Observer {
    fn committed(&self, unit: &Arc<UnitOfWork>, committed: &Committed) {
        let Some(services) = self.0.upgrade() else { return };
        forget_owners(&services, unit, committed);
        for event in &unit.events {
            end_credentials(&services, event);
        }
        services.hub.committed(unit, committed);
        if !unit.jobs.is_empty() {
            services.job_queue.wake();
        }
    }

    fn news(&self, news: News) {
        let Some(services) = self.0.upgrade() else { return };
        match news {
            News::Facts(owner_id, position) => {
                services.ports.cache.forget_owner(owner_id);
                services.authenticator.forget(owner_id);
                services.watches.hear_of(owner_id, position);
                services.hub.hear_of(owner_id, position);
            }
            News::Jobs => services.job_queue.wake(),
            News::StopRun(run_id) => services.engine.cancel(run_id),
            News::Disturbed => {
                services.ports.cache.forget_all();
                services.authenticator.forget_all();
                services.job_queue.wake();
                services.lookout.wake();
            }
        }
    }
}

/// What was read about the people whom a unit is about may have changed: whoever is answered after the commit reads it
/// anew.
fn forget_owners(services: &Services, unit: &UnitOfWork, committed: &Committed) {
    let owners = committed.places.iter().flatten().filter_map(|place| place.owner_id);
    let mut forgotten = None;
    for owner_id in owners.chain(unit.origin.user_id) {
        if forgotten.replace(owner_id) != Some(owner_id) {
            services.ports.cache.forget_owner(owner_id);
        }
    }
}

/// What came with a credential that has just ended, or counts for something else from now on, is no longer accepted.
fn end_credentials(services: &Services, event: &Event) {
    let end = |user_id: UserId, has_ended: &dyn Fn(&Actor) -> bool| {
        services.ports.cache.forget_owner(user_id);
        services.authenticator.forget(user_id);
        services.watches.end(user_id, has_ended);
    };
    let session = |id: SessionId| move |actor: &Actor| actor.credential == Credential::Session(id);
    match event {
        Event::SessionClosed { session_id, user_id, .. } => end(*user_id, &session(*session_id)),
        Event::SessionSwitched(switched) => end(switched.user_id, &session(switched.id)),
        Event::SessionsClosed { user_id, except } => {
            end(
                *user_id,
                &|actor| matches!(actor.credential, Credential::Session(id) if Some(id) != *except),
            );
        }
        Event::ApiKeyRevoked { api_key_id, user_id } => {
            end(*user_id, &|actor| actor.credential.api_key_id() == Some(*api_key_id));
        }
        Event::UserUpdated { user, change: UserChange::Role { .. } } => {
            end(user.id, &|actor| actor.workspace_id == user.workspace_id);
        }
        Event::MemberRemoved(member) => {
            end(member.user_id, &|actor| actor.workspace_id == member.workspace_id);
        }
        Event::UserUpdated { user, change: UserChange::Suspended } | Event::UserDeleted(user) => {
            end(user.id, &|_| true);
        }
        _ => {}
    }
}
