//! `conversation.delete`

use async_trait::async_trait;
use domain::{Conversation, ConversationId, Event, Permission, Run, Version};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use validator::Validate;

use crate::access::Right;
use crate::bus::{Command, Context, Decision, Effect, Handler};
use crate::{Error, Services, access};

/// Deletes a conversation and everything in it. Answers that are still being written are stopped.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteConversation {
    /// Which conversation.
    pub conversation_id: ConversationId,
    /// The version that the caller saw; a later one refuses the deletion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_version: Option<Version>,
}

impl Command for DeleteConversation {
    const NAME: &'static str = "conversation.delete";
    const PERMISSION: Permission = Permission::Write;
    type Output = ();
}

#[async_trait]
impl Handler for DeleteConversation {
    async fn handle(&self, services: &Services, context: &Context) -> Result<Decision<()>, Error> {
        let conversation =
            access::conversation(services, &context.actor, self.conversation_id, Right::Own).await?;
        access::check_version(self.expected_version, conversation.version)?;
        let running = services.ports.runs.running(conversation.workspace_id, conversation.id).await?;
        let (here, elsewhere): (Vec<Run>, Vec<Run>) =
            running.into_iter().partition(|run| services.engine.is_active(run.id));
        let mut events: Vec<Event> = elsewhere.into_iter().map(Event::RunStopRequested).collect();
        let deleted = Conversation { version: conversation.version.next(), ..conversation };
        events.push(Event::ConversationDeleted(deleted));
        let decision = Decision::commit(services, context, events, ());
        Ok(here.into_iter().fold(decision, |decision, run| decision.then(Effect::CancelRun(run.id))))
    }
}
