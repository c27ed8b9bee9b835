//! Moving everything out of a database and into another one.

mod cells;
mod source;
mod target;

use std::path::{Path, PathBuf};

use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::sqlite::SqliteConnection;
use storage::transfer::{Table, TransferError};

use crate::connection;
use crate::lock::{Lock, LockError};
use crate::settings::Settings;
use crate::statement::{query, values};

pub use source::SqliteSource;
pub use target::SqliteTarget;

/// From where a database is being filled, as it notes it in a table for the time; `None` for one that is whole.
pub(crate) fn unfinished(connection: &mut SqliteConnection) -> QueryResult<Option<String>> {
    let is_there = query::<Text>(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name = 'unfinished_copy'",
        values![],
    )
    .get_result::<String>(connection)
    .optional()?;
    if is_there.is_none() {
        return Ok(None);
    }
    query::<Text>("SELECT source FROM unfinished_copy LIMIT 1", values![]).get_result(connection).optional()
}

/// A database that only this process uses.
struct Opened {
    connection: SqliteConnection,
    path: PathBuf,
    _lock: Lock,
}

impl Opened {
    /// What others recognise it by.
    fn location(&self) -> String {
        let path = std::path::absolute(&self.path).unwrap_or_else(|_| self.path.clone());
        format!("sqlite://{}", path.display())
    }
}

fn locked(path: &Path) -> Result<Lock, TransferError> {
    Lock::take(path).map_err(|error| match error {
        LockError::Held { .. } => TransferError::InUse(error.to_string()),
        LockError::Failed { ref source, .. } => TransferError::Failed(format!("{error}: {source}")),
    })
}

fn path_of(settings: &Settings) -> Result<PathBuf, TransferError> {
    settings.path().map_err(|problem| TransferError::Unusable(problem.problem))
}

fn writing(settings: &Settings, path: &Path) -> Result<SqliteConnection, TransferError> {
    connection::writing(settings, path).map_err(|outage| TransferError::Failed(outage.to_string()))
}

fn failed(error: impl std::fmt::Display) -> TransferError {
    TransferError::Failed(error.to_string())
}

fn in_table(table: &'static Table) -> impl Fn(diesel::result::Error) -> TransferError {
    move |error| TransferError::Row { table: table.name, problem: error.to_string() }
}
