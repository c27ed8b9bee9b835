//! `provider.update`

use async_trait::async_trait;
use domain::{Event, ModelName, Permission, Provider, ProviderId, ProviderKey, ProviderName, Version};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::{ProviderView, check, managed, seal};
use crate::bus::{Command, Context, Decision, Effect, Handler};
use crate::conversations::present;
use crate::{Error, Services, access};

/// Changes what is given and leaves the rest. `null` clears a field that may be empty. Whoever changes the address has to
/// give the API key too: a key goes to no address that was not chosen together with it.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateProvider {
    /// Which provider.
    pub provider_id: ProviderId,
    /// The version that the change was made from; a later one refuses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_version: Option<Version>,
    /// What begins the names of its models.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<ProviderName>,
    /// Which protocol it speaks: `openai`, `openai-compatible`, `ollama` or `mistral`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Its address; `null` for the usual one of its kind.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub base_url: Option<Option<String>>,
    /// Its API key; `null` for none.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<ProviderKey>")]
    pub api_key: Option<Option<ProviderKey>>,
    /// The models to offer; empty for all that it lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(max = 2000, message = "must name at most 2000 models"))]
    pub models: Option<Vec<ModelName>>,
    /// Whether it is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

impl Command for UpdateProvider {
    const NAME: &'static str = "provider.update";
    const PERMISSION: Permission = Permission::ManageProviders;
    type Output = ProviderView;
}

#[async_trait]
impl Handler for UpdateProvider {
    async fn handle(&self, services: &Services, context: &Context) -> Result<Decision<ProviderView>, Error> {
        let before = managed(services, &context.actor, self.provider_id).await?;
        access::check_version(self.expected_version, before.version)?;
        let mut after = before.clone();
        self.apply_to(&mut after, services);
        if after == before {
            let problem = services.connected_providers.problem_of(before.id);
            return Ok(Decision::unchanged(ProviderView::new(&before, problem)).version(before.version));
        }
        let is_elsewhere = (&after.kind, &after.base_url) != (&before.kind, &before.base_url);
        if is_elsewhere && before.sealed_api_key.is_some() && self.api_key.is_none() {
            let detail = "must be given together with another address or kind, or be null: a stored key is sent to no \
                          address that it was not stored for";
            return Err(Error::invalid_field("/api_key", "required", detail));
        }
        check(services, &after, self.api_key.clone().flatten()).await?;
        after.version = before.version.next();
        after.updated_at = services.ports.clock.now();
        let (version, view) = (after.version, ProviderView::new(&after, None));
        Ok(Decision::commit(services, context, vec![Event::ProviderUpdated(after)], view)
            .version(version)
            .then(Effect::ConnectProviders))
    }
}

impl UpdateProvider {
    fn apply_to(&self, provider: &mut Provider, services: &Services) {
        if let Some(name) = &self.name {
            provider.name = name.clone();
        }
        if let Some(kind) = &self.kind {
            provider.kind.clone_from(kind);
        }
        if let Some(base_url) = &self.base_url {
            provider.base_url.clone_from(base_url);
        }
        if let Some(key) = &self.api_key {
            provider.sealed_api_key = key.as_ref().map(|key| seal(services, provider.id, key));
        }
        if let Some(models) = &self.models {
            provider.models.clone_from(models);
        }
        provider.enabled = self.enabled.unwrap_or(provider.enabled);
    }
}
