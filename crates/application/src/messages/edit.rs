//! `message.edit`

use async_trait::async_trait;
use domain::{EditId, Event, MessageId, Part, Permission, Version};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::{Content, MessageView};
use crate::access::Right;
use crate::bus::{Command, Context, Decision, Handler};
use crate::{Error, Services, access};

/// Replaces what a message says; what it said before is kept in its history.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("oneOf" = Content::alternatives()))]
pub struct EditMessage {
    /// Which message.
    pub message_id: MessageId,
    /// The version that the edit was made from; a later one refuses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_version: Option<Version>,
    /// What it says now, as prose; exactly one of `text` and `parts`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// What it says now, as parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parts: Option<Vec<Part>>,
}

impl Command for EditMessage {
    const NAME: &'static str = "message.edit";
    const PERMISSION: Permission = Permission::Write;
    type Output = MessageView;
}

#[async_trait]
impl Handler for EditMessage {
    async fn handle(&self, services: &Services, context: &Context) -> Result<Decision<MessageView>, Error> {
        let parts = Content { text: self.text.as_deref(), parts: self.parts.as_deref() }.parts()?;
        let (_, message) =
            access::message_in_conversation(services, &context.actor, self.message_id, Right::Own).await?;
        access::check_version(self.expected_version, message.version)?;
        let edit_id = EditId::from_uuid(services.ports.ids.uuid());
        let (message, edit) =
            message.edit(edit_id, parts, context.actor.user_id, services.ports.clock.now())?;
        let version = message.version;
        let view = MessageView::from(message.clone());
        let events = vec![Event::MessageEdited { message, edit }];
        Ok(Decision::commit(services, context, events, view).version(version))
    }
}
