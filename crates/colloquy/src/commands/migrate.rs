//! `colloquy migrate`: bringing the database to the schema of this release, and one step back.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use sqlite::LockError;
use sqlite::migrate::{self, MigrateError, Rehearsal};

use crate::cli::MigrateArguments;
use crate::commands::doctor::UNREADABLE;
use crate::compose::where_the_database_is;
use crate::failure::{Failure, chain};
use crate::output;
use crate::settings::Loaded;

/// Migrates, or looks at what migrating would do, or undoes the newest migration.
pub fn run(loaded: &Loaded, arguments: &MigrateArguments) -> Result<(), Failure> {
    match arguments {
        MigrateArguments { check: true, .. } => check(loaded),
        MigrateArguments { down: true, yes, .. } => down(loaded, *yes),
        _ => up(loaded),
    }
}

fn up(loaded: &Loaded) -> Result<(), Failure> {
    let applied = migrate::up(&loaded.settings.database).map_err(|error| failed(&error, loaded))?;
    match applied.as_slice() {
        [] => output::print("The database has the schema of this release already."),
        applied => output::print(&format!("Applied {}.", applied.join(", "))),
    }
}

fn check(loaded: &Loaded) -> Result<(), Failure> {
    let settings = &loaded.settings.database;
    let pending = migrate::pending(settings).map_err(|error| failed(&error, loaded))?;
    if pending.is_empty() {
        return output::print("Nothing is pending.");
    }
    output::print(&format!("Pending: {}.", pending.join(", ")))?;
    match migrate::rehearse(settings).map_err(|error| failed(&error, loaded))? {
        Some(rehearsal) => output::print(&told(&rehearsal)),
        None => output::print("There is no database yet; the first start makes it."),
    }
}

fn told(rehearsal: &Rehearsal) -> String {
    let mut lines = vec![format!(
        "Tried on a copy: all of it succeeds. The snapshot takes about {} and {} MiB of disk.",
        seconds(rehearsal.copy),
        rehearsal.bytes.div_ceil(1024 * 1024)
    )];
    lines.extend(
        rehearsal.migrations.iter().map(|(name, took)| format!("{name} takes about {}.", seconds(*took))),
    );
    lines.join("\n")
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

fn down(loaded: &Loaded, is_confirmed: bool) -> Result<(), Failure> {
    let database = &loaded.settings.database.url;
    if !is_confirmed
        && !confirm(&format!("Undo the newest migration of {database}? A snapshot is made first."))?
    {
        return output::print("Nothing was changed.");
    }
    match migrate::down(&loaded.settings.database).map_err(|error| failed(&error, loaded))? {
        Some(name) => output::print(&format!("Undid {name}.")),
        None => output::print("There is no migration to undo."),
    }
}

fn confirm(question: &str) -> Result<bool, Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::failed("nobody is there to ask; say --yes to undo the newest migration"));
    }
    let unasked = |error: io::Error| Failure::failed(format!("the question cannot be asked: {error}"));
    let mut output = io::stderr().lock();
    write!(output, "{question} [y/N] ").and_then(|()| output.flush()).map_err(unasked)?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).map_err(unasked)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

fn failed(error: &MigrateError, loaded: &Loaded) -> Failure {
    let message = chain(error);
    match error {
        MigrateError::Lock(LockError::Held { .. }) => Failure::busy(message),
        MigrateError::Settings(_) => Failure::settings(message),
        MigrateError::Lock(_) | MigrateError::Create { .. } => {
            Failure::failed(message).advise(where_the_database_is(loaded))
        }
        MigrateError::Open(_) => Failure::failed(message).advise(UNREADABLE),
        _ => Failure::failed(message),
    }
}
