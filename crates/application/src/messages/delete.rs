//! `message.delete`

use async_trait::async_trait;
use domain::{Event, MessageId, Permission, Version};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use validator::Validate;

use crate::access::Right;
use crate::bus::{Command, Context, Decision, Handler};
use crate::{Error, Services, access};

/// Deletes a message and everything below it.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteMessage {
    /// Which message.
    pub message_id: MessageId,
    /// The version that the caller saw; a later one refuses the deletion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_version: Option<Version>,
}

impl Command for DeleteMessage {
    const NAME: &'static str = "message.delete";
    const PERMISSION: Permission = Permission::Write;
    type Output = ();
}

#[async_trait]
impl Handler for DeleteMessage {
    async fn handle(&self, services: &Services, context: &Context) -> Result<Decision<()>, Error> {
        let (conversation, message) =
            access::message_in_conversation(services, &context.actor, self.message_id, Right::Own).await?;
        access::check_version(self.expected_version, message.version)?;
        let tree = services.ports.messages.tree(conversation.workspace_id, conversation.id).await?;
        let (conversation, removed) = conversation.remove(message.id, &tree, services.ports.clock.now())?;
        let deleted =
            Event::MessageDeleted { conversation_id: conversation.id, message_id: message.id, removed };
        // The active leaf moves first, so that no moment sees it pointing at nothing.
        let events = vec![Event::ConversationUpdated(conversation), deleted];
        Ok(Decision::commit(services, context, events, ()))
    }
}
