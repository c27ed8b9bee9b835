//! `colloquy user`: accounts, made where the database is.

use std::io::{self, BufRead as _, IsTerminal as _};

use application::Services;
use application::identities::{NewAccount, Password, create_account, found_workspace};
use application::people::{operator_password_link, operator_reset_second_factors, operator_set_password};
use domain::{DisplayName, Email, Role, User};

use crate::cli::{CreateUserArguments, ResetPasswordArguments, RoleArgument, UserCommand};
use crate::compose::{Composition, compose};
use crate::failure::Failure;
use crate::output;
use crate::settings::{Engine, Loaded, read_secret_file};
use crate::short_runtime;

/// Manages accounts.
pub fn run(loaded: &Loaded, command: &UserCommand) -> Result<(), Failure> {
    match command {
        UserCommand::Create(arguments) => make(loaded, arguments),
        UserCommand::ResetPassword(arguments) => reset_password(loaded, arguments),
        UserCommand::ResetSecondFactors { email } => reset_second_factors(loaded, email),
    }
}

fn make(loaded: &Loaded, arguments: &CreateUserArguments) -> Result<(), Failure> {
    let email = Email::new(&arguments.email).map_err(|invalid| wrong("--email", &invalid))?;
    let display_name = display_name(arguments.display_name.as_deref(), &email)
        .map_err(|invalid| wrong("--display-name", &invalid))?;
    let password = Password::new(&password(arguments)?).map_err(|invalid| wrong("the password", &invalid))?;
    let account = NewAccount { email, display_name, role: Role::Member, password: Some(password) };
    short_runtime()?.block_on(async {
        let advice = "While a server runs on it, make accounts there: POST /api/v1/users.";
        let composition = composed(loaded, advice).await?;
        let made = create(&composition.services, account, arguments.role).await;
        composition.database.shut_down().await?;
        let user = made?;
        output::print(&format!(
            "Made the account of {} with the role {} in {}.",
            user.email,
            role_name(user.role),
            loaded.settings.database.shown_url()
        ))
    })
}

/// The parts; where a running server holds the database, the advice says what to do.
async fn composed(loaded: &Loaded, advice: &str) -> Result<Composition, Failure> {
    let engine = loaded.settings.database.engine();
    compose(loaded).await.map_err(|failure| {
        let is_held = failure.is_busy() && engine == Engine::Sqlite;
        if is_held { failure.advise(advice) } else { failure }
    })
}

fn reset_password(loaded: &Loaded, arguments: &ResetPasswordArguments) -> Result<(), Failure> {
    let email = Email::new(&arguments.email).map_err(|invalid| wrong("the address", &invalid))?;
    let password = match &arguments.password_file {
        Some(file) => {
            let text = read_secret_file(file).map_err(Failure::failed)?;
            Some(Password::new(&text).map_err(|invalid| wrong("the password", &invalid))?)
        }
        None => None,
    };
    short_runtime()?.block_on(async {
        let advice =
            "While a server runs on it, make a link there: POST /api/v1/users/{user_id}/password-link.";
        let composition = composed(loaded, advice).await?;
        let done = new_password(&composition.services, loaded, &email, password.as_ref()).await;
        composition.database.shut_down().await?;
        output::print(&done?)
    })
}

fn reset_second_factors(loaded: &Loaded, email: &str) -> Result<(), Failure> {
    let email = Email::new(email).map_err(|invalid| wrong("the address", &invalid))?;
    short_runtime()?.block_on(async {
        let advice = "While a server runs on it, do it there: DELETE /api/v1/users/{user_id}/second-factors.";
        let composition = composed(loaded, advice).await?;
        let done = operator_reset_second_factors(&composition.services, &email).await;
        composition.database.shut_down().await?;
        output::print(&if done? {
            format!("{email} is asked for the password alone. All sessions have ended.")
        } else {
            format!("{email} has no device and no passkey.")
        })
    })
}

async fn new_password(
    services: &Services,
    loaded: &Loaded,
    email: &Email,
    password: Option<&Password>,
) -> Result<String, Failure> {
    if let Some(password) = password {
        operator_set_password(services, email, password).await?;
        return Ok(format!("The password of {email} is the new one. All sessions have ended."));
    }
    let public_url = loaded.settings.server.public_url.as_ref();
    let site = public_url.map(|url| url.origin().ascii_serialization());
    let made = operator_password_link(services, email, site.as_deref()).await?;
    let before = if site.is_some() { "" } else { " (put the address of the server before it)" };
    Ok(format!(
        "With this link{before}, {email} chooses a new password, once, until {}:\n{}",
        made.expires_at, made.link
    ))
}

async fn create(
    services: &Services,
    account: NewAccount,
    role: Option<RoleArgument>,
) -> Result<User, Failure> {
    if services.ports.identities.any_account().await.map_err(application::Error::from)? {
        let role = role.map_or(account.role, Role::from);
        return Ok(create_account(services, NewAccount { role, ..account }).await?);
    }
    match role {
        None | Some(RoleArgument::Owner) => Ok(found_workspace(services, account).await?),
        Some(_) => Err(Failure::failed("the first account is the owner's; leave --role out")),
    }
}

/// What others see: what was given, or the part of the address before the `@`.
pub fn display_name(given: Option<&str>, email: &Email) -> Result<DisplayName, domain::InvalidText> {
    let email = email.as_str();
    DisplayName::new(given.unwrap_or_else(|| email.split('@').next().unwrap_or(email)))
}

fn password(arguments: &CreateUserArguments) -> Result<String, Failure> {
    if let Some(file) = &arguments.password_file {
        return read_secret_file(file).map_err(Failure::failed);
    }
    let unread = |error: io::Error| Failure::failed(format!("the password cannot be read: {error}"));
    if !io::stdin().is_terminal() {
        let mut line = String::new();
        if io::stdin().lock().read_line(&mut line).map_err(unread)? == 0 {
            return Err(Failure::failed("no password: use --password-file, a terminal, or standard input"));
        }
        return Ok(line.trim_end_matches(['\r', '\n']).to_owned());
    }
    let first = rpassword::prompt_password("Password: ").map_err(unread)?;
    let second = rpassword::prompt_password("Once more: ").map_err(unread)?;
    if first == second { Ok(first) } else { Err(Failure::failed("the two passwords are not the same")) }
}

fn wrong(what: &str, rule: &dyn std::fmt::Display) -> Failure {
    Failure::failed(format!("{what} {rule}"))
}

const fn role_name(role: Role) -> &'static str {
    match role {
        Role::Viewer => "viewer",
        Role::Member => "member",
        Role::Admin => "admin",
        Role::Owner => "owner",
    }
}
