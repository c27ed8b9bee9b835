//! `message.regenerate`

use async_trait::async_trait;
use domain::{Event, MessageId, MessageRole, ModelName, Parameters, Permission};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::Exchange;
use crate::access::Right;
use crate::bus::{Command, Context, Decision, Effect, Handler};
use crate::conversations::check_parameters;
use crate::runs::{self, AnswerRequest};
use crate::{Error, Services, access};

/// Has a model answer a question again. The new answer stands beside the earlier ones.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RegenerateMessage {
    /// The answer to write again, or the question to answer again.
    pub message_id: MessageId,
    /// The model that answers; absent: the conversation's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelName>,
    /// How it answers; what is absent is taken from the conversation.
    #[serde(default)]
    pub parameters: Parameters,
}

impl Command for RegenerateMessage {
    const NAME: &'static str = "message.regenerate";
    const PERMISSION: Permission = Permission::Write;
    type Output = Exchange;

    fn begins_an_answer(&self) -> bool {
        true
    }
}

#[async_trait]
impl Handler for RegenerateMessage {
    async fn handle(&self, services: &Services, context: &Context) -> Result<Decision<Exchange>, Error> {
        check_parameters(&self.parameters)?;
        let (conversation, message) =
            access::message_in_conversation(services, &context.actor, self.message_id, Right::Write).await?;
        if message.status.is_running() {
            return Err(domain::ConversationRejection::AnswerRunning.into());
        }
        let question = match (message.role, message.parent_id) {
            (MessageRole::Assistant, Some(parent_id)) => {
                access::message(services, &context.actor, parent_id).await?
            }
            (MessageRole::Assistant, None) => return Err(domain::ConversationRejection::NotAnswerable.into()),
            (MessageRole::User | MessageRole::System | MessageRole::Tool, _) => message,
        };
        let earlier = match question.parent_id {
            Some(id) => services.ports.messages.get(context.actor.workspace_id, id).await?,
            None => None,
        };
        let at = services.ports.clock.now();
        let request = AnswerRequest {
            conversation: &conversation,
            question: &question,
            earlier: earlier.as_ref(),
            model: self.model.as_ref(),
            parameters: &self.parameters,
        };
        let answer = runs::begin_answer(services, context, request, at).await?;
        let exchange = Exchange {
            message: question.into(),
            reply: Some(answer.message.clone().into()),
            run: Some(answer.run.clone().into()),
        };
        let events = vec![
            Event::MessagePosted(answer.message),
            Event::ConversationUpdated(answer.conversation),
            Event::RunStarted(answer.run),
        ];
        let decision = Decision::commit(services, context, events, exchange);
        Ok(decision.then(Effect::StartRun(Box::new(answer.plan))))
    }
}
