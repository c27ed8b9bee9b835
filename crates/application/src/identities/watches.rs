//! Open connections and the credentials that they depend on.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use domain::ports::Position;
use domain::{Actor, Role, TokenHash, UserId, WorkspaceId};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::look_up;
use crate::events::Inbox;
use crate::{Error, Services};

/// How many credentials are looked at at one time.
const AT_ONCE: usize = 8;

/// Open connections, each with the credential that it depends on. A credential is looked at once more soon after a
/// connection began with it, and again whenever something has happened to the person elsewhere.
#[derive(Default)]
pub struct Watches {
    people: Arc<Mutex<HashMap<UserId, Person>>>,
    /// Notified when news of other processes make a look worth while.
    pub(crate) is_due: Notify,
}

#[derive(Default)]
struct Person {
    connections: Vec<(Arc<Actor>, Arc<Inbox>)>,
    /// The newest position that was heard of when the credentials were last looked at.
    head: Option<Position>,
    is_due: bool,
}

/// Watches one credential for one connection, until it is dropped.
pub struct CredentialWatch {
    people: Arc<Mutex<HashMap<UserId, Person>>>,
    user_id: UserId,
    inbox: Arc<Inbox>,
}

impl Watches {
    /// From now on, the end of the actor's credential arrives in the inbox.
    pub fn watch(&self, actor: &Arc<Actor>, inbox: &Arc<Inbox>) -> CredentialWatch {
        let mut people = self.people.lock();
        let person = people.entry(actor.user_id).or_default();
        person.connections.push((Arc::clone(actor), Arc::clone(inbox)));
        // It may have ended between the moment it was accepted and this one.
        person.is_due = true;
        drop(people);
        CredentialWatch { people: Arc::clone(&self.people), user_id: actor.user_id, inbox: Arc::clone(inbox) }
    }

    /// Tells those connections of a person of which this is true that their credential has ended.
    pub fn end(&self, user_id: UserId, has_ended: impl Fn(&Actor) -> bool) {
        let people = self.people.lock();
        let connections = people.get(&user_id).into_iter().flat_map(|person| &person.connections);
        for (_, inbox) in connections.filter(|(actor, _)| has_ended(actor)) {
            inbox.end();
        }
    }

    /// Everybody who is connected.
    pub fn people(&self) -> Vec<UserId> {
        self.people.lock().keys().copied().collect()
    }

    /// Something has happened to a person elsewhere: it may have been the end of a credential.
    pub fn hear_of(&self, user_id: UserId, position: Position) {
        if let Some(person) = self.people.lock().get_mut(&user_id)
            && person.head.is_none_or(|head| head < position)
        {
            person.head = Some(position);
            person.is_due = true;
            self.is_due.notify_one();
        }
    }

    /// Looks at the credentials that are due, and tells the connections of those that have ended.
    pub async fn look(&self, services: &Services) -> Result<(), Error> {
        let due: Vec<Arc<Actor>> = {
            let mut people = self.people.lock();
            let mut distinct: HashMap<(TokenHash, WorkspaceId, Role), Arc<Actor>> = HashMap::new();
            for person in people.values_mut() {
                if std::mem::take(&mut person.is_due) {
                    distinct.extend(person.connections.iter().map(|(actor, _)| {
                        ((actor.proof, actor.workspace_id, actor.role), Arc::clone(actor))
                    }));
                }
            }
            distinct.into_values().collect()
        };
        let people: Vec<UserId> = due.iter().map(|actor| actor.user_id).collect();
        let looks = stream::iter(due).map(|actor| self.look_at(services, actor));
        let looked: Result<(), Error> = looks.buffer_unordered(AT_ONCE).try_collect().await;
        if looked.is_err() {
            let mut connected = self.people.lock();
            for user_id in people {
                if let Some(person) = connected.get_mut(&user_id) {
                    person.is_due = true;
                }
            }
        }
        looked
    }

    async fn look_at(&self, services: &Services, actor: Arc<Actor>) -> Result<(), Error> {
        if !look_up::is_still(services, &actor).await? {
            services.ports.cache.forget_owner(actor.user_id);
            services.authenticator.forget(actor.user_id);
            self.end(actor.user_id, |other| look_up::is_as_much(other, &actor));
        }
        Ok(())
    }
}

impl Drop for CredentialWatch {
    fn drop(&mut self) {
        let mut people = self.people.lock();
        let Entry::Occupied(mut person) = people.entry(self.user_id) else { return };
        let connections = &mut person.get_mut().connections;
        if let Some(index) = connections.iter().position(|(_, inbox)| Arc::ptr_eq(inbox, &self.inbox)) {
            connections.swap_remove(index);
        }
        if connections.is_empty() {
            person.remove();
        }
    }
}
