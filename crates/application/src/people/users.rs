//! `user.update`, `user.delete`, `user.create_password_link`, and one account: what administrators do.

use async_trait::async_trait;
use domain::{
    DisplayName, Event, Expectation, Permission, Role, TicketKind, Timestamp, User, UserChange, UserId,
    UserState, Version,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::changes::Changes;
use super::managed;
use super::tickets::{invitation_lifetime, link, password_link_lifetime};
use super::{PasswordLinkPayload, mails, names};
use crate::bus::{Command, Context, Decision, Effect, Handler, Query};
use crate::identities::UserView;
use crate::identities::tickets::{self, NewTicket};
use crate::{Error, Services, access};

/// One account of the workspace.
#[derive(Debug, Clone, Validate)]
pub struct GetUser {
    /// Whose.
    pub user_id: UserId,
}

#[async_trait]
impl Query for GetUser {
    const NAME: &'static str = "user.get";
    const PERMISSION: Permission = Permission::ManageUsers;
    type Output = UserView;

    async fn answer(&self, services: &Services, context: &Context) -> Result<UserView, Error> {
        let found = services.ports.identities.user(context.actor.workspace_id, self.user_id).await?;
        found.map(UserView::from).ok_or_else(Error::not_found)
    }
}

/// Changes what is given and leaves the rest.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateUser {
    /// Whose account.
    pub user_id: UserId,
    /// The version that the change was made from; a later one refuses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_version: Option<Version>,
    /// What others will see.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<DisplayName>,
    /// What they may do in this workspace; never more than the one who changes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// `active` agrees to a pending account, or lets a suspended one in again; `suspended` bars it, and signs it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<UserState>,
}

impl Command for UpdateUser {
    const NAME: &'static str = "user.update";
    const PERMISSION: Permission = Permission::ManageUsers;
    type Output = UserView;
}

#[async_trait]
impl Handler for UpdateUser {
    async fn handle(&self, services: &Services, context: &Context) -> Result<Decision<UserView>, Error> {
        let user = managed::member(services, context, self.user_id).await?;
        access::check_version(self.expected_version, user.version)?;
        let was_pending = user.state == UserState::Pending;
        let mut changes = Changes::of(user);
        if let Some(name) = self.display_name.as_ref().filter(|name| **name != changes.user.display_name) {
            managed::check_home(&changes.user)?;
            names::check_form(name)?;
            changes.add(UserChange::Profile, |user| user.display_name = name.clone());
        }
        if let Some(role) = self.role.filter(|role| *role != changes.user.role) {
            managed::check_role(context, role)?;
            change_role(&mut changes, role);
        }
        if let Some(state) = self.state.filter(|state| *state != changes.user.state) {
            self.change_state(services, context, &mut changes, state).await?;
        }
        let view = UserView::from(changes.user.clone());
        // Whoever has yet to choose a password has a link for it.
        let may_enter = changes.user.password_hash.is_some()
            || !services.ports.identities.external_identities(changes.user.id).await?.is_empty();
        let welcome = (was_pending && may_enter && changes.user.state == UserState::Active)
            .then(|| mails::let_in(&changes.user.email, context.site.as_deref().unwrap_or_default()));
        let decision = changes.decide(services, context, view);
        Ok(welcome.into_iter().fold(decision, |decision, mail| decision.then(Effect::SendMail(mail))))
    }
}

impl UpdateUser {
    async fn change_state(
        &self,
        services: &Services,
        context: &Context,
        changes: &mut Changes,
        state: UserState,
    ) -> Result<(), Error> {
        managed::refuse_self(context, &changes.user, "Somebody else has to change its state.")?;
        managed::check_home(&changes.user)?;
        match state {
            UserState::Pending => {
                let detail = "must be active or suspended: no account becomes pending again";
                return Err(Error::invalid_field("/state", "invalid", detail));
            }
            UserState::Active => changes.add(UserChange::Activated, |user| user.state = state),
            UserState::Suspended => {
                managed::check_roles_elsewhere(services, context, &changes.user).await?;
                let expected = managed::check_other_workspaces(services, &changes.user).await?;
                changes.expected.extend(expected);
                changes.add(UserChange::Suspended, |user| user.state = state);
                changes.events.push(Event::SessionsClosed { user_id: self.user_id, except: None });
            }
        }
        Ok(())
    }
}

/// Gives somebody another role in the workspace from which they are seen.
pub(crate) fn change_role(changes: &mut Changes, role: Role) {
    let previous = changes.user.role;
    changes.add(UserChange::Role { previous }, |user| user.role = role);
}

/// Deletes an account in all workspaces, with the conversations in it and everything else that belongs to it.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteUser {
    /// Whose account.
    pub user_id: UserId,
    /// The version that the caller saw; a later one refuses the deletion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_version: Option<Version>,
}

impl Command for DeleteUser {
    const NAME: &'static str = "user.delete";
    const PERMISSION: Permission = Permission::ManageUsers;
    type Output = ();
}

#[async_trait]
impl Handler for DeleteUser {
    async fn handle(&self, services: &Services, context: &Context) -> Result<Decision<()>, Error> {
        let user = managed::member(services, context, self.user_id).await?;
        access::check_version(self.expected_version, user.version)?;
        managed::refuse_self(context, &user, "Close it with DELETE /api/v1/me.")?;
        managed::check_home(&user)?;
        managed::check_roles_elsewhere(services, context, &user).await?;
        delete(services, context, user).await
    }
}

/// Deletes an account; no workspace that anybody else belongs to loses its last active owner, and the first one never.
pub(crate) async fn delete(
    services: &Services,
    context: &Context,
    user: User,
) -> Result<Decision<()>, Error> {
    let mut expected = managed::check_other_workspaces(services, &user).await?;
    if user.role == Role::Owner {
        let (workspace_id, besides) = (user.workspace_id, user.id);
        let first = services.ports.identities.first_workspace().await?.map(|workspace| workspace.id);
        let is_first = first == Some(workspace_id);
        let others = Expectation::OthersHaveAnOwner { workspace_id, besides };
        expected.push(if is_first { Expectation::AnOwnerRemains } else { others });
    }
    let deleted = User { version: user.version.next(), ..user };
    let decision = Decision::commit(services, context, vec![Event::UserDeleted(deleted)], ());
    Ok(expected.into_iter().fold(decision, Decision::expecting))
}

/// Makes a link with which somebody chooses a new password, or their first one; to be handed over in a safe way.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreatePasswordLink {
    /// Who will choose.
    pub user_id: UserId,
}

/// A link that was just made: the only time that it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PasswordLink {
    /// The address of the page. Whoever has it can take the account over.
    pub link: String,
    /// When it stops working.
    pub expires_at: Timestamp,
}

impl Command for CreatePasswordLink {
    const NAME: &'static str = "user.create_password_link";
    const PERMISSION: Permission = Permission::RecoverAccounts;
    const HOLDS_A_SECRET: bool = true;
    type Output = PasswordLink;
}

#[async_trait]
impl Handler for CreatePasswordLink {
    async fn handle(&self, services: &Services, context: &Context) -> Result<Decision<PasswordLink>, Error> {
        let user = managed::member(services, context, self.user_id).await?;
        managed::refuse_self(context, &user, "Change your password with POST /api/v1/me/password.")?;
        managed::check_home(&user)?;
        managed::check_roles_elsewhere(services, context, &user).await?;
        let maker = Some(context.actor.user_id);
        let (output, event) = password_link(services, &user, maker, context.site.as_deref())?;
        Ok(Decision::commit(services, context, vec![event], output))
    }
}

/// The link with which somebody chooses a password, and the event that has to be committed before it is told. It works as
/// long as whoever makes it may make it; the operator always may.
pub(crate) fn password_link(
    services: &Services,
    user: &User,
    made_by: Option<UserId>,
    site: Option<&str>,
) -> Result<(PasswordLink, Event), Error> {
    let (kind, page, lifetime) = match user.state {
        UserState::Pending => (TicketKind::Activation, "activate", invitation_lifetime(services)),
        UserState::Active => (TicketKind::PasswordReset, "reset", password_link_lifetime(services)),
        UserState::Suspended => {
            let detail = "The account is suspended. Let it in again first.";
            return Err(Error::conflict("account_suspended", detail));
        }
    };
    let payload = PasswordLinkPayload { email: user.email.clone(), made_by };
    let payload = serde_json::to_string(&payload).map_err(Error::internal)?;
    let (workspace_id, user_id) = (user.workspace_id, Some(user.id));
    let (token, event) =
        tickets::issue(services, NewTicket { kind, workspace_id, user_id, payload, lifetime });
    let expires_at = services.ports.clock.now().plus(lifetime);
    Ok((PasswordLink { link: link(site, page, &token), expires_at }, event))
}
