//! `conversation.fork`

use async_trait::async_trait;
use domain::ports::ThreadMessage;
use domain::{
    Actor, Conversation, ConversationId, Event, ForkOrigin, Message, MessageId, MessageStatus, Permission,
    ProjectAccess, ProjectId, Version,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::{ConversationView, moved};
use crate::access::Right;
use crate::bus::{Command, Context, Decision, Handler};
use crate::{Code, Error, Services, access, messages};

/// Copies the branch from its beginning to a message into a new conversation of the person who asks. It stays in the
/// project where they may write there, and is theirs alone otherwise.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ForkConversation {
    /// The conversation to fork.
    pub conversation_id: ConversationId,
    /// The last message to take along.
    pub message_id: MessageId,
}

impl Command for ForkConversation {
    const NAME: &'static str = "conversation.fork";
    const PERMISSION: Permission = Permission::Write;
    type Output = ConversationView;
}

#[async_trait]
impl Handler for ForkConversation {
    async fn handle(
        &self,
        services: &Services,
        context: &Context,
    ) -> Result<Decision<ConversationView>, Error> {
        let actor = &context.actor;
        let origin = access::conversation(services, actor, self.conversation_id, Right::Read).await?;
        let thread = messages::whole_thread(services, origin.workspace_id, self.message_id).await?;
        let belongs = thread.last().is_some_and(|last| last.message.conversation_id == origin.id);
        if !belongs {
            let detail = "is not a message of this conversation";
            return Err(Error::invalid_field("/message_id", "unknown_message", detail));
        }
        if thread.iter().any(|entry| entry.message.status.is_running()) {
            return Err(domain::ConversationRejection::AnswerRunning.into());
        }
        let project_id = match origin.project_id {
            Some(id) => writable(services, actor, id).await?,
            None => None,
        };
        let at = services.ports.clock.now();
        let id = ConversationId::from_uuid(services.ports.ids.uuid());
        let copies = copy_thread(services, id, thread);
        let fork = Conversation {
            id,
            owner_id: actor.user_id,
            project_id,
            active_leaf_id: copies.last().map(|message| message.id),
            message_count: 0,
            forked_from: Some(ForkOrigin { conversation_id: origin.id, message_id: self.message_id }),
            tag_ids: Vec::new(),
            pinned: false,
            archived: false,
            version: Version::FIRST,
            created_at: at,
            updated_at: at,
            ..origin
        };
        let count = u32::try_from(copies.len()).unwrap_or(u32::MAX);
        let view = ConversationView::from(Conversation { message_count: count, ..fork.clone() });
        let mut events =
            vec![Event::ConversationCreated(Conversation { active_leaf_id: None, ..fork.clone() })];
        events.extend(copies.into_iter().map(Event::MessagePosted));
        let completed = Conversation { version: fork.version.next(), ..fork };
        let version = completed.version;
        events.extend(moved(&completed, None));
        events.push(Event::ConversationUpdated(completed));
        let view = ConversationView { version, ..view };
        Ok(Decision::commit(services, context, events, view).version(version))
    }
}

/// The project, where the actor may write in it.
async fn writable(services: &Services, actor: &Actor, id: ProjectId) -> Result<Option<ProjectId>, Error> {
    match access::check_project(services, actor, id, ProjectAccess::Write).await {
        Ok(_) => Ok(Some(id)),
        Err(error) if matches!(error.code(), Code::NotFound | Code::Forbidden) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The messages of a thread with new ids, each under the copy of its parent.
fn copy_thread(
    services: &Services,
    conversation_id: ConversationId,
    thread: Vec<ThreadMessage>,
) -> Vec<Message> {
    let mut parent_id = None;
    let copy = |entry: ThreadMessage| {
        let id = MessageId::from_uuid(services.ports.ids.uuid());
        let copy = Message { id, conversation_id, parent_id, version: Version::FIRST, ..entry.message };
        debug_assert!(copy.status != MessageStatus::Pending, "running answers are refused before");
        parent_id = Some(id);
        copy
    };
    thread.into_iter().map(copy).collect()
}
