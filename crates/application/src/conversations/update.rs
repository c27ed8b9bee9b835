//! `conversation.update`

use async_trait::async_trait;
use domain::{
    ConversationChange, ConversationId, Event, MessageId, ModelName, Parameters, Permission, ProjectAccess,
    ProjectId, SystemPrompt, Title, Version,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::{ConversationView, check_parameters, moved, present, resolve_model};
use crate::access::Right;
use crate::bus::{Command, Context, Decision, Handler};
use crate::{Error, Services, access};

/// Changes what is given and leaves the rest. `null` clears a field that may be empty.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateConversation {
    /// Which conversation.
    pub conversation_id: ConversationId,
    /// The version that the change was made from; a later one refuses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_version: Option<Version>,
    /// The new title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Title>,
    /// The model that answers from now on; `null` for the default.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<ModelName>")]
    pub model: Option<Option<ModelName>>,
    /// What every model is told first; `null` for nothing.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<SystemPrompt>")]
    pub system_prompt: Option<Option<SystemPrompt>>,
    /// How models answer; replaces all parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Parameters>,
    /// Whether it stands above the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pinned: Option<bool>,
    /// Whether it is out of the way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived: Option<bool>,
    /// A message on the branch to show; the branch is followed to its newest end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active_leaf_id: Option<MessageId>,
    /// The project whose members see it from now on, in which the asker must be able to write; `null` for nobody else.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<ProjectId>")]
    pub project_id: Option<Option<ProjectId>>,
}

impl Command for UpdateConversation {
    const NAME: &'static str = "conversation.update";
    const PERMISSION: Permission = Permission::Write;
    type Output = ConversationView;
}

#[async_trait]
impl Handler for UpdateConversation {
    async fn handle(
        &self,
        services: &Services,
        context: &Context,
    ) -> Result<Decision<ConversationView>, Error> {
        let conversation =
            access::conversation(services, &context.actor, self.conversation_id, Right::Own).await?;
        access::check_version(self.expected_version, conversation.version)?;
        if let Some(parameters) = &self.parameters {
            check_parameters(parameters)?;
        }
        let model = match &self.model {
            Some(Some(name)) => Some(Some(resolve_model(services, name)?.name)),
            Some(None) => Some(None),
            None => None,
        };
        let active_leaf_id = match self.active_leaf_id {
            Some(id) => Some(newest_leaf(services, &conversation, id).await?),
            None => None,
        };
        if let Some(Some(id)) = self.project_id.filter(|project_id| *project_id != conversation.project_id) {
            access::check_project(services, &context.actor, id, ProjectAccess::Write).await?;
        }
        let change = ConversationChange {
            title: self.title.clone(),
            model,
            system_prompt: self.system_prompt.clone(),
            parameters: self.parameters.clone(),
            pinned: self.pinned,
            archived: self.archived,
            active_leaf_id,
            project_id: self.project_id,
        };
        let Some(updated) = conversation.update(change, services.ports.clock.now()) else {
            let version = conversation.version;
            return Ok(Decision::unchanged(conversation.into()).version(version));
        };
        let version = updated.version;
        let view = ConversationView::from(updated.clone());
        let moved = moved(&updated, conversation.project_id);
        let events = [Event::ConversationUpdated(updated)].into_iter().chain(moved).collect();
        Ok(Decision::commit(services, context, events, view).version(version))
    }
}

async fn newest_leaf(
    services: &Services,
    conversation: &domain::Conversation,
    id: MessageId,
) -> Result<MessageId, Error> {
    let tree = services.ports.messages.tree(conversation.workspace_id, conversation.id).await?;
    if tree.node(id).is_none() {
        let detail = "is not a message of this conversation";
        return Err(Error::invalid_field("/active_leaf_id", "unknown_message", detail));
    }
    Ok(tree.newest_leaf(id))
}
