//! `user.reset_second_factors`: for somebody who has lost what they sign in with beside their password.

use async_trait::async_trait;
use domain::{Event, Permission, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::{mails, managed};
use crate::bus::{Command, Context, Decision, Effect, Handler};
use crate::{Error, Services};

/// Removes the device, the recovery codes and the passkeys of somebody who has lost them, and ends their sessions. The
/// password stays; whoever has none gets a link for one from `user.create_password_link`.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResetSecondFactors {
    /// Whose.
    pub user_id: UserId,
}

impl Command for ResetSecondFactors {
    const NAME: &'static str = "user.reset_second_factors";
    const PERMISSION: Permission = Permission::RecoverAccounts;
    type Output = ();
}

#[async_trait]
impl Handler for ResetSecondFactors {
    async fn handle(&self, services: &Services, context: &Context) -> Result<Decision<()>, Error> {
        let user = managed::member(services, context, self.user_id).await?;
        managed::refuse_self(context, &user, "Change how you sign in under /api/v1/me.")?;
        managed::check_home(&user)?;
        managed::check_roles_elsewhere(services, context, &user).await?;
        let events = removal(services, user.id).await?;
        if events.is_empty() {
            return Ok(Decision::unchanged(()));
        }
        let mail = mails::second_factors_removed(&user.email);
        Ok(Decision::commit(services, context, events, ()).then(Effect::SendMail(mail)))
    }
}

/// That everything is removed that somebody signs in with beside their password, and that their sessions end; nothing where
/// there is nothing of it.
pub(super) async fn removal(services: &Services, user_id: UserId) -> Result<Vec<Event>, Error> {
    let identities = &services.ports.identities;
    let mut events = Vec::new();
    if identities.totp(user_id).await?.is_some() {
        events.push(Event::TotpDisabled { user_id });
    }
    let passkeys = identities.passkeys(user_id).await?;
    events.extend(passkeys.iter().map(|it| Event::PasskeyRemoved { passkey_id: it.id, user_id }));
    if !events.is_empty() {
        events.push(Event::SessionsClosed { user_id, except: None });
    }
    Ok(events)
}
