//! Reading the journal as the asker may see it.

use std::collections::HashMap;

use async_trait::async_trait;
use domain::ports::{Conversations, Fact, FactScope, Messages, Position};
use domain::{Actor, Conversation, ConversationId, Message, MessageId, Permission, WorkspaceId};
use validator::Validate;

use super::{EventView, RunReference};
use crate::bus::{Context, Query};
use crate::{Error, Ports, Services, access};

/// Which part of the journal is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventScope {
    /// Everything about the asker's conversations and account.
    Mine,
    /// Everything about one conversation.
    Conversation(ConversationId),
}

/// An event that was read from the journal.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedEvent {
    /// Its place.
    pub position: Position,
    /// What people see of it.
    pub view: EventView,
}

/// Events after a position, oldest first; `Gone` when some after it are no longer kept.
#[derive(Debug, Clone, Validate)]
pub struct ReadEvents {
    /// Which part.
    pub scope: EventScope,
    /// The last position that the asker has; `None` for all that is kept.
    pub after: Option<Position>,
    /// The most events, 1 to 200.
    #[validate(range(min = 1, max = 200, message = "must be between 1 and 200"))]
    pub limit: u16,
}

#[async_trait]
impl Query for ReadEvents {
    const NAME: &'static str = "event.list";
    const PERMISSION: Permission = Permission::Read;
    type Output = Vec<RecordedEvent>;

    async fn answer(&self, services: &Services, context: &Context) -> Result<Vec<RecordedEvent>, Error> {
        let actor = &context.actor;
        let (scope, is_guest) = visible(services, actor, self.scope).await?;
        let journal = &services.ports.journal;
        let after = self.after.unwrap_or_default();
        let facts = journal.read_after(actor.workspace_id, scope, after, self.limit).await?;
        // Looked at afterwards, in case something is forgotten at this moment.
        if self.after.is_some() && journal.forgotten(actor.workspace_id, scope).await? > after {
            return Err(Error::forgotten());
        }
        let Ports { conversations, messages, .. } = &services.ports;
        let mut events = hydrate(&**conversations, &**messages, actor.workspace_id, facts).await?;
        if is_guest {
            let seen = |event: RecordedEvent| RecordedEvent { view: event.view.for_guests(), ..event };
            events = events.into_iter().map(seen).collect();
        }
        Ok(events)
    }
}

/// The facts of a scope that the asker may see, and whether they are about a conversation of somebody else.
async fn visible(services: &Services, actor: &Actor, scope: EventScope) -> Result<(FactScope, bool), Error> {
    match scope {
        EventScope::Mine => Ok((FactScope::User(actor.user_id), false)),
        EventScope::Conversation(id) => {
            let sight = access::sight(services, actor, id).await?;
            Ok((FactScope::Conversation(id), sight.owner_id != actor.user_id))
        }
    }
}

/// Adds the entities to the facts, with two queries however many facts there are.
pub(super) async fn hydrate(
    conversations: &dyn Conversations,
    messages: &dyn Messages,
    workspace_id: WorkspaceId,
    facts: Vec<Fact>,
) -> Result<Vec<RecordedEvent>, Error> {
    let mut conversation_ids: Vec<ConversationId> = facts
        .iter()
        .filter(|fact| carries_conversation(fact))
        .filter_map(|fact| fact.conversation_id)
        .collect();
    conversation_ids.sort_unstable();
    conversation_ids.dedup();
    let mut message_ids: Vec<MessageId> =
        facts.iter().filter(|fact| carries_message(fact)).filter_map(|fact| fact.message_id).collect();
    message_ids.sort_unstable();
    message_ids.dedup();
    let conversations: HashMap<ConversationId, Conversation> = if conversation_ids.is_empty() {
        HashMap::new()
    } else {
        let found = conversations.get_many(workspace_id, &conversation_ids).await?;
        found.into_iter().map(|conversation| (conversation.id, conversation)).collect()
    };
    let messages: HashMap<MessageId, Message> = if message_ids.is_empty() {
        HashMap::new()
    } else {
        let found = messages.get_many(workspace_id, &message_ids).await?;
        found.into_iter().map(|message| (message.id, message)).collect()
    };
    let view = |fact: Fact| {
        let (carries_conversation, carries_message) = (carries_conversation(&fact), carries_message(&fact));
        let mut view = EventView::bare(fact.name, fact.at, fact.user_id);
        if carries_conversation {
            view.conversation =
                fact.conversation_id.and_then(|id| conversations.get(&id)).cloned().map(Into::into);
        }
        if carries_message {
            view.message = fact.message_id.and_then(|id| messages.get(&id)).cloned().map(Into::into);
        }
        view.subject_id = fact.subject_id;
        view.conversation_id = fact.conversation_id;
        view.message_id = fact.message_id;
        view.run = fact.run_id.zip(fact.run_status).map(|(id, status)| RunReference { id, status });
        view.removed_ids = fact.removed;
        RecordedEvent { position: fact.position, view }
    };
    Ok(facts.into_iter().map(view).collect())
}

/// Whether the event's view carries the conversation itself.
fn carries_conversation(fact: &Fact) -> bool {
    matches!(fact.name.as_str(), "conversation.created" | "conversation.updated")
}

/// Whether the event's view carries the message itself.
fn carries_message(fact: &Fact) -> bool {
    !matches!(fact.name.as_str(), "message.deleted" | "run.started" | "run.stop_requested")
}
