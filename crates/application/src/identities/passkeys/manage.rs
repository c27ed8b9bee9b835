//! `passkey.list`, `passkey.update` and `passkey.delete`

use async_trait::async_trait;
use domain::{Event, Passkey, PasskeyId, PasskeyName, Permission};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::PasskeyView;
use crate::bus::{Command, Context, Decision, Handler, Query};
use crate::identities::{reauthenticate, ways_in};
use crate::{Error, Services};

/// The passkeys of the person who asks, newest first.
#[derive(Debug, Clone, Validate)]
pub struct ListPasskeys {}

#[async_trait]
impl Query for ListPasskeys {
    const NAME: &'static str = "passkey.list";
    const PERMISSION: Permission = Permission::ManageOwnAccount;
    type Output = Vec<PasskeyView>;

    async fn answer(&self, services: &Services, context: &Context) -> Result<Vec<PasskeyView>, Error> {
        let passkeys = services.ports.identities.passkeys(context.actor.user_id).await?;
        Ok(passkeys.into_iter().map(PasskeyView::from).collect())
    }
}

/// Gives a passkey another name.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdatePasskey {
    /// Which passkey.
    pub passkey_id: PasskeyId,
    /// What to call it.
    pub name: PasskeyName,
}

impl Command for UpdatePasskey {
    const NAME: &'static str = "passkey.update";
    const PERMISSION: Permission = Permission::ManageOwnAccount;
    type Output = PasskeyView;
}

#[async_trait]
impl Handler for UpdatePasskey {
    async fn handle(&self, services: &Services, context: &Context) -> Result<Decision<PasskeyView>, Error> {
        let passkey = own(services, context, self.passkey_id).await?;
        let renamed = Passkey { name: self.name.clone(), ..passkey };
        let view = PasskeyView::from(renamed.clone());
        Ok(Decision::commit(services, context, vec![Event::PasskeyRenamed(renamed)], view))
    }
}

/// Removes a passkey.
#[derive(Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeletePasskey {
    /// Which passkey.
    pub passkey_id: PasskeyId,
    /// The present password; absent for accounts without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 1, max = 1024, message = "must be 1 to 1024 characters long"))]
    pub current_password: Option<String>,
}

impl Command for DeletePasskey {
    const NAME: &'static str = "passkey.delete";
    const PERMISSION: Permission = Permission::ManageOwnAccount;
    type Output = ();
}

#[async_trait]
impl Handler for DeletePasskey {
    async fn handle(&self, services: &Services, context: &Context) -> Result<Decision<()>, Error> {
        let passkey = own(services, context, self.passkey_id).await?;
        reauthenticate(services, context, self.current_password.as_deref()).await?;
        ways_in::refuse_to_take_the_last(services, context).await?;
        let events = vec![Event::PasskeyRemoved { passkey_id: passkey.id, user_id: passkey.user_id }];
        Ok(Decision::commit(services, context, events, ()))
    }
}

async fn own(services: &Services, context: &Context, id: PasskeyId) -> Result<Passkey, Error> {
    let found = services.ports.identities.passkey(context.actor.user_id, id).await?;
    found.ok_or_else(Error::not_found)
}
