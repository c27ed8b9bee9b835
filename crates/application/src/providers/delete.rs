//! `provider.delete`

use async_trait::async_trait;
use domain::{Event, Permission, ProviderId, Version};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::managed;
use crate::bus::{Command, Context, Decision, Effect, Handler};
use crate::{Error, Services, access};

/// Disconnects a provider and forgets its key. Answers that it is giving go on to their end.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteProvider {
    /// Which provider.
    pub provider_id: ProviderId,
    /// The version that the caller saw; a later one refuses the deletion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_version: Option<Version>,
}

impl Command for DeleteProvider {
    const NAME: &'static str = "provider.delete";
    const PERMISSION: Permission = Permission::ManageProviders;
    type Output = ();
}

#[async_trait]
impl Handler for DeleteProvider {
    async fn handle(&self, services: &Services, context: &Context) -> Result<Decision<()>, Error> {
        let mut provider = managed(services, &context.actor, self.provider_id).await?;
        access::check_version(self.expected_version, provider.version)?;
        provider.version = provider.version.next();
        provider.updated_at = services.ports.clock.now();
        let events = vec![Event::ProviderDeleted(provider)];
        Ok(Decision::commit(services, context, events, ()).then(Effect::ConnectProviders))
    }
}
