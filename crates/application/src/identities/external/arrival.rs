//! Coming back from a provider.

use domain::ports::{ExternalPerson, KeptSignIn, Returned};
use domain::{
    Credential, DisplayName, Email, Event, Role, SignInFailure, User, UserChange, UserId, UserState, Version,
    WorkspaceId,
};
use serde::Deserialize;
use subtle::ConstantTimeEq as _;

use super::journey::{Journey, Purpose};
use super::linking::{link, linked};
use crate::identities::sign_in::{SignedIn, note_failure, open_session};
use crate::identities::{Visitor, limit_attempts};
use crate::people::{Changes, check_choice};
use crate::{Code, Error, Services};

/// What a provider has a browser bring back (RFC 6749, section 4.1.2, and RFC 9207).
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct CallbackInput {
    /// What the tokens are given for.
    pub code: Option<String>,
    /// What was sent along.
    pub state: Option<String>,
    /// Who the provider says it is.
    pub iss: Option<String>,
    /// Why there is no code.
    pub error: Option<String>,
}

/// Somebody who came back.
pub enum Arrival {
    /// They are signed in, and go on to an address within this server.
    SignedIn(Box<SignedIn>, String),
    /// Their account has another way in, and they go on to an address within this server.
    Linked(String),
    /// Their account has not, for this reason, and they go on all the same.
    NotLinked(String, Error),
}

/// Ends what [`super::depart`] began.
///
/// # Errors
/// `sign_in_expired` where another browser left, or too long ago; `sign_in_mismatch` where what comes back is not what
/// was sent; `sign_in_denied` where the person did not want to; `sign_in_provider_refused` and `sign_in_provider_away`;
/// for people who are not let in `account_exists`, `email_unverified`, `registration_closed`, `account_pending` and
/// `account_suspended`.
pub async fn arrive(
    services: &Services,
    visitor: &Visitor,
    cookie: Option<&str>,
    input: CallbackInput,
) -> Result<Arrival, Error> {
    limit_attempts(services, visitor.address, "arrival", &visitor.request_id).await?;
    let Journey { kept, purpose, next, .. } = Journey::unseal(services, cookie)?;
    let state = input.state.as_deref().unwrap_or_default();
    if !bool::from(kept.state.as_bytes().ct_eq(state.as_bytes())) {
        note_failure(services, visitor, None, SignInFailure::Mismatch).await?;
        let detail = "What the provider sent back does not fit what this browser left with. Begin again.";
        return Err(Error::new(Code::Unauthenticated, "sign_in_mismatch", detail));
    }
    match purpose {
        Purpose::SignIn => {
            let let_in = match person(services, &kept, input).await {
                Ok(person) => let_in(services, visitor, &person).await,
                Err(error) => Err(error),
            };
            if let Some(reason) = let_in.as_ref().err().and_then(reason_of) {
                note_failure(services, visitor, None, reason).await?;
            }
            Ok(Arrival::SignedIn(Box::new(let_in?), next))
        }
        Purpose::Link { user_id, session_id } => {
            let linked = match person(services, &kept, input).await {
                Ok(person) => link(services, visitor, &person, user_id, session_id).await,
                Err(error) => Err(error),
            };
            Ok(match linked {
                Ok(()) => Arrival::Linked(next),
                Err(error) => Arrival::NotLinked(next, error),
            })
        }
    }
}

/// What the audit log is told of a refusal that it does not know of yet; nothing of what is no refusal.
fn reason_of(error: &Error) -> Option<SignInFailure> {
    Some(match error.problem().slug {
        "sign_in_denied" | "sign_in_provider_refused" => SignInFailure::RefusedByProvider,
        "email_unverified" => SignInFailure::EmailUnverified,
        "account_exists" => SignInFailure::AccountExists,
        "registration_closed" => SignInFailure::RegistrationClosed,
        _ => return None,
    })
}

/// Whom the provider let in.
async fn person(
    services: &Services,
    kept: &KeptSignIn,
    input: CallbackInput,
) -> Result<ExternalPerson, Error> {
    if let Some(error) = input.error {
        tracing::info!(error, provider = kept.provider, "a sign-in provider did not let somebody in");
        let detail = "The provider did not let you in, or you did not want it to.";
        return Err(Error::new(Code::Unauthenticated, "sign_in_denied", detail));
    }
    let returned = Returned { code: input.code.unwrap_or_default(), issuer: input.iss };
    Ok(services.ports.sign_in_providers.finish(kept, &returned).await?)
}

/// Lets a person in; once more where somebody was quicker to change the account, or to make one with the same address.
async fn let_in(services: &Services, visitor: &Visitor, person: &ExternalPerson) -> Result<SignedIn, Error> {
    const ATTEMPTS: u32 = 5;
    for _ in 1..ATTEMPTS {
        match try_to_let_in(services, visitor, person).await {
            Err(error) if error.code() == Code::Conflict => {}
            outcome => return outcome,
        }
    }
    try_to_let_in(services, visitor, person).await
}

async fn try_to_let_in(
    services: &Services,
    visitor: &Visitor,
    person: &ExternalPerson,
) -> Result<SignedIn, Error> {
    let identities = &services.ports.identities;
    if let Some(user) = identities.user_by_external(&person.issuer, &person.subject).await? {
        return open(services, visitor, person, user, Vec::new()).await;
    }
    let Some(email) = &person.verified_email else {
        let detail = "The provider does not vouch for your e-mail address. If you have an account here, sign in to it \
                      otherwise and add the provider in your settings.";
        return Err(Error::new(Code::Forbidden, "email_unverified", detail));
    };
    if let Some(user) = identities.user_by_email(email).await? {
        if !person.may_link_by_email || !is_proven(services, &user).await? {
            let detail = "There is an account with your address already. Sign in to it otherwise, and add the provider in \
                          your settings.";
            return Err(Error::new(Code::Forbidden, "account_exists", detail));
        }
        let linked = linked(services, person, user.id);
        return open(services, visitor, person, user, vec![linked]).await;
    }
    if !person.may_register {
        let detail =
            "You have no account here, and none is made for you. Ask an administrator for an invitation.";
        return Err(Error::new(Code::Forbidden, "registration_closed", detail));
    }
    register(services, visitor, person, email.clone()).await
}

/// Whether whoever has the account has shown that its address is theirs: it has no password, which anybody might have given
/// it, and was made, or joined, by the word of a provider.
async fn is_proven(services: &Services, user: &User) -> Result<bool, Error> {
    let identities = &services.ports.identities;
    Ok(user.password_hash.is_none() && !identities.external_identities(user.id).await?.is_empty())
}

/// Opens a session for somebody who has an account, with the role that the provider gives.
async fn open(
    services: &Services,
    visitor: &Visitor,
    person: &ExternalPerson,
    user: User,
    mut before: Vec<Event>,
) -> Result<SignedIn, Error> {
    if user.state != UserState::Active {
        note_failure(services, visitor, Some(&user), SignInFailure::NotActive).await?;
        return Err(not_active(user.state));
    }
    let mut changes = Changes::of(user);
    if let Some(role) = role_to_give(person, changes.user.role) {
        let previous = changes.user.role;
        changes.add(UserChange::Role { previous }, |user| user.role = role);
    }
    before.extend(changes.events);
    open_session(services, changes.user, visitor, before).await
}

/// The role that somebody gets, where it is another one. Owners are made and unmade by owners alone.
fn role_to_give(person: &ExternalPerson, present: Role) -> Option<Role> {
    let touches_owners = |role| role == Role::Owner || present == Role::Owner;
    person.role.filter(|role| *role != present && !touches_owners(*role))
}

/// Makes an account without a password.
async fn register(
    services: &Services,
    visitor: &Visitor,
    person: &ExternalPerson,
    email: Email,
) -> Result<SignedIn, Error> {
    let ports = &services.ports;
    let workspace = ports.identities.first_workspace().await?;
    let workspace = workspace.ok_or_else(|| Error::conflict("not_set_up", "Create the owner first."))?;
    let needs_approval = services.settings.identity.approval;
    let user = User {
        id: UserId::from_uuid(ports.ids.uuid()),
        workspace_id: workspace.id,
        home_workspace_id: workspace.id,
        role: person.role.filter(|role| *role != Role::Owner).unwrap_or(Role::Member),
        display_name: display_name(services, person, &email, workspace.id).await?,
        email,
        state: if needs_approval { UserState::Pending } else { UserState::Active },
        password_hash: None,
        version: Version::FIRST,
        created_at: ports.clock.now(),
    };
    let before = vec![Event::UserCreated(user.clone()), linked(services, person, user.id)];
    if !needs_approval {
        return open_session(services, user, visitor, before).await;
    }
    let unit = visitor.unit_of_work(services, workspace.id, Some(user.id), Credential::System, before);
    ports.journal.commit(unit).await?;
    Err(not_active(UserState::Pending))
}

/// What others will see: the name at the provider, unless it is that of somebody here or cannot be a name.
async fn display_name(
    services: &Services,
    person: &ExternalPerson,
    email: &Email,
    workspace_id: WorkspaceId,
) -> Result<DisplayName, Error> {
    let local = email.as_str().split('@').next();
    for name in [person.name.as_deref(), local].into_iter().flatten() {
        let Ok(name) = DisplayName::new(name) else { continue };
        match check_choice(services, workspace_id, None, &name).await {
            Ok(()) => return Ok(name),
            Err(error) if error.code() == Code::InvalidInput => {}
            Err(error) => return Err(error),
        }
    }
    let whole: String = email.as_str().chars().take(DisplayName::MAX_CHARACTERS).collect();
    DisplayName::new(&whole).map_err(Error::internal)
}

fn not_active(state: UserState) -> Error {
    let (slug, detail) = match state {
        UserState::Pending => ("account_pending", "An administrator has to agree to your account first."),
        UserState::Active | UserState::Suspended => {
            ("account_suspended", "Your account may not be used. Ask an administrator.")
        }
    };
    Error::new(Code::Forbidden, slug, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(role: Option<Role>) -> ExternalPerson {
        ExternalPerson {
            issuer: "https://login.example.org".to_owned(),
            subject: "1".to_owned(),
            verified_email: None,
            name: None,
            role,
            may_link_by_email: false,
            may_register: false,
        }
    }

    #[test]
    fn owners_are_left_alone_and_not_made() {
        use Role::{Admin, Member, Owner, Viewer};
        for (given, present, expected) in [
            (None, Member, None),
            (Some(Admin), Member, Some(Admin)),
            (Some(Member), Admin, Some(Member)),
            (Some(Viewer), Viewer, None),
            (Some(Member), Owner, None),
            (Some(Owner), Admin, None),
            (Some(Owner), Owner, None),
        ] {
            assert_eq!(role_to_give(&person(given), present), expected, "{given:?} to {present:?}");
        }
    }
}
