//! `me.update`, `me.change_password`, `me.delete`: what people do with their own account.

use async_trait::async_trait;
use domain::{Credential, DisplayName, Email, Event, Permission, TicketKind, User, UserChange, Version};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::changes::Changes;
use super::mails::{self, Link};
use super::tickets::{invitation_lifetime, link};
use super::{AddressPayload, names, users};
use crate::bus::{Command, Context, Decision, Effect, Handler};
use crate::identities::tickets::{self, NewTicket};
use crate::identities::{Password, UserView, reauthenticate};
use crate::{Error, Services, access};

/// Changes what is given and leaves the rest.
#[derive(Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateMe {
    /// The version that the change was made from; a later one refuses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_version: Option<Version>,
    /// What others will see.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<DisplayName>,
    /// How you will sign in. Where the server sends mail, it changes once the link in the mail to the new address was
    /// followed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// The present password; needed to change the address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 1, max = 1024, message = "must be 1 to 1024 characters long"))]
    pub current_password: Option<String>,
}

/// The account as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(title = "UpdatedMe")]
pub struct UpdatedMe {
    /// The person.
    #[serde(flatten)]
    pub user: UserView,
    /// The new address, while the link in the mail to it has not been followed.
    pub unconfirmed_email: Option<Email>,
}

impl Command for UpdateMe {
    const NAME: &'static str = "me.update";
    const PERMISSION: Permission = Permission::ManageOwnAccount;
    type Output = UpdatedMe;
}

#[async_trait]
impl Handler for UpdateMe {
    async fn handle(&self, services: &Services, context: &Context) -> Result<Decision<UpdatedMe>, Error> {
        let user = own_account(services, context).await?;
        access::check_version(self.expected_version, user.version)?;
        let new_address = self.email.as_ref().filter(|email| **email != user.email);
        if let Some(email) = new_address {
            names::check_address(email)?;
            reauthenticate(services, context, self.current_password.as_deref()).await?;
        }
        let mut changes = Changes::of(user);
        if let Some(name) = self.display_name.as_ref().filter(|name| **name != changes.user.display_name) {
            let (workspace_id, id) = (changes.user.workspace_id, changes.user.id);
            names::check_choice(services, workspace_id, Some(id), name).await?;
            changes.add(UserChange::Profile, |user| user.display_name = name.clone());
        }
        let mut mail = None;
        if let Some(email) = new_address {
            let is_taken = services.ports.identities.user_by_email(email).await?.is_some();
            if services.post.is_open() {
                mail = Some(confirm(services, context, &mut changes, email, is_taken)?);
            } else if changes.user.password_hash.is_none() {
                // Providers join accounts without a password by their address, so it has to be proven.
                let detail =
                    "This server sends no mail, so a new address cannot be proven. Choose a password first.";
                return Err(Error::conflict("no_mail", detail));
            } else if is_taken {
                return Err(Error::conflict("email_taken", "Another account has this e-mail address."));
            } else {
                changes.add(UserChange::Email, |user| user.email = email.clone());
            }
        }
        let unconfirmed_email = new_address.filter(|_| mail.is_some()).cloned();
        let output = UpdatedMe { user: changes.user.clone().into(), unconfirmed_email };
        let decision = changes.decide(services, context, output);
        Ok(mail.into_iter().fold(decision, |decision, mail| decision.then(Effect::SendMail(mail))))
    }
}

/// The mail to a new address. Where it is that of another account, only its owner learns so.
fn confirm(
    services: &Services,
    context: &Context,
    changes: &mut Changes,
    email: &Email,
    is_taken: bool,
) -> Result<domain::ports::Mail, Error> {
    let site = context.site.as_deref();
    if is_taken {
        return Ok(mails::has_account(email, site.unwrap_or_default()));
    }
    let payload = AddressPayload::Change {
        email: email.clone(),
        password_mark: password_mark(services, &changes.user),
    };
    let new = NewTicket {
        kind: TicketKind::EmailVerification,
        workspace_id: changes.user.workspace_id,
        user_id: Some(changes.user.id),
        payload: serde_json::to_string(&payload).map_err(Error::internal)?,
        lifetime: invitation_lifetime(services),
    };
    let (token, event) = tickets::issue(services, new);
    changes.events.push(event);
    let address = link(site, "verify", &token);
    let lifetime = mails::hours(services.settings.identity.invitation_hours);
    Ok(mails::new_address(email, &Link { address: &address, lifetime: &lifetime }))
}

/// Tells whether a password is still the same, without telling anything else about it.
pub(super) fn password_mark(services: &Services, user: &User) -> String {
    let phc = user.password_hash.as_ref().map_or("", |hash| hash.as_phc());
    let mark = services.keyring.authenticate("colloquy 2026 mark of a password", phc.as_bytes());
    blake3::Hash::from(mark).to_hex().to_string()
}

/// Changes the password. Every other session ends; API keys stay.
#[derive(Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePassword {
    /// The present password; not needed by somebody who has none and has just signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 1, max = 1024, message = "must be 1 to 1024 characters long"))]
    pub current_password: Option<String>,
    /// The new one.
    pub password: Password,
}

impl Command for ChangePassword {
    const NAME: &'static str = "me.change_password";
    const PERMISSION: Permission = Permission::ManageOwnAccount;
    type Output = ();
}

#[async_trait]
impl Handler for ChangePassword {
    async fn handle(&self, services: &Services, context: &Context) -> Result<Decision<()>, Error> {
        reauthenticate(services, context, self.current_password.as_deref()).await?;
        let user = own_account(services, context).await?;
        let about = [user.email.as_str(), user.display_name.as_str()];
        let hash = services.passwords.hash_new(&self.password, &about).await?;
        let except = match context.actor.credential {
            Credential::Session(id) => Some(id),
            Credential::ApiKey { .. } | Credential::System => None,
        };
        let mail = mails::password_changed(&user.email);
        let mut changes = Changes::of(user);
        changes.add(UserChange::Password, |user| user.password_hash = Some(hash));
        changes.events.push(Event::SessionsClosed { user_id: context.actor.user_id, except });
        Ok(changes.decide(services, context, ()).then(Effect::SendMail(mail)))
    }
}

/// Closes the account in all workspaces, with the conversations in it and everything else that belongs to it. Take them
/// along first: `GET /api/v1/me/export`.
#[derive(Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteMe {
    /// The present password; not needed by somebody who has none and has just signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 1, max = 1024, message = "must be 1 to 1024 characters long"))]
    pub current_password: Option<String>,
}

impl Command for DeleteMe {
    const NAME: &'static str = "me.delete";
    const PERMISSION: Permission = Permission::ManageOwnAccount;
    type Output = ();
}

#[async_trait]
impl Handler for DeleteMe {
    async fn handle(&self, services: &Services, context: &Context) -> Result<Decision<()>, Error> {
        reauthenticate(services, context, self.current_password.as_deref()).await?;
        let user = own_account(services, context).await?;
        users::delete(services, context, user).await
    }
}

async fn own_account(services: &Services, context: &Context) -> Result<User, Error> {
    let actor = &context.actor;
    let found = services.ports.identities.user(actor.workspace_id, actor.user_id).await?;
    found.ok_or_else(Error::unauthenticated)
}
