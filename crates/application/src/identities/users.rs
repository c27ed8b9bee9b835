//! `user.create`, and reading accounts.

use async_trait::async_trait;
use domain::{
    Credential, DisplayName, Email, Event, Page, Permission, Role, Timestamp, User, UserId, UserState,
    Version,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::Password;
use super::accounts::{NewAccount, build};
use crate::bus::{Command, Context, Decision, Effect, Handler, Query};
use crate::{Code, Error, PageInput, Services, people, workspaces};

/// A person with an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(title = "User")]
pub struct UserView {
    /// Their identifier.
    pub id: UserId,
    /// How they sign in.
    pub email: Email,
    /// What others see.
    pub display_name: DisplayName,
    /// What they may do.
    pub role: Role,
    /// Whether the account may be used.
    pub state: UserState,
    /// For optimistic locking.
    pub version: Version,
    /// Whether the account itself is managed in this workspace: it was made here.
    pub managed_here: bool,
    /// When the account was made.
    pub created_at: Timestamp,
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            email: user.email,
            display_name: user.display_name,
            role: user.role,
            state: user.state,
            version: user.version,
            managed_here: user.home_workspace_id == user.workspace_id,
            created_at: user.created_at,
        }
    }
}

/// Makes an account in the actor's workspace. Whoever has one elsewhere is invited with it instead; the answer is the same.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateUser {
    /// How the person will sign in.
    pub email: Email,
    /// What others will see.
    pub display_name: DisplayName,
    /// What they may do; never more than the one who makes the account.
    pub role: Role,
    /// What they will sign in with; absent: they choose it themselves, with the link in the answer. No key may choose it:
    /// whoever has signed in may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Password>,
}

/// An account that was just made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(title = "CreatedUser")]
pub struct CreatedUser {
    /// The account, or what it will be once the link was followed.
    #[serde(flatten)]
    pub user: UserView,
    /// Unless the account may be used already: the address with which the person goes on, to be handed over in a safe way.
    /// It works once, and is shown only now. Where the server sends mail, the person gets it too.
    pub link: Option<String>,
}

impl Command for CreateUser {
    const NAME: &'static str = "user.create";
    const PERMISSION: Permission = Permission::ManageUsers;
    const HOLDS_A_SECRET: bool = true;
    type Output = CreatedUser;
}

#[async_trait]
impl Handler for CreateUser {
    async fn handle(&self, services: &Services, context: &Context) -> Result<Decision<CreatedUser>, Error> {
        people::check_role(context, self.role)?;
        people::check_form(&self.display_name)?;
        people::check_address(&self.email)?;
        if self.password.is_some() && matches!(context.actor.credential, Credential::ApiKey { .. }) {
            let detail = "A key cannot choose somebody's password, with which there would be no end and no limit. Leave \
                          it out: the answer has a link for the person.";
            return Err(Error::new(Code::Forbidden, "password_by_key", detail));
        }
        let identities = &services.ports.identities;
        if let Some(known) = identities.user_by_email(&self.email).await? {
            if identities.user(context.actor.workspace_id, known.id).await?.is_some() {
                let detail = "Somebody with this e-mail address belongs to the workspace already.";
                return Err(Error::conflict("email_taken", detail));
            }
            return self.invite(services, context).await;
        }
        let account = NewAccount {
            email: self.email.clone(),
            display_name: self.display_name.clone(),
            role: self.role,
            password: self.password.clone(),
        };
        let user = build(services, context.actor.workspace_id, account).await?;
        let version = user.version;
        let mut events = vec![Event::UserCreated(user.clone())];
        let (mut link, mut mail) = (None, None);
        if user.state == UserState::Pending {
            let (made, event) =
                people::password_link(services, &user, Some(context.actor.user_id), context.site.as_deref())?;
            events.push(event);
            mail = Some(people::activation_mail(services, &user.email, &made.link));
            link = Some(made.link);
        }
        let output = CreatedUser { user: user.into(), link };
        let decision = Decision::commit(services, context, events, output).version(version);
        Ok(mail.into_iter().fold(decision, |decision, mail| decision.then(Effect::SendMail(mail))))
    }
}

impl CreateUser {
    /// Invites somebody who has an account elsewhere, of which the asker does not learn.
    async fn invite(&self, services: &Services, context: &Context) -> Result<Decision<CreatedUser>, Error> {
        let workspace = services.ports.workspaces.workspace(context.actor.workspace_id).await?;
        let workspace = workspace.ok_or_else(Error::not_found)?;
        let (invitation, link) = workspaces::invitation(services, context, &self.email, self.role);
        let user = UserView {
            id: UserId::from_uuid(services.ports.ids.uuid()),
            email: self.email.clone(),
            display_name: self.display_name.clone(),
            role: self.role,
            state: UserState::Pending,
            version: Version::FIRST,
            managed_here: true,
            created_at: invitation.created_at,
        };
        let mail = people::invitation_mail(services, &self.email, &workspace.name, &link);
        let output = CreatedUser { user, link: Some(link) };
        let events = vec![Event::InvitationCreated(invitation)];
        let decision = Decision::commit(services, context, events, output).version(Version::FIRST);
        Ok(decision.then(Effect::SendMail(mail)))
    }
}

/// A page of accounts.
pub type UserPage = Page<UserView, UserId>;

/// The accounts of the workspace, newest first.
#[derive(Debug, Clone, Validate)]
pub struct ListUsers {
    /// Which page.
    pub page: PageInput,
    /// Only those in this state.
    pub state: Option<UserState>,
}

#[async_trait]
impl Query for ListUsers {
    const NAME: &'static str = "user.list";
    const PERMISSION: Permission = Permission::ManageUsers;
    type Output = UserPage;

    async fn answer(&self, services: &Services, context: &Context) -> Result<UserPage, Error> {
        let identities = &services.ports.identities;
        let page = identities.users(context.actor.workspace_id, self.state, self.page.request()?).await?;
        Ok(page.map(UserView::from))
    }
}
