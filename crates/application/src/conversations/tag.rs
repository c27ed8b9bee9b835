//! `conversation.tag` and `conversation.untag`

use async_trait::async_trait;
use domain::{Conversation, ConversationId, Event, Permission, TagId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::ConversationView;
use crate::access::Right;
use crate::bus::{Command, Context, Decision, Handler};
use crate::{Error, Services, access};

/// Gives a conversation of one's own a tag of one's own. One that it has already changes nothing.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TagConversation {
    /// Which conversation.
    pub conversation_id: ConversationId,
    /// Which tag.
    pub tag_id: TagId,
}

impl Command for TagConversation {
    const NAME: &'static str = "conversation.tag";
    const PERMISSION: Permission = Permission::Write;
    type Output = ConversationView;
}

#[async_trait]
impl Handler for TagConversation {
    async fn handle(
        &self,
        services: &Services,
        context: &Context,
    ) -> Result<Decision<ConversationView>, Error> {
        let conversation = own(services, context, self.conversation_id, self.tag_id).await?;
        let tagged = conversation.tag(self.tag_id)?;
        let event = Event::ConversationTagged { conversation_id: self.conversation_id, tag_id: self.tag_id };
        Ok(decide(services, context, conversation, tagged, event))
    }
}

/// Takes a tag from a conversation of one's own. One that it does not have changes nothing.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UntagConversation {
    /// Which conversation.
    pub conversation_id: ConversationId,
    /// Which tag.
    pub tag_id: TagId,
}

impl Command for UntagConversation {
    const NAME: &'static str = "conversation.untag";
    const PERMISSION: Permission = Permission::Write;
    type Output = ConversationView;
}

#[async_trait]
impl Handler for UntagConversation {
    async fn handle(
        &self,
        services: &Services,
        context: &Context,
    ) -> Result<Decision<ConversationView>, Error> {
        let conversation = own(services, context, self.conversation_id, self.tag_id).await?;
        let untagged = conversation.untag(self.tag_id);
        let event =
            Event::ConversationUntagged { conversation_id: self.conversation_id, tag_id: self.tag_id };
        Ok(decide(services, context, conversation, untagged, event))
    }
}

/// The conversation, where both it and the tag are the actor's.
async fn own(
    services: &Services,
    context: &Context,
    conversation_id: ConversationId,
    tag_id: TagId,
) -> Result<Conversation, Error> {
    let conversation = access::conversation(services, &context.actor, conversation_id, Right::Own).await?;
    access::tag(services, &context.actor, tag_id).await?;
    Ok(conversation)
}

fn decide(
    services: &Services,
    context: &Context,
    before: Conversation,
    after: Option<Conversation>,
    event: Event,
) -> Decision<ConversationView> {
    let Some(after) = after else {
        let version = before.version;
        return Decision::unchanged(before.into()).version(version);
    };
    let (version, view) = (after.version, ConversationView::from(after.clone()));
    let events = vec![Event::ConversationUpdated(after), event];
    Decision::commit(services, context, events, view).version(version)
}
