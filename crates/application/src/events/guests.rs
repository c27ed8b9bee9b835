//! Those who see a conversation of somebody else through a project, and for how long.
//!
//! Whoever is connected and follows such a conversation, or an answer in it, is a guest. What ends that is felt at once
//! where this process brings it about, and at the next look otherwise: somebody is no longer a member of the project, the
//! conversation was taken out of it, or the project is gone.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use domain::ports::Position;
use domain::{Actor, ConversationId, Event, ProjectId, UserId, WorkspaceId};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use parking_lot::Mutex;

use super::Inbox;
use crate::access::Sight;
use crate::{Error, Services};

/// How many conversations are looked at in one query.
const PAGE: usize = 200;
/// How many people's places in projects are looked at at one time.
const AT_ONCE: usize = 8;

/// Everybody who follows a conversation of somebody else in this process.
#[derive(Default)]
pub(crate) struct Guests(Arc<Mutex<Visits>>);

#[derive(Default)]
struct Visits {
    by_conversation: HashMap<ConversationId, Vec<Visit>>,
    people: HashMap<UserId, Person>,
    numbers: u64,
}

struct Visit {
    number: u64,
    place: Place,
    inbox: Arc<Inbox>,
}

/// By whom, and through which project, a conversation is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Place {
    workspace: WorkspaceId,
    project: ProjectId,
    person: UserId,
}

#[derive(Default)]
struct Person {
    visits: usize,
    /// The newest position that was heard of when their places were last looked at.
    head: Option<Position>,
    /// Whether that they still have them is yet to be looked at.
    is_due: bool,
}

/// One who follows a conversation of somebody else, until it is dropped.
pub struct Guest {
    visits: Arc<Mutex<Visits>>,
    conversation_id: ConversationId,
    number: u64,
}

impl Guest {
    /// The conversation.
    pub const fn conversation_id(&self) -> ConversationId {
        self.conversation_id
    }
}

impl Guests {
    /// From now on, the inbox is told when the conversation is no longer shown to the actor. `None` for the owner.
    pub fn admit(
        &self,
        actor: &Actor,
        conversation_id: ConversationId,
        sight: Sight,
        inbox: &Arc<Inbox>,
    ) -> Option<Guest> {
        let place = Place { workspace: actor.workspace_id, project: sight.through?, person: actor.user_id };
        let mut visits = self.0.lock();
        visits.numbers += 1;
        let number = visits.numbers;
        let person = visits.people.entry(actor.user_id).or_default();
        person.visits += 1;
        // It may have ended between the moment it was looked at and this one.
        person.is_due = true;
        let visit = Visit { number, place, inbox: Arc::clone(inbox) };
        visits.by_conversation.entry(conversation_id).or_default().push(visit);
        drop(visits);
        Some(Guest { visits: Arc::clone(&self.0), conversation_id, number })
    }

    /// This process has committed these events.
    pub(super) fn committed(&self, events: &[Event]) {
        let visits = self.0.lock();
        if visits.by_conversation.is_empty() {
            return;
        }
        for event in events {
            match event {
                Event::ConversationUpdated(conversation) => {
                    visits.found_in(conversation.id, conversation.project_id);
                }
                Event::ProjectMemberRemoved { project_id, user_id } => {
                    visits.end(|place| (place.project, place.person) == (*project_id, *user_id));
                }
                Event::ProjectDeleted(project) => visits.end(|place| place.project == project.id),
                Event::MemberRemoved(member) => {
                    visits.end(|place| {
                        (place.workspace, place.person) == (member.workspace_id, member.user_id)
                    });
                }
                Event::UserDeleted(user) => visits.end(|place| place.person == user.id),
                _ => {}
            }
        }
    }

    /// The conversation is in this project now, or in none.
    pub(super) fn found_in(&self, id: ConversationId, project_id: Option<ProjectId>) {
        self.0.lock().found_in(id, project_id);
    }

    /// Everybody who is a guest.
    pub fn people(&self) -> Vec<UserId> {
        self.0.lock().people.keys().copied().collect()
    }

    /// Something may have happened to a person elsewhere.
    pub fn hear_of(&self, user_id: UserId, position: Position) {
        if let Some(person) = self.0.lock().people.get_mut(&user_id)
            && person.head.is_none_or(|head| head < position)
        {
            person.head = Some(position);
            person.is_due = true;
        }
    }

    /// Looks where the conversations are by now, and whether those to whom something has happened still have their places.
    pub async fn look(&self, services: &Services) -> Result<(), Error> {
        let (conversations, places) = self.0.lock().due(services.ports.journal.commits_alone());
        let looked = async {
            for (workspace_id, ids) in conversations {
                for page in ids.chunks(PAGE) {
                    for found in services.ports.conversations.get_many(workspace_id, page).await? {
                        self.found_in(found.id, found.project_id);
                    }
                }
            }
            let looks = stream::iter(places.iter().copied()).map(|place| self.look_at(services, place));
            looks.buffer_unordered(AT_ONCE).try_collect::<()>().await
        }
        .await;
        if looked.is_err() {
            let mut visits = self.0.lock();
            for place in places {
                if let Some(person) = visits.people.get_mut(&place.person) {
                    person.is_due = true;
                }
            }
        }
        looked
    }

    async fn look_at(&self, services: &Services, place: Place) -> Result<(), Error> {
        let Place { workspace: workspace_id, project: project_id, person: user_id } = place;
        if services.ports.projects.access(workspace_id, project_id, user_id).await?.is_none() {
            self.0.lock().end(|other| *other == place);
        }
        Ok(())
    }
}

impl Visits {
    /// Tells those guests of a conversation who saw it through another project than it is in now.
    fn found_in(&self, id: ConversationId, project_id: Option<ProjectId>) {
        for visit in self.by_conversation.get(&id).into_iter().flatten() {
            if Some(visit.place.project) != project_id {
                visit.inbox.lose(id);
            }
        }
    }

    /// Tells the guests whose places have ended.
    fn end(&self, has_ended: impl Fn(&Place) -> bool) {
        for (id, visits) in &self.by_conversation {
            for visit in visits.iter().filter(|visit| has_ended(&visit.place)) {
                visit.inbox.lose(*id);
            }
        }
    }

    /// What is to be looked at. Where this process commits alone, only what is new.
    fn due(&mut self, commits_alone: bool) -> (HashMap<WorkspaceId, Vec<ConversationId>>, HashSet<Place>) {
        let due: HashSet<UserId> = self
            .people
            .iter_mut()
            .filter_map(|(id, person)| std::mem::take(&mut person.is_due).then_some(*id))
            .collect();
        let mut conversations: HashMap<WorkspaceId, Vec<ConversationId>> = HashMap::new();
        let mut places = HashSet::new();
        for (id, visits) in &self.by_conversation {
            let is_due = |visit: &&Visit| due.contains(&visit.place.person);
            places.extend(visits.iter().filter(is_due).map(|visit| visit.place));
            if let Some(visit) = visits.iter().find(|visit| !commits_alone || is_due(visit)) {
                conversations.entry(visit.place.workspace).or_default().push(*id);
            }
        }
        (conversations, places)
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut visits = self.visits.lock();
        let Entry::Occupied(mut of_conversation) = visits.by_conversation.entry(self.conversation_id) else {
            return;
        };
        let Some(index) = of_conversation.get().iter().position(|visit| visit.number == self.number) else {
            return;
        };
        let visit = of_conversation.get_mut().swap_remove(index);
        if of_conversation.get().is_empty() {
            of_conversation.remove();
        }
        if let Entry::Occupied(mut person) = visits.people.entry(visit.place.person) {
            person.get_mut().visits -= 1;
            if person.get().visits == 0 {
                person.remove();
            }
        }
    }
}

#[cfg(test)]
#[path = "guests_tests.rs"]
mod tests;
