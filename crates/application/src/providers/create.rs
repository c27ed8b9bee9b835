//! `provider.create`

use async_trait::async_trait;
use domain::{Event, ModelName, Permission, Provider, ProviderId, ProviderKey, ProviderName, Version};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::{ProviderView, check, require_first_workspace, seal};
use crate::bus::{Command, Context, Decision, Effect, Handler};
use crate::{Error, Services};

/// Connects a model provider, for all workspaces.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateProvider {
    /// What begins the names of its models.
    pub name: ProviderName,
    /// Which protocol it speaks: `openai`, `openai-compatible`, `ollama` or `mistral`.
    pub kind: String,
    /// Its address up to and with `/v1`, on the public internet or on a host that the server's settings allow; absent for
    /// the usual one of its kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// Its API key. It is stored encrypted, and shown to nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key: Option<ProviderKey>,
    /// The models to offer; absent or empty for all that it lists.
    #[serde(default)]
    #[validate(length(max = 2000, message = "must name at most 2000 models"))]
    pub models: Vec<ModelName>,
    /// Whether it is used; absent: yes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

impl Command for CreateProvider {
    const NAME: &'static str = "provider.create";
    const PERMISSION: Permission = Permission::ManageProviders;
    type Output = ProviderView;
}

#[async_trait]
impl Handler for CreateProvider {
    async fn handle(&self, services: &Services, context: &Context) -> Result<Decision<ProviderView>, Error> {
        require_first_workspace(services, &context.actor).await?;
        let id = ProviderId::from_uuid(services.ports.ids.uuid());
        let at = services.ports.clock.now();
        let provider = Provider {
            id,
            workspace_id: context.actor.workspace_id,
            name: self.name.clone(),
            kind: self.kind.clone(),
            base_url: self.base_url.clone(),
            sealed_api_key: self.api_key.as_ref().map(|key| seal(services, id, key)),
            models: self.models.clone(),
            enabled: self.enabled.unwrap_or(true),
            version: Version::FIRST,
            created_at: at,
            updated_at: at,
        };
        check(services, &provider, self.api_key.clone()).await?;
        let (version, view) = (provider.version, ProviderView::new(&provider, None));
        Ok(Decision::commit(services, context, vec![Event::ProviderCreated(provider)], view)
            .version(version)
            .then(Effect::ConnectProviders))
    }
}
