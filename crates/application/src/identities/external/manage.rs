//! `external_identity.list` and `external_identity.delete`

use async_trait::async_trait;
use domain::{Event, Permission, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use validator::Validate;

use crate::bus::{Command, Context, Decision, Handler, Query};
use crate::identities::{reauthenticate, ways_in};
use crate::{Error, Services};

/// A person's account at a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(title = "ExternalIdentity")]
pub struct ExternalIdentityView {
    /// The provider, as it calls itself.
    pub issuer: String,
    /// The person's name there, which never changes.
    pub subject: String,
    /// What people see of the provider; `null` where the settings do not know it any more.
    pub label: Option<String>,
    /// Since when the person can sign in through it.
    pub created_at: Timestamp,
}

/// The providers through which the person who asks can sign in, oldest first.
#[derive(Debug, Clone, Validate)]
pub struct ListExternalIdentities {}

#[async_trait]
impl Query for ListExternalIdentities {
    const NAME: &'static str = "external_identity.list";
    const PERMISSION: Permission = Permission::ManageOwnAccount;
    type Output = Vec<ExternalIdentityView>;

    async fn answer(
        &self,
        services: &Services,
        context: &Context,
    ) -> Result<Vec<ExternalIdentityView>, Error> {
        let known = services.ports.sign_in_providers.list();
        let label = |issuer: &str| {
            let provider = known.iter().find(|provider| provider.issuer == issuer)?;
            Some(provider.label.clone())
        };
        let identities = services.ports.identities.external_identities(context.actor.user_id).await?;
        let view = |identity: domain::ExternalIdentity| ExternalIdentityView {
            label: label(&identity.issuer),
            issuer: identity.issuer,
            subject: identity.subject,
            created_at: identity.created_at,
        };
        Ok(identities.into_iter().map(view).collect())
    }
}

/// Takes a provider away from the account of the person who asks.
#[derive(Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteExternalIdentity {
    /// The provider, as it calls itself.
    #[validate(length(min = 1, max = 2048, message = "must be 1 to 2048 characters long"))]
    pub issuer: String,
    /// The person's name there.
    #[validate(length(min = 1, max = 255, message = "must be 1 to 255 characters long"))]
    pub subject: String,
    /// The present password; absent for accounts without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 1, max = 1024, message = "must be 1 to 1024 characters long"))]
    pub current_password: Option<String>,
}

impl Command for DeleteExternalIdentity {
    const NAME: &'static str = "external_identity.delete";
    const PERMISSION: Permission = Permission::ManageOwnAccount;
    type Output = ();
}

#[async_trait]
impl Handler for DeleteExternalIdentity {
    async fn handle(&self, services: &Services, context: &Context) -> Result<Decision<()>, Error> {
        let own = services.ports.identities.external_identities(context.actor.user_id).await?;
        let is_meant = |identity: &domain::ExternalIdentity| {
            identity.issuer == self.issuer && identity.subject == self.subject
        };
        let identity = own.into_iter().find(is_meant).ok_or_else(Error::not_found)?;
        reauthenticate(services, context, self.current_password.as_deref()).await?;
        ways_in::refuse_to_take_the_last(services, context).await?;
        Ok(Decision::commit(services, context, vec![Event::ExternalIdentityUnlinked(identity)], ()))
    }
}
