//! `message.keep`: turns that were said elsewhere.

use async_trait::async_trait;
use domain::{
    ContentSource, ConversationId, Event, Message, MessageId, MessageRole, NewMessage, Part, Parts,
    Permission,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::{Content, MessageView};
use crate::access::Right;
use crate::bus::{Command, Context, Decision, Handler};
use crate::{Error, Services, access};

/// Adds turns that were said elsewhere to the end of a conversation's active branch, without having a model answer.
///
/// It is not in the registry: what a model said is not for clients to claim, except where a transport takes over an
/// exchange that it carried itself.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeepTurns {
    /// The conversation.
    pub conversation_id: ConversationId,
    /// What was said, oldest first.
    #[validate(length(min = 1, max = 1_000, message = "must be 1 to 1000 turns"))]
    pub turns: Vec<KeptTurn>,
}

/// One turn.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeptTurn {
    /// Who spoke.
    pub role: MessageRole,
    /// What was said.
    pub parts: Vec<Part>,
}

impl Command for KeepTurns {
    const NAME: &'static str = "message.keep";
    const PERMISSION: Permission = Permission::Write;
    type Output = Vec<MessageView>;
}

#[async_trait]
impl Handler for KeepTurns {
    async fn handle(
        &self,
        services: &Services,
        context: &Context,
    ) -> Result<Decision<Vec<MessageView>>, Error> {
        let conversation =
            access::conversation(services, &context.actor, self.conversation_id, Right::Write).await?;
        let mut parent = match conversation.active_leaf_id {
            Some(id) => Some(access::message(services, &context.actor, id).await?),
            None => None,
        };
        let at = services.ports.clock.now();
        let version = conversation.version.next();
        let mut grown = conversation;
        let mut events = Vec::with_capacity(self.turns.len() + 1);
        let mut views = Vec::with_capacity(self.turns.len());
        for (index, turn) in self.turns.iter().enumerate() {
            let new = NewMessage {
                id: MessageId::from_uuid(services.ports.ids.uuid()),
                role: turn.role,
                parts: turn.checked(index)?,
            };
            let (conversation, message) = grown.post(new, parent.as_ref(), at)?;
            let message = flagged(services, message);
            grown = conversation;
            views.push(MessageView::from(message.clone()));
            events.push(Event::MessagePosted(message.clone()));
            parent = Some(message);
        }
        // All turns count as one change of the conversation.
        events.push(Event::ConversationUpdated(domain::Conversation { version, ..grown }));
        Ok(Decision::commit(services, context, events, views))
    }
}

/// A message with what is remarkable about its content, where a tool said it.
fn flagged(services: &Services, message: Message) -> Message {
    if message.role != MessageRole::Tool {
        return message;
    }
    let flags = services.ports.content_filter.inspect(&message.parts, ContentSource::Tool);
    Message { flags, ..message }
}

impl KeptTurn {
    /// The parts, checked for size and for what no database keeps.
    fn checked(&self, index: usize) -> Result<Parts, Error> {
        if self.role == MessageRole::User {
            return Content { text: None, parts: Some(&self.parts) }.parts();
        }
        let invalid =
            |code: &str, detail: String| Error::invalid_field(&format!("/turns/{index}/parts"), code, detail);
        let parts = Parts::from(self.parts.clone());
        if parts.is_empty() || parts.bytes() == 0 {
            return Err(invalid("required", "must not be empty".to_owned()));
        }
        if parts.len() > Message::MAX_PARTS || parts.bytes() > Message::MAX_BYTES {
            let detail =
                format!("must be at most {} parts and {} bytes", Message::MAX_PARTS, Message::MAX_BYTES);
            return Err(invalid("too_long", detail));
        }
        let is_keepable = |part: &Part| match part {
            Part::Text { text } | Part::Reasoning { text } => !text.contains('\0'),
            Part::ToolCall { id, name, arguments } => {
                ![id, name, arguments].iter().any(|text| text.contains('\0'))
            }
            Part::ToolResult { call_id, text } => !call_id.contains('\0') && !text.contains('\0'),
            Part::Image { .. } | Part::File { .. } | Part::Citation { .. } | Part::Unsupported { .. } => {
                false
            }
        };
        if self.parts.iter().all(is_keepable) {
            return Ok(parts);
        }
        let detail = "must be text, reasoning, tool calls and tool results without NUL".to_owned();
        Err(invalid("invalid", detail))
    }
}
