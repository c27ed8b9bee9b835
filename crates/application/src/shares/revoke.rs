//! `share.revoke`

use async_trait::async_trait;
use domain::{Event, Permission, ShareId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use validator::Validate;

use crate::bus::{Command, Context, Decision, Handler};
use crate::{Error, Services};

/// Takes a link back: from now on it leads nowhere.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RevokeShare {
    /// Which link.
    pub share_id: ShareId,
}

impl Command for RevokeShare {
    const NAME: &'static str = "share.revoke";
    const PERMISSION: Permission = Permission::Share;
    type Output = ();
}

#[async_trait]
impl Handler for RevokeShare {
    async fn handle(&self, services: &Services, context: &Context) -> Result<Decision<()>, Error> {
        let actor = &context.actor;
        let found = services.ports.shares.share(self.share_id).await?;
        let own =
            found.filter(|share| (share.workspace_id, share.owner_id) == (actor.workspace_id, actor.user_id));
        let share = own.ok_or_else(Error::not_found)?;
        let events = vec![Event::ShareRevoked { share_id: share.id, conversation_id: share.conversation_id }];
        Ok(Decision::commit(services, context, events, ()))
    }
}
