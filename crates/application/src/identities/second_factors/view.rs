//! `totp.get`

use async_trait::async_trait;
use domain::{Permission, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;
use validator::Validate;

use crate::bus::{Context, Query};
use crate::{Error, Services};

/// Whether codes are asked for beside the password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(title = "Totp")]
pub struct TotpView {
    /// Since when they are; `null` when they are not.
    pub enabled_at: Option<Timestamp>,
    /// How many recovery codes have not been used.
    pub recovery_codes: usize,
}

/// Whether codes are asked of the person who asks.
#[derive(Debug, Clone, Validate)]
pub struct GetTotp {}

#[async_trait]
impl Query for GetTotp {
    const NAME: &'static str = "totp.get";
    const PERMISSION: Permission = Permission::ManageOwnAccount;
    type Output = TotpView;

    async fn answer(&self, services: &Services, context: &Context) -> Result<TotpView, Error> {
        let identities = &services.ports.identities;
        let user_id = context.actor.user_id;
        let totp = identities.totp(user_id).await?;
        let recovery_codes = identities.recovery_codes(user_id).await?.len();
        Ok(TotpView { enabled_at: totp.map(|totp| totp.enabled_at), recovery_codes })
    }
}
