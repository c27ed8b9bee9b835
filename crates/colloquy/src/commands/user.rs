//! `colloquy user`: accounts, made where the database is.

use std::io::{self, BufRead as _, IsTerminal as _};

use application::Services;
use application::identities::{NewAccount, Password, create_account, found_workspace};
use domain::{DisplayName, Email, Role, User};

use crate::cli::{CreateUserArguments, RoleArgument, UserCommand};
use crate::compose::compose;
use crate::failure::Failure;
use crate::output;
use crate::settings::{Engine, Loaded, read_secret_file};
use crate::short_runtime;

/// Manages accounts.
pub fn run(loaded: &Loaded, command: &UserCommand) -> Result<(), Failure> {
    let UserCommand::Create(arguments) = command;
    let email = Email::new(&arguments.email).map_err(|invalid| wrong("--email", &invalid))?;
    let display_name = display_name(arguments.display_name.as_deref(), &email)
        .map_err(|invalid| wrong("--display-name", &invalid))?;
    let password = Password::new(&password(arguments)?).map_err(|invalid| wrong("the password", &invalid))?;
    let account = NewAccount { email, display_name, role: Role::Member, password: Some(password) };
    short_runtime()?.block_on(async {
        let database = &loaded.settings.database;
        let composition = compose(loaded).await.map_err(|failure| {
            let advice = "While a server runs on it, make accounts there: POST /api/v1/users.";
            let is_held = failure.is_busy() && database.engine() == Engine::Sqlite;
            if is_held { failure.advise(advice) } else { failure }
        })?;
        let made = create(&composition.services, account, arguments.role).await;
        composition.database.shut_down().await?;
        let user = made?;
        output::print(&format!(
            "Made the account of {} with the role {} in {}.",
            user.email,
            role_name(user.role),
            database.shown_url()
        ))
    })
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
