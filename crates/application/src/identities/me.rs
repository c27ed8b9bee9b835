//! Who am I.

use async_trait::async_trait;
use domain::{Credential, Permission, Scope, Timestamp, WorkspaceId};
use schemars::JsonSchema;
use serde::Serialize;
use validator::Validate;

use super::UserView;
use crate::bus::{Context, Query};
use crate::{Error, Services};

/// The person who asks, and how far their credential reaches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(title = "Me")]
pub struct MeView {
    /// The person.
    #[serde(flatten)]
    pub user: UserView,
    /// The workspace in which everything happens.
    pub workspace_id: WorkspaceId,
    /// Whether they sign in with a password: some changes of the account ask for it.
    pub has_password: bool,
    /// Whether conversations may be shown to anybody who has a link.
    pub link_sharing: bool,
    /// What the API key may be used for; `null` for a session, which may do all that the role allows.
    pub scopes: Option<Vec<Scope>>,
    /// When the credential ends.
    pub expires_at: Option<Timestamp>,
}

/// The person who asks.
#[derive(Debug, Clone, Validate)]
pub struct GetMe {}

#[async_trait]
impl Query for GetMe {
    const NAME: &'static str = "me.get";
    const PERMISSION: Permission = Permission::Read;
    type Output = MeView;

    async fn answer(&self, services: &Services, context: &Context) -> Result<MeView, Error> {
        let actor = &context.actor;
        let user = services.ports.identities.user(actor.workspace_id, actor.user_id).await?;
        let user = user.ok_or_else(Error::unauthenticated)?;
        let scopes = match &actor.credential {
            Credential::ApiKey { scopes, .. } => Some(scopes.clone()),
            Credential::Session(_) | Credential::System => None,
        };
        Ok(MeView {
            has_password: user.password_hash.is_some(),
            user: user.into(),
            workspace_id: actor.workspace_id,
            link_sharing: services.settings.identity.link_sharing,
            scopes,
            expires_at: actor.expires_at,
        })
    }
}
