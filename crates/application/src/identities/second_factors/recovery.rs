//! `recovery_code.replace`

use async_trait::async_trait;
use domain::{Event, Permission};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::{codes, not_enabled, person, prove};
use crate::bus::{Command, Context, Decision, Handler};
use crate::identities::reauthenticate;
use crate::{Error, Services};

/// Recovery codes, shown once: each takes the place of a device's code once.
#[derive(Clone, Serialize, JsonSchema)]
#[schemars(title = "RecoveryCodes")]
pub struct RecoveryCodes {
    /// The codes.
    pub recovery_codes: Vec<String>,
}

/// Makes new recovery codes; the earlier ones no longer count.
#[derive(Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplaceRecoveryCodes {
    /// The present password; absent for accounts without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 1, max = 1024, message = "must be 1 to 1024 characters long"))]
    pub current_password: Option<String>,
    /// What the device shows, or a recovery code.
    #[validate(length(min = 1, max = 64, message = "must be 1 to 64 characters long"))]
    pub code: String,
}

impl Command for ReplaceRecoveryCodes {
    const NAME: &'static str = "recovery_code.replace";
    const PERMISSION: Permission = Permission::ManageOwnAccount;
    const HOLDS_A_SECRET: bool = true;
    type Output = RecoveryCodes;
}

#[async_trait]
impl Handler for ReplaceRecoveryCodes {
    async fn handle(&self, services: &Services, context: &Context) -> Result<Decision<RecoveryCodes>, Error> {
        reauthenticate(services, context, self.current_password.as_deref()).await?;
        let user = person(services, context).await?;
        let mut events = prove(services, context, &user, &self.code).await?;
        if events.is_empty() {
            return Err(not_enabled());
        }
        let (recovery_codes, codes) = codes::new_recovery_codes(services);
        events.push(Event::RecoveryCodesReplaced { user_id: user.id, codes });
        Ok(Decision::commit(services, context, events, RecoveryCodes { recovery_codes }))
    }
}
