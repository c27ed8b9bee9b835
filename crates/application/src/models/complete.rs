//! Asking a model directly, as the OpenAI-compatible routes do.

use std::sync::Arc;
use std::time::Duration;

use domain::ports::{
    ChatMessage, Completion, CompletionEvent, CompletionRequest, CompletionStream, ResolvedModel,
};
use domain::{ModelName, Parameters, Permission};
use futures_util::TryStreamExt as _;
use serde_json::{Map, Value};
use tokio::sync::OwnedSemaphorePermit;

use super::{check_may_ask, provider_error};
use crate::bus::{Context, limit_generations};
use crate::conversations::{check_parameters, resolve_model};
use crate::{Bus, Code, Error, Services, spending};

/// What a model is asked, outside of any conversation.
#[derive(Debug, Clone)]
pub struct ChatCompletion {
    /// The model; `None` for the default.
    pub model: Option<ModelName>,
    /// What was said, oldest first.
    pub messages: Vec<ChatMessage>,
    /// How to answer.
    pub parameters: Parameters,
    /// Further fields in OpenAI's terms.
    pub extra: Map<String, Value>,
}

/// An answer that has begun.
pub struct OpenedCompletion {
    /// The model that answers.
    pub model: ModelName,
    /// The steps of the answer. Dropping it stops the generation.
    pub stream: CompletionStream,
}

impl ChatCompletion {
    const NAME: &'static str = "completion.create";

    /// A whole answer at once.
    pub async fn complete(self, bus: &Bus, context: &Context) -> Result<(ModelName, Completion), Error> {
        let services = bus.services();
        let (model, request, _permit) =
            bus.through(context, Self::NAME, Permission::Generate, self.prepare(services, context)).await?;
        // The layers' time-out is for our own work; how long a provider may take is the provider's setting.
        let completion = model.chat.complete(request).await.map_err(provider_error)?;
        services.meter.record(&context.actor, &model.name, completion.usage);
        Ok((model.name, completion))
    }

    /// An answer in steps.
    pub async fn open(self, bus: &Bus, context: &Context) -> Result<OpenedCompletion, Error> {
        let services = bus.services();
        let (model, request, permit) =
            bus.through(context, Self::NAME, Permission::Generate, self.prepare(services, context)).await?;
        let stream = model.chat.stream(request).await.map_err(provider_error)?;
        let (meter, actor, name) =
            (Arc::clone(&services.meter), Arc::clone(&context.actor), model.name.clone());
        let stream = stream.inspect_ok(move |event| {
            let _held = &permit;
            if let CompletionEvent::Finished { usage, .. } = event {
                meter.record(&actor, &name, *usage);
            }
        });
        Ok(OpenedCompletion { model: model.name, stream: Box::pin(stream) })
    }

    async fn prepare(
        self,
        services: &Services,
        context: &Context,
    ) -> Result<(ResolvedModel, CompletionRequest, OwnedSemaphorePermit), Error> {
        limit_generations(services, context).await?;
        spending::check(services, context).await?;
        check_parameters(&self.parameters)?;
        if self.messages.is_empty() {
            return Err(Error::invalid_field("/messages", "required", "must not be empty"));
        }
        let model = match &self.model {
            Some(name) => resolve_model(services, name)?,
            None => services.ports.models.default_model(),
        };
        check_may_ask(&context.actor, &model)?;
        let Ok(permit) = Arc::clone(&services.completions).try_acquire_owned() else {
            let detail = "Too many answers are being generated at the moment. Try again soon.";
            return Err(
                Error::new(Code::Overloaded, "too_many_runs", detail).retry_after(Duration::from_secs(1))
            );
        };
        let request = CompletionRequest {
            model: model.provider_model.clone(),
            workspace_id: context.actor.workspace_id,
            user_id: context.actor.user_id,
            conversation_id: None,
            messages: self.messages,
            parameters: self.parameters,
            extra: self.extra,
        };
        Ok((model, request, permit))
    }
}
