//! `message.send`

use async_trait::async_trait;
use domain::{
    ConversationId, Event, Message, MessageId, MessageRole, ModelName, NewMessage, Parameters, Part,
    Permission,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::{Content, Exchange};
use crate::access::Right;
use crate::bus::{Command, Context, Decision, Effect, Handler};
use crate::conversations::{check_parameters, present};
use crate::runs::{self, AnswerRequest};
use crate::{Error, Services, access};

/// Posts a message and, unless told otherwise, has a model answer it.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("oneOf" = Content::alternatives()))]
pub struct SendMessage {
    /// The conversation.
    pub conversation_id: ConversationId,
    /// What is said, as prose; exactly one of `text` and `parts`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// What is said, as parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parts: Option<Vec<Part>>,
    /// The message it continues. Absent: the end of the active branch. `null`: a new beginning.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<MessageId>")]
    pub parent_id: Option<Option<MessageId>>,
    /// The model that answers; absent: the conversation's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelName>,
    /// How it answers; what is absent is taken from the conversation.
    #[serde(default)]
    pub parameters: Parameters,
    /// Whether a model answers.
    #[serde(default = "yes")]
    pub reply: bool,
}

const fn yes() -> bool {
    true
}

impl Command for SendMessage {
    const NAME: &'static str = "message.send";
    const PERMISSION: Permission = Permission::Write;
    type Output = Exchange;

    fn begins_an_answer(&self) -> bool {
        self.reply
    }
}

#[async_trait]
impl Handler for SendMessage {
    async fn handle(&self, services: &Services, context: &Context) -> Result<Decision<Exchange>, Error> {
        let parts = Content { text: self.text.as_deref(), parts: self.parts.as_deref() }.parts()?;
        check_parameters(&self.parameters)?;
        let conversation =
            access::conversation(services, &context.actor, self.conversation_id, Right::Write).await?;
        let parent_id = self.parent_id.unwrap_or(conversation.active_leaf_id);
        let parent = match parent_id {
            Some(id) => Some(parent(services, context, id).await?),
            None => None,
        };
        let at = services.ports.clock.now();
        let new = NewMessage {
            id: MessageId::from_uuid(services.ports.ids.uuid()),
            role: MessageRole::User,
            parts,
        };
        let (conversation, question) = conversation.post(new, parent.as_ref(), at)?;
        if !self.reply {
            let exchange = Exchange { message: question.clone().into(), reply: None, run: None };
            let events = vec![Event::MessagePosted(question), Event::ConversationUpdated(conversation)];
            return Ok(Decision::commit(services, context, events, exchange));
        }
        let request = AnswerRequest {
            conversation: &conversation,
            question: &question,
            earlier: parent.as_ref(),
            model: self.model.as_ref(),
            parameters: &self.parameters,
        };
        let answer = runs::begin_answer(services, context, request, at).await?;
        let exchange = Exchange {
            message: question.clone().into(),
            reply: Some(answer.message.clone().into()),
            run: Some(answer.run.clone().into()),
        };
        // Both messages count as one change of the conversation: the answer moved the leaf last.
        let conversation = domain::Conversation { version: conversation.version, ..answer.conversation };
        let events = vec![
            Event::MessagePosted(question),
            Event::MessagePosted(answer.message),
            Event::ConversationUpdated(conversation),
            Event::RunStarted(answer.run),
        ];
        let decision = Decision::commit(services, context, events, exchange);
        Ok(decision.then(Effect::StartRun(Box::new(answer.plan))))
    }
}

async fn parent(services: &Services, context: &Context, id: MessageId) -> Result<Message, Error> {
    let found = services.ports.messages.get(context.actor.workspace_id, id).await?;
    found.ok_or_else(|| domain::ConversationRejection::ForeignParent.into())
}
