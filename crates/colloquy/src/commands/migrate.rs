//! `colloquy migrate`: bringing the database to the schema of this release, and one step back.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use crate::cli::MigrateArguments;
use crate::database::{self, Rehearsal};
use crate::failure::Failure;
use crate::output;
use crate::settings::{Engine, Loaded};
use crate::short_runtime;

/// Migrates, or looks at what migrating would do, or undoes the newest migration.
pub fn run(loaded: &Loaded, arguments: &MigrateArguments) -> Result<(), Failure> {
    short_runtime()?.block_on(async {
        match arguments {
            MigrateArguments { check: true, .. } => check(loaded).await,
            MigrateArguments { down: true, yes, .. } => down(loaded, *yes).await,
            _ => up(loaded).await,
        }
    })
}

async fn up(loaded: &Loaded) -> Result<(), Failure> {
    match database::up(loaded).await?.as_slice() {
        [] => output::print("The database has the schema of this release already."),
        applied => output::print(&format!("Applied {}.", applied.join(", "))),
    }
}

async fn check(loaded: &Loaded) -> Result<(), Failure> {
    let pending = database::pending(loaded).await?;
    if pending.is_empty() {
        return output::print("Nothing is pending.");
    }
    output::print(&format!("Pending: {}.", pending.join(", ")))?;
    match database::rehearse(loaded).await? {
        Some(rehearsal) => output::print(&told(&rehearsal)),
        None => output::print("There is no database yet; the first start makes it."),
    }
}

fn told(rehearsal: &Rehearsal) -> String {
    let mut lines = vec![match rehearsal.snapshot {
        Some((took, bytes)) => format!(
            "Tried on a copy: all of it succeeds. The snapshot takes about {} and {} MiB of disk.",
            seconds(took),
            bytes.div_ceil(1024 * 1024)
        ),
        None => "Tried and taken back: all of it succeeds.".to_owned(),
    }];
    lines.extend(
        rehearsal.migrations.iter().map(|(name, took)| format!("{name} takes about {}.", seconds(*took))),
    );
    lines.join("\n")
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

async fn down(loaded: &Loaded, is_confirmed: bool) -> Result<(), Failure> {
    let database = &loaded.settings.database;
    let before = match database.engine() {
        Engine::Sqlite => "A snapshot is made first.",
        Engine::Postgres => "No snapshot is made: make a backup first.",
    };
    if !is_confirmed && !confirm(&format!("Undo the newest migration of {}? {before}", database.shown_url()))?
    {
        return output::print("Nothing was changed.");
    }
    match database::down(loaded).await? {
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
