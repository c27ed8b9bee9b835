//! Choosing a password by a link: a forgotten one, or the first one of an account that somebody else made.

use std::sync::Arc;

use domain::{Credential, DisplayName, Email, Event, Ticket, TicketKind, User, UserChange, UserState};
use schemars::JsonSchema;
use serde::Deserialize;
use validator::Validate;

use super::mails::{self, Link};
use super::tickets::{follow, link, link_invalid, password_link_lifetime, used_meanwhile};
use super::{Changes, PasswordLinkPayload, managed, names};
use crate::identities::tickets::{self, NewTicket};
use crate::identities::{Password, SignedIn, Visitor, limit_attempts, open_session};
use crate::{Error, Services};

/// Somebody who cannot sign in.
#[derive(Clone, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "ForgotPassword")]
pub struct ForgotPasswordInput {
    /// The address of the account.
    #[validate(length(min = 1, max = 254, message = "must be 1 to 254 characters long"))]
    pub email: String,
}

/// A new password.
#[derive(Clone, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "ResetPassword")]
pub struct ResetPasswordInput {
    /// The token from the link.
    #[validate(length(min = 1, max = 200, message = "must be the token from the link"))]
    pub token: String,
    /// The new password.
    pub password: Password,
}

/// The first password of an account.
#[derive(Clone, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Activate")]
pub struct ActivateInput {
    /// The token from the link.
    #[validate(length(min = 1, max = 200, message = "must be the token from the link"))]
    pub token: String,
    /// What the person will sign in with.
    pub password: Password,
    /// What others will see; absent: what the administrator chose.
    #[serde(default)]
    pub display_name: Option<DisplayName>,
}

/// Writes to an account that has a password how to choose a new one. The answer, and the time it takes, are the same
/// whether there is one.
///
/// # Errors
/// `no_mail` where the server sends none; `rate_limited`.
pub async fn forgot_password(
    services: &Arc<Services>,
    input: ForgotPasswordInput,
    visitor: &Visitor,
) -> Result<(), Error> {
    let account = input.email.trim().to_lowercase();
    limit_attempts(services, visitor.address, "forgot", &account).await?;
    if !services.post.is_open() {
        let detail = "This server sends no mail. Ask an administrator for a link to choose a new password.";
        return Err(Error::conflict("no_mail", detail));
    }
    let Ok(email) = Email::new(&account) else { return Ok(()) };
    let (services_of_errand, visitor) = (Arc::clone(services), visitor.clone());
    services.post.run(async move {
        if let Err(error) = write_to(&services_of_errand, &visitor, &email).await {
            tracing::warn!(%error, "a link for a new password could not be made");
        }
    })
}

async fn write_to(services: &Services, visitor: &Visitor, email: &Email) -> Result<(), Error> {
    let found = services.ports.identities.user_by_email(email).await?;
    let found = found.filter(|user| user.state == UserState::Active && user.password_hash.is_some());
    let Some(user) = found else { return Ok(()) };
    let payload = PasswordLinkPayload { email: user.email.clone(), made_by: None };
    let new = NewTicket {
        kind: TicketKind::PasswordReset,
        workspace_id: user.workspace_id,
        user_id: Some(user.id),
        payload: serde_json::to_string(&payload).map_err(Error::internal)?,
        lifetime: password_link_lifetime(services),
    };
    let (token, event) = tickets::issue(services, new);
    let unit = visitor.unit_of_work(services, user.workspace_id, None, Credential::System, vec![event]);
    services.ports.journal.commit(unit).await?;
    let address = link(visitor.site.as_deref(), "reset", &token);
    let lifetime = format!("{} minutes", services.settings.identity.password_link_minutes);
    services
        .post
        .send(mails::forgotten_password(&user.email, &Link { address: &address, lifetime: &lifetime }));
    Ok(())
}

/// Sets a new password with a link. All sessions end; API keys, and what is asked for beside the password, stay.
///
/// # Errors
/// `link_invalid`; `invalid_input` for a password that cannot be taken, after which the link still works.
pub async fn reset_password(
    services: &Services,
    input: ResetPasswordInput,
    visitor: &Visitor,
) -> Result<(), Error> {
    let (ticket, user) = subject(services, visitor, TicketKind::PasswordReset, &input.token).await?;
    let user_id = user.id;
    let mut changes = with_password(services, user, &input.password).await?;
    let mut events = vec![tickets::used(&ticket)];
    events.append(&mut changes.events);
    events.push(Event::SessionsClosed { user_id, except: None });
    let notice = mails::password_changed(&changes.user.email);
    let unit = visitor.unit_of_work(services, ticket.workspace_id, Some(user_id), Credential::System, events);
    services.ports.journal.commit(unit).await.map_err(used_meanwhile)?;
    services.post.send(notice);
    Ok(())
}

/// Sets the first password of an account, which may be used from now on, and signs its person in.
///
/// # Errors
/// As for [`reset_password`].
pub async fn activate(
    services: &Services,
    input: ActivateInput,
    visitor: &Visitor,
) -> Result<SignedIn, Error> {
    let (ticket, user) = subject(services, visitor, TicketKind::Activation, &input.token).await?;
    let chosen_name = input.display_name.filter(|name| *name != user.display_name);
    if let Some(name) = &chosen_name {
        names::check_choice(services, user.workspace_id, Some(user.id), name).await?;
    }
    let mut changes = with_password(services, user, &input.password).await?;
    if let Some(name) = chosen_name {
        changes.add(UserChange::Profile, |user| user.display_name = name);
    }
    changes.add(UserChange::Activated, |user| user.state = UserState::Active);
    let mut before = vec![tickets::used(&ticket)];
    before.append(&mut changes.events);
    let signed_in = open_session(services, changes.user, visitor, before).await;
    signed_in
        .map_err(|error| if error.problem().slug == "concurrent_change" { link_invalid() } else { error })
}

/// The ticket behind the token of a link for a password, and whose account it opens.
async fn subject(
    services: &Services,
    visitor: &Visitor,
    kind: TicketKind,
    token: &str,
) -> Result<(Ticket, User), Error> {
    let (ticket, payload): (Ticket, PasswordLinkPayload) = follow(services, visitor, kind, token).await?;
    let user_id = ticket.user_id.ok_or_else(link_invalid)?;
    let waits_for = if kind == TicketKind::Activation { UserState::Pending } else { UserState::Active };
    let user = services.ports.identities.user(ticket.workspace_id, user_id).await?;
    let user = user.filter(|user| user.state == waits_for && user.email == payload.email);
    let user = user.ok_or_else(link_invalid)?;
    match payload.made_by {
        Some(maker) if !managed::may_still_recover(services, maker, &user).await? => Err(link_invalid()),
        Some(_) | None => Ok((ticket, user)),
    }
}

async fn with_password(services: &Services, user: User, password: &Password) -> Result<Changes, Error> {
    let about = [user.email.as_str(), user.display_name.as_str()];
    let hash = services.passwords.hash_new(password, &about).await?;
    let mut changes = Changes::of(user);
    changes.add(UserChange::Password, |user| user.password_hash = Some(hash));
    Ok(changes)
}
