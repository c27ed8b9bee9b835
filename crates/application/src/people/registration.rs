//! Registration: who may make an account for themselves, and how.
//!
//! Where the server sends mail, an account comes to be once the link in a mail to its address was followed, by somebody
//! who repeats the password: until then nothing stands in anybody's way who has the same address. What is done, and how
//! long it takes, does not tell whether an address is known.

use std::sync::Arc;

use domain::ports::StorageError;
use domain::{
    Credential, DisplayName, Email, Event, PasswordHash, Role, TicketKind, User, UserChange, UserId,
    UserState, Version, Workspace,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::mails::{self, Link};
use super::profile::password_mark;
use super::tickets::{follow, invitation_lifetime, link, link_invalid, used_meanwhile};
use super::{AddressPayload, Changes, Registrant, names};
use crate::identities::tickets::{self, NewTicket};
use crate::identities::{Password, Visitor, limit_attempts};
use crate::{Code, Error, Registration, Services};

/// Somebody who wants an account.
#[derive(Clone, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Register")]
pub struct RegisterInput {
    /// How they will sign in.
    pub email: Email,
    /// What they will sign in with.
    pub password: Password,
    /// What others will see.
    pub display_name: DisplayName,
}

/// What proves an address.
#[derive(Clone, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "VerifyEmail")]
pub struct VerifyEmailInput {
    /// The token from the link.
    #[validate(length(min = 1, max = 200, message = "must be the token from the link"))]
    pub token: String,
    /// For a registration: the password that was chosen then, so that nobody confirms the account of somebody else.
    #[serde(default)]
    #[validate(length(min = 1, max = 1024, message = "must be 1 to 1024 characters long"))]
    pub password: Option<String>,
    /// For a registration: another name than the one chosen then.
    #[serde(default)]
    pub display_name: Option<DisplayName>,
}

/// An address that is proven.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct VerifiedEmail {
    /// The address: from now on the one to sign in with.
    pub email: Email,
    /// Whether the account may be used, or an administrator has to agree first.
    pub state: UserState,
}

/// Who may register at present: `None` for nobody, because of the settings or because there is no owner yet.
pub(super) async fn open_to(services: &Services) -> Result<Option<(Registration, Workspace)>, Error> {
    let registration = match services.settings.identity.registration {
        Registration::Closed => return Ok(None),
        Registration::Domains if !services.post.is_open() => return Ok(None),
        registration => registration,
    };
    if !services.ports.identities.any_account().await? {
        return Ok(None);
    }
    let workspace = services.ports.identities.first_workspace().await?;
    Ok(workspace.map(|workspace| (registration, workspace)))
}

/// Refuses whoever may not register.
async fn check_open(services: &Services, email: &Email) -> Result<Workspace, Error> {
    let Some((registration, workspace)) = open_to(services).await? else {
        let detail = "Nobody can register here. Ask an administrator for an invitation.";
        return Err(Error::new(Code::Forbidden, "registration_closed", detail));
    };
    if registration == Registration::Domains {
        let domain = email.as_str().rsplit_once('@').map_or("", |(_, domain)| domain);
        let is_listed = |listed: &String| listed.trim_start_matches('@').eq_ignore_ascii_case(domain);
        if !services.settings.identity.registration_domains.iter().any(is_listed) {
            let detail = "Only people with an address of certain domains can register here.";
            return Err(Error::new(Code::Forbidden, "domain_not_allowed", detail));
        }
    }
    Ok(workspace)
}

/// Takes the wish for an account. The answer is the same whether the address is known or not.
///
/// # Errors
/// `registration_closed`, `domain_not_allowed`, `rate_limited`, and `invalid_input` for what is wrong with the input
/// itself.
pub async fn register(
    services: &Arc<Services>,
    input: RegisterInput,
    visitor: &Visitor,
) -> Result<(), Error> {
    let RegisterInput { email, password, display_name } = input;
    limit_attempts(services, visitor.address, "register", email.as_str()).await?;
    let workspace = check_open(services, &email).await?;
    names::check_form(&display_name)?;
    names::check_address(&email)?;
    let about = [email.as_str(), display_name.as_str()];
    let password_hash = services.passwords.hash_new(&password, &about).await?;
    if services.post.is_open() {
        let registrant = Registrant { email, display_name, password_hash: password_hash.as_phc().to_owned() };
        let (services_of_errand, visitor) = (Arc::clone(services), visitor.clone());
        return services.post.run(async move {
            if let Err(error) = write_to(&services_of_errand, &visitor, &workspace, registrant).await {
                tracing::warn!(%error, "a registration could not be taken down");
            }
        });
    }
    names::check_choice(services, workspace.id, None, &display_name).await?;
    if services.ports.identities.user_by_email(&email).await?.is_some() {
        return Ok(());
    }
    let user = newcomer(services, &workspace, email, display_name, password_hash);
    let events = vec![Event::UserCreated(user.clone())];
    let unit = visitor.unit_of_work(services, workspace.id, Some(user.id), Credential::System, events);
    match services.ports.journal.commit(unit).await {
        // Somebody was quicker, with the same address.
        Ok(_) | Err(StorageError::Rejected(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Writes to whoever registers: how to go on or, where they have an account already, that.
async fn write_to(
    services: &Services,
    visitor: &Visitor,
    workspace: &Workspace,
    registrant: Registrant,
) -> Result<(), Error> {
    let site = visitor.site.as_deref();
    let email = registrant.email.clone();
    if services.ports.identities.user_by_email(&email).await?.is_some() {
        services.post.send(mails::has_account(&email, site.unwrap_or_default()));
        return Ok(());
    }
    let new = NewTicket {
        kind: TicketKind::EmailVerification,
        workspace_id: workspace.id,
        user_id: None,
        payload: serde_json::to_string(&AddressPayload::Registration(registrant)).map_err(Error::internal)?,
        lifetime: invitation_lifetime(services),
    };
    let (token, event) = tickets::issue(services, new);
    let unit = visitor.unit_of_work(services, workspace.id, None, Credential::System, vec![event]);
    services.ports.journal.commit(unit).await?;
    let address = link(site, "verify", &token);
    let lifetime = mails::hours(services.settings.identity.invitation_hours);
    services.post.send(mails::registration(&email, &Link { address: &address, lifetime: &lifetime }));
    Ok(())
}

/// The account of somebody who registered: a member, who may have to wait for an administrator.
fn newcomer(
    services: &Services,
    workspace: &Workspace,
    email: Email,
    display_name: DisplayName,
    password_hash: PasswordHash,
) -> User {
    let state = if services.settings.identity.approval { UserState::Pending } else { UserState::Active };
    User {
        id: UserId::from_uuid(services.ports.ids.uuid()),
        workspace_id: workspace.id,
        home_workspace_id: workspace.id,
        role: Role::Member,
        email,
        display_name,
        state,
        password_hash: Some(password_hash),
        version: Version::FIRST,
        created_at: services.ports.clock.now(),
    }
}

/// Follows a link that proves an address: makes the account that was registered, or gives an account its new address.
///
/// # Errors
/// `link_invalid`; `invalid_input` where the password does not fit or the name cannot be taken, after which the link
/// still works; `email_taken` where somebody else has the address by now.
pub async fn verify_email(
    services: &Services,
    input: VerifyEmailInput,
    visitor: &Visitor,
) -> Result<VerifiedEmail, Error> {
    let (ticket, payload) = follow(services, visitor, TicketKind::EmailVerification, &input.token).await?;
    let spent = tickets::used(&ticket);
    match (payload, ticket.user_id) {
        (AddressPayload::Registration(registrant), None) => {
            let workspace = check_open(services, &registrant.email).await?;
            let user = confirmed(services, &workspace, registrant, input).await?;
            commit_change(services, visitor, &user, vec![spent, Event::UserCreated(user.clone())]).await?;
            Ok(VerifiedEmail { email: user.email, state: user.state })
        }
        (AddressPayload::Change { email, password_mark: mark }, Some(user_id)) => {
            let user = services.ports.identities.user(ticket.workspace_id, user_id).await?;
            let user = user.filter(|user| user.state == UserState::Active);
            let user = user.filter(|user| password_mark(services, user) == mark).ok_or_else(link_invalid)?;
            let farewell = mails::address_changed(&user.email);
            let mut changes = Changes::of(user);
            changes.add(UserChange::Email, |user| user.email = email);
            let user = changes.user;
            let events = [vec![spent], changes.events].concat();
            commit_change(services, visitor, &user, events).await?;
            services.post.send(farewell);
            Ok(VerifiedEmail { email: user.email, state: user.state })
        }
        _ => Err(link_invalid()),
    }
}

/// The account of a registrant who repeats the password.
async fn confirmed(
    services: &Services,
    workspace: &Workspace,
    registrant: Registrant,
    input: VerifyEmailInput,
) -> Result<User, Error> {
    let Registrant { email, display_name, password_hash } = registrant;
    let Some(password) = input.password else {
        let detail = "must be the password that was chosen at the registration";
        return Err(Error::invalid_field("/password", "required", detail));
    };
    let password_hash = PasswordHash::from_phc(password_hash);
    if !services.passwords.verify(&password, Some(&password_hash)).await? {
        let detail = "is not the password that was chosen at the registration";
        return Err(Error::invalid_field("/password", "wrong_password", detail));
    }
    let display_name = input.display_name.unwrap_or(display_name);
    names::check_choice(services, workspace.id, None, &display_name).await?;
    if services.ports.identities.user_by_email(&email).await?.is_some() {
        return Err(email_taken());
    }
    Ok(newcomer(services, workspace, email, display_name, password_hash))
}

async fn commit_change(
    services: &Services,
    visitor: &Visitor,
    user: &User,
    events: Vec<Event>,
) -> Result<(), Error> {
    let unit = visitor.unit_of_work(services, user.workspace_id, Some(user.id), Credential::System, events);
    match services.ports.journal.commit(unit).await {
        Ok(_) => Ok(()),
        Err(StorageError::Rejected(_)) => Err(email_taken()),
        Err(error) => Err(used_meanwhile(error)),
    }
}

fn email_taken() -> Error {
    Error::conflict("email_taken", "An account with this e-mail address exists. Sign in with it.")
}
