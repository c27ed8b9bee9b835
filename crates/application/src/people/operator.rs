//! What the operator does at the command line for somebody who cannot get in.

use domain::{Email, Event, Origin, UnitOfWork, User, UserChange, UserState};

use super::{Changes, PasswordLink, second_factors, users};
use crate::identities::Password;
use crate::{Error, Services};

/// Makes a link with which the person behind an address chooses a password.
///
/// # Errors
/// `unknown_account` where there is none, `account_suspended`.
pub async fn operator_password_link(
    services: &Services,
    email: &Email,
    site: Option<&str>,
) -> Result<PasswordLink, Error> {
    let user = account(services, email).await?;
    let (link, event) = users::password_link(services, &user, None, site)?;
    commit(services, &user, vec![event]).await?;
    Ok(link)
}

/// Sets a password, and ends every session. An account that waited for its first one may be used from now on.
///
/// # Errors
/// `unknown_account` where there is none; `invalid_input` for a password that is too easy to guess.
pub async fn operator_set_password(
    services: &Services,
    email: &Email,
    password: &Password,
) -> Result<(), Error> {
    let user = account(services, email).await?;
    let about = [user.email.as_str(), user.display_name.as_str()];
    let hash = services.passwords.hash_new(password, &about).await?;
    let mut changes = Changes::of(user);
    changes.add(UserChange::Password, |user| user.password_hash = Some(hash));
    if changes.user.state == UserState::Pending {
        changes.add(UserChange::Activated, |user| user.state = UserState::Active);
    }
    let Changes { user, mut events, .. } = changes;
    events.push(Event::SessionsClosed { user_id: user.id, except: None });
    commit(services, &user, events).await
}

/// Removes the device, the recovery codes and the passkeys of somebody who has lost them, and ends their sessions. Whether
/// there was any of it.
///
/// # Errors
/// `unknown_account` where there is none.
pub async fn operator_reset_second_factors(services: &Services, email: &Email) -> Result<bool, Error> {
    let user = account(services, email).await?;
    let events = second_factors::removal(services, user.id).await?;
    if events.is_empty() {
        return Ok(false);
    }
    commit(services, &user, events).await?;
    Ok(true)
}

async fn account(services: &Services, email: &Email) -> Result<User, Error> {
    let found = services.ports.identities.user_by_email(email).await?;
    found.ok_or_else(|| Error::conflict("unknown_account", format!("There is no account of {email}.")))
}

async fn commit(services: &Services, user: &User, events: Vec<Event>) -> Result<(), Error> {
    let unit = UnitOfWork::new(user.workspace_id, Origin::SYSTEM, services.ports.clock.now(), events);
    services.ports.journal.commit(unit).await?;
    Ok(())
}
