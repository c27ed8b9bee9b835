//! `session.delete`

use async_trait::async_trait;
use domain::{Credential, Event, Permission, SessionEnd};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use validator::Validate;

use crate::bus::{Command, Context, Decision, Handler};
use crate::{Error, Services};

/// Ends the session that asks, or all sessions of its person.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignOut {
    /// Whether all other sessions of the person end as well, in all workspaces. API keys stay.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub everywhere: bool,
}

impl Command for SignOut {
    const NAME: &'static str = "session.delete";
    const PERMISSION: Permission = Permission::Read;
    type Output = ();
}

#[async_trait]
impl Handler for SignOut {
    async fn handle(&self, services: &Services, context: &Context) -> Result<Decision<()>, Error> {
        let Credential::Session(session_id) = context.actor.credential else {
            return Err(Error::conflict(
                "no_session",
                "There is no session to end: an API key is revoked instead.",
            ));
        };
        let user_id = context.actor.user_id;
        let event = if self.everywhere {
            Event::SessionsClosed { user_id, except: None }
        } else {
            Event::SessionClosed { session_id, user_id, end: SessionEnd::SignedOut }
        };
        Ok(Decision::commit(services, context, vec![event], ()))
    }
}
