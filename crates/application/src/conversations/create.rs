//! `conversation.create`

use async_trait::async_trait;
use domain::{
    Conversation, ConversationId, Event, ModelName, NewConversation, Parameters, Permission, ProjectAccess,
    ProjectId, SystemPrompt, Title,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::{ConversationView, check_parameters, moved, resolve_model};
use crate::bus::{Command, Context, Decision, Handler};
use crate::{Error, Services, access};

/// Creates an empty conversation.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateConversation {
    /// What it is called; without one it is named after its first question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Title>,
    /// The model that answers unless a message names another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelName>,
    /// What every model is told first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system_prompt: Option<SystemPrompt>,
    /// How models answer.
    #[serde(default)]
    pub parameters: Parameters,
    /// The project whose members see it too; the asker must be able to write there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_id: Option<ProjectId>,
}

impl Command for CreateConversation {
    const NAME: &'static str = "conversation.create";
    const PERMISSION: Permission = Permission::Write;
    type Output = ConversationView;
}

#[async_trait]
impl Handler for CreateConversation {
    async fn handle(
        &self,
        services: &Services,
        context: &Context,
    ) -> Result<Decision<ConversationView>, Error> {
        check_parameters(&self.parameters)?;
        let model = self.model.as_ref().map(|name| resolve_model(services, name)).transpose()?;
        if let Some(id) = self.project_id {
            access::check_project(services, &context.actor, id, ProjectAccess::Write).await?;
        }
        let new = NewConversation {
            id: ConversationId::from_uuid(services.ports.ids.uuid()),
            workspace_id: context.actor.workspace_id,
            owner_id: context.actor.user_id,
            project_id: self.project_id,
            title: self.title.clone(),
            model: model.map(|model| model.name),
            system_prompt: self.system_prompt.clone(),
            parameters: self.parameters.clone(),
        };
        let conversation = Conversation::create(new, services.ports.clock.now());
        let version = conversation.version;
        let view = ConversationView::from(conversation.clone());
        let moved = moved(&conversation, None);
        let events = [Event::ConversationCreated(conversation)].into_iter().chain(moved).collect();
        Ok(Decision::commit(services, context, events, view).version(version))
    }
}
