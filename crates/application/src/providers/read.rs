//! Which providers there are.

use async_trait::async_trait;
use domain::{Permission, ProviderId, Version};
use validator::Validate;

use super::{ProviderView, managed, require_first_workspace};
use crate::bus::{Context, Query};
use crate::{Error, Services};

/// All providers: those of the server's settings first, then those that were connected, each in the order of their names.
#[derive(Debug, Clone, Validate)]
pub struct ListProviders {}

#[async_trait]
impl Query for ListProviders {
    const NAME: &'static str = "provider.list";
    const PERMISSION: Permission = Permission::ManageProviders;
    type Output = Vec<ProviderView>;

    async fn answer(&self, services: &Services, context: &Context) -> Result<Vec<ProviderView>, Error> {
        require_first_workspace(services, &context.actor).await?;
        let mut views: Vec<ProviderView> =
            services.ports.provider_connections.of_settings().into_iter().map(ProviderView::from).collect();
        let connected = services.ports.providers.providers().await?;
        views.extend(connected.iter().map(|provider| view(services, provider)));
        Ok(views)
    }
}

/// One provider that was connected.
#[derive(Debug, Clone, Validate)]
pub struct GetProvider {
    /// Which one.
    pub provider_id: ProviderId,
}

#[async_trait]
impl Query for GetProvider {
    const NAME: &'static str = "provider.get";
    const PERMISSION: Permission = Permission::ManageProviders;
    type Output = (ProviderView, Version);

    async fn answer(&self, services: &Services, context: &Context) -> Result<Self::Output, Error> {
        let provider = managed(services, &context.actor, self.provider_id).await?;
        Ok((view(services, &provider), provider.version))
    }
}

fn view(services: &Services, provider: &domain::Provider) -> ProviderView {
    ProviderView::new(provider, services.connected_providers.problem_of(provider.id))
}
