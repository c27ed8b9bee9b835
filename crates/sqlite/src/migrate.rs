//! The schema and its changes.

mod rehearsal;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use diesel::connection::SimpleConnection;
use diesel::migration::{Migration, MigrationSource};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel::sqlite::{Sqlite, SqliteConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use thiserror::Error;

use crate::connection;
use crate::errors::Outage;
use crate::lock::{Lock, LockError, beside};
use crate::owner;
use crate::settings::{Settings, SettingsProblem};
use crate::statement::{query, values};

pub use rehearsal::{Rehearsal, rehearse};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");

/// Why the schema cannot be brought where it should be.
#[derive(Debug, Error)]
pub enum MigrateError {
    /// A setting cannot be used.
    #[error(transparent)]
    Settings(#[from] SettingsProblem),
    /// Another process has the database.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The file or its directory cannot be created.
    #[error("the database {} cannot be created", .path.display())]
    Create {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file belongs to somebody else.
    #[error(
        "the database {} exists but belongs to {owner}, and this process runs as {user}; let the administrator give it \
         away (chown), or run this as {owner}",
        .path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// To whom it belongs.
        owner: String,
        /// Who tried to open it.
        user: String,
    },
    /// The file cannot be opened.
    #[error("{0}")]
    Open(String),
    /// A newer release has changed the schema.
    #[error(
        "the database {} has the schema {version}, which this release does not know; run the release that made it, \
         or restore the snapshot that was taken before that migration", .path.display()
    )]
    Unknown {
        /// The file.
        path: PathBuf,
        /// The newest migration that was applied.
        version: String,
    },
    /// The copy that is made before a change of the schema failed; nothing was changed.
    #[error("the snapshot {} cannot be made, so nothing was migrated: {problem}", .path.display())]
    Snapshot {
        /// The copy.
        path: PathBuf,
        /// Why.
        problem: String,
    },
    /// A migration failed; its transaction was rolled back.
    #[error("the migration failed and was rolled back: {0}")]
    Failed(String),
    /// A migration left rows that refer to nothing.
    #[error("after the migration, {rows} rows refer to something that does not exist; restore the snapshot")]
    Dangling {
        /// How many rows.
        rows: i64,
    },
    /// Opening does not migrate and there are migrations to apply.
    #[error("the schema lacks the migrations {}; run `colloquy migrate`", .0.join(", "))]
    Pending(Vec<String>),
}

/// The migrations that this release knows and the database lacks, oldest first. Creates nothing.
pub fn pending(settings: &Settings) -> Result<Vec<String>, MigrateError> {
    let path = settings.path()?;
    if !path.exists() {
        return Ok(known()?.iter().map(|migration| migration.name().to_string()).collect());
    }
    let mut connection = connection::reading(settings, &path).map_err(|outage| open_error(&outage))?;
    let applied = if has_table(&mut connection, "__diesel_schema_migrations")? {
        query::<Text>("SELECT version FROM __diesel_schema_migrations ORDER BY version", values![])
            .load::<String>(&mut connection)
            .map_err(failed)?
    } else {
        Vec::new()
    };
    let names = known()?;
    refuse_unknown(&path, applied.iter().map(String::as_str), &names)?;
    let is_missing = |version: &str| !applied.iter().any(|applied| applied == version);
    Ok(names
        .iter()
        .filter(|migration| is_missing(&migration.name().version().to_string()))
        .map(|migration| migration.name().to_string())
        .collect())
}

/// Applies all pending migrations, each in a transaction of its own, after a snapshot of a database that holds
/// anything. Gives the names of what was applied.
pub fn up(settings: &Settings) -> Result<Vec<String>, MigrateError> {
    let path = settings.path()?;
    create(&path)?;
    let _lock = Lock::take(&path)?;
    up_locked(settings, &path)
}

/// Reverts the newest migration, after a snapshot. Gives its name; `None` when there is none.
pub fn down(settings: &Settings) -> Result<Option<String>, MigrateError> {
    let path = settings.path()?;
    if !path.exists() {
        return Ok(None);
    }
    let _lock = Lock::take(&path)?;
    let mut connection = migrating(settings, &path)?;
    let applied = applied(&mut connection)?;
    let known = known()?;
    refuse_unknown(&path, applied.iter().map(String::as_str), &known)?;
    let Some(newest) = applied.last() else { return Ok(None) };
    let Some(migration) = known.iter().find(|migration| migration.name().version().to_string() == *newest)
    else {
        return Ok(None);
    };
    snapshot(&mut connection, &path, newest)?;
    connection.revert_migration(migration).map_err(failed)?;
    check_references(&mut connection)?;
    Ok(Some(migration.name().to_string()))
}

/// Creates the file and its directory.
pub(crate) fn create(path: &Path) -> Result<(), MigrateError> {
    connection::create_file(path).map_err(|source| inaccessible(path, source))
}

/// Whether this process may write the file, where there is one. Changes nothing.
pub fn check_access(settings: &Settings) -> Result<(), MigrateError> {
    let path = settings.path()?;
    match fs::OpenOptions::new().read(true).write(true).open(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(inaccessible(&path, error)),
        Ok(_) | Err(_) => Ok(()),
    }
}

fn inaccessible(path: &Path, source: io::Error) -> MigrateError {
    let path = path.to_owned();
    match owner::foreign(&path, &source) {
        Some((owner, user)) => MigrateError::Foreign { path, owner, user },
        None => MigrateError::Create { path, source },
    }
}

/// [`up`] for a caller that holds the lock.
pub(crate) fn up_locked(settings: &Settings, path: &Path) -> Result<Vec<String>, MigrateError> {
    let mut connection = migrating(settings, path)?;
    let applied = applied(&mut connection)?;
    let known = known()?;
    refuse_unknown(path, applied.iter().map(String::as_str), &known)?;
    let pending = connection.pending_migrations(MIGRATIONS).map_err(failed)?;
    if pending.is_empty() {
        return Ok(Vec::new());
    }
    if let Some(newest) = applied.last() {
        snapshot(&mut connection, path, newest)?;
    }
    let mut names = Vec::with_capacity(pending.len());
    for migration in &pending {
        connection.run_migration(migration).map_err(failed)?;
        tracing::info!(migration = %migration.name(), "migrated the database");
        names.push(migration.name().to_string());
    }
    check_references(&mut connection)?;
    Ok(names)
}

/// A connection for changes of the schema. References are not enforced meanwhile, because rebuilding a table drops
/// it for a moment; they are checked as a whole afterwards.
fn migrating(settings: &Settings, path: &Path) -> Result<SqliteConnection, MigrateError> {
    let mut connection = connection::writing(settings, path).map_err(|outage| open_error(&outage))?;
    connection.batch_execute("PRAGMA foreign_keys = OFF").map_err(failed)?;
    Ok(connection)
}

/// The versions that were applied, oldest first.
fn applied(connection: &mut SqliteConnection) -> Result<Vec<String>, MigrateError> {
    let versions = connection.applied_migrations().map_err(failed)?;
    Ok(versions.iter().rev().map(ToString::to_string).collect())
}

/// The migrations of this release, oldest first.
fn known() -> Result<Vec<Box<dyn Migration<Sqlite>>>, MigrateError> {
    let mut migrations = MigrationSource::<Sqlite>::migrations(&MIGRATIONS).map_err(failed)?;
    migrations.sort_by(|one, other| one.name().version().cmp(&other.name().version()));
    Ok(migrations)
}

fn refuse_unknown<'a>(
    path: &Path,
    applied: impl Iterator<Item = &'a str>,
    known: &[Box<dyn Migration<Sqlite>>],
) -> Result<(), MigrateError> {
    let is_known =
        |version: &str| known.iter().any(|migration| migration.name().version().to_string() == version);
    match applied.filter(|version| !is_known(version)).last() {
        Some(version) => Err(MigrateError::Unknown { path: path.to_owned(), version: version.to_owned() }),
        None => Ok(()),
    }
}

/// Copies the database as it is to `<database>.<version>.snapshot`. A half-made copy never has that name.
fn snapshot(connection: &mut SqliteConnection, path: &Path, version: &str) -> Result<(), MigrateError> {
    let target = beside(path, &format!("{version}.snapshot"));
    let unfinished = beside(path, "snapshot-unfinished");
    let failed = |error: &dyn std::fmt::Display| MigrateError::Snapshot {
        path: target.clone(),
        problem: error.to_string(),
    };
    let name = unfinished.to_str().ok_or_else(|| failed(&"its path is not valid UTF-8"))?;
    match fs::remove_file(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(&error)),
        Ok(()) | Err(_) => {}
    }
    connection::create_private(&unfinished).map_err(|error| failed(&error))?;
    query::<()>("VACUUM INTO ?1", values![name]).execute(connection).map_err(|error| failed(&error))?;
    fs::File::open(&unfinished).and_then(|file| file.sync_all()).map_err(|error| failed(&error))?;
    fs::rename(&unfinished, &target).map_err(|error| failed(&error))?;
    tracing::info!(snapshot = %target.display(), "copied the database before migrating it");
    Ok(())
}

pub(crate) fn check_references(connection: &mut SqliteConnection) -> Result<(), MigrateError> {
    let rows = query::<BigInt>("SELECT count(*) FROM pragma_foreign_key_check", values![])
        .get_result::<i64>(connection)
        .map_err(failed)?;
    if rows == 0 { Ok(()) } else { Err(MigrateError::Dangling { rows }) }
}

fn has_table(connection: &mut SqliteConnection, name: &str) -> Result<bool, MigrateError> {
    query::<BigInt>("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?1", values![name])
        .get_result::<i64>(connection)
        .map(|tables| tables > 0)
        .map_err(failed)
}

fn failed(error: impl std::fmt::Display) -> MigrateError {
    MigrateError::Failed(error.to_string())
}

fn open_error(outage: &Outage) -> MigrateError {
    MigrateError::Open(outage.to_string())
}
