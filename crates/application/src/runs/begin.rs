//! Beginning an answer: which model, what it is shown, and the run that will write it.

use std::time::Duration;

use domain::ports::{ChatMessage, ResolvedModel};
use domain::{
    ApiKeyId, Conversation, EffectiveRequest, Message, MessageId, ModelName, Parameters, Permission, Run,
    RunId, RunStatus, Timestamp,
};

use super::prompt;
use crate::bus::Context;
use crate::conversations::resolve_model;
use crate::models::check_may_ask;
use crate::{Code, Error, Services, spending};

/// How long a run stays its owner's without a sign of life.
pub(super) const LEASE: Duration = Duration::from_secs(6);

/// What is to be answered, and how.
pub(crate) struct AnswerRequest<'a> {
    /// The conversation, as it is once the question is posted.
    pub conversation: &'a Conversation,
    /// The question.
    pub question: &'a Message,
    /// The stored message before the question; its thread is what the model is shown before.
    pub earlier: Option<&'a Message>,
    /// The model that was asked for.
    pub model: Option<&'a ModelName>,
    /// How it is to answer.
    pub parameters: &'a Parameters,
}

/// An answer that is ready to begin once it is durable.
pub(crate) struct BegunAnswer {
    /// The conversation with the answer as its leaf.
    pub conversation: Conversation,
    /// The pending answer.
    pub message: Message,
    /// The run.
    pub run: Run,
    /// What the engine needs.
    pub plan: RunPlan,
}

/// What the engine needs to carry out a run.
pub struct RunPlan {
    pub(super) run: Run,
    pub(super) message: Message,
    pub(super) model: ResolvedModel,
    pub(super) parameters: Parameters,
    pub(super) prompt: Vec<ChatMessage>,
    pub(super) wants_title: bool,
    /// The key that asked, where it was one.
    pub(super) api_key_id: Option<ApiKeyId>,
}

/// Decides how a question is answered.
pub(crate) async fn begin_answer(
    services: &Services,
    context: &Context,
    request: AnswerRequest<'_>,
    at: Timestamp,
) -> Result<BegunAnswer, Error> {
    if !context.actor.may(Permission::Generate) {
        return Err(Error::forbidden("Your role, or your API key's scopes, do not allow you to use models."));
    }
    spending::check(services, context).await?;
    if !services.engine.accepts_runs() {
        let detail =
            "No further answers can be started at the moment. Your message was not stored; try again soon.";
        return Err(Error::new(Code::Overloaded, "too_many_runs", detail).retry_after(Duration::from_secs(2)));
    }
    let model = choose_model(services, request.model, request.conversation)?;
    check_may_ask(&context.actor, &model)?;
    let parameters = request.parameters.clone().or(&request.conversation.parameters);
    let shown = prompt::load(services, &request).await?;
    let effective = EffectiveRequest {
        model: model.name.clone(),
        parameters: parameters.clone(),
        system_prompt: request.conversation.system_prompt.as_ref().map(ToString::to_string),
        context: shown.context,
    };
    let answer_id = MessageId::from_uuid(services.ports.ids.uuid());
    let (conversation, message) =
        request.conversation.begin_answer(answer_id, request.question, effective, at)?;
    let run = Run {
        id: RunId::from_uuid(services.ports.ids.uuid()),
        workspace_id: conversation.workspace_id,
        conversation_id: conversation.id,
        message_id: message.id,
        user_id: context.actor.user_id,
        model: model.name.clone(),
        status: RunStatus::Running,
        failure: None,
        lease_owner: services.node_id,
        lease_expires_at: services.lease_clock.now().plus(LEASE),
        started_at: at,
        ended_at: None,
    };
    let wants_title = services.settings.titles
        && model.is_language_model
        && conversation.title_origin == domain::TitleOrigin::Question
        && request.question.parent_id.is_none();
    let plan = RunPlan {
        run: run.clone(),
        message: message.clone(),
        model,
        parameters,
        prompt: shown.messages,
        wants_title,
        api_key_id: context.actor.credential.api_key_id(),
    };
    Ok(BegunAnswer { conversation, message, run, plan })
}

/// The model that was asked for, else the conversation's, else the default. A conversation whose model has gone away is
/// an error and not a silent change.
fn choose_model(
    services: &Services,
    asked: Option<&ModelName>,
    conversation: &Conversation,
) -> Result<ResolvedModel, Error> {
    match asked.or(conversation.model.as_ref()) {
        Some(name) => resolve_model(services, name),
        None => Ok(services.ports.models.default_model()),
    }
}
