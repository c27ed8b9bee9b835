//! Moving everything out of a database and into another one.

mod cells;
mod source;
mod target;

use std::fs;
use std::path::{Path, PathBuf};

use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::sqlite::SqliteConnection;
use storage::transfer::{Table, TransferError};

use crate::OpenError;
use crate::connection;
use crate::lock::{Lock, LockError};
use crate::settings::Settings;
use crate::statement::{query, values};

pub use source::SqliteSource;
pub use target::SqliteTarget;

/// Refuses a database that a copy has begun to fill and not filled to its end. Creates nothing.
pub fn check(settings: &Settings) -> Result<(), OpenError> {
    let path = settings.path()?;
    if !path.exists() {
        return Ok(());
    }
    let failed = |error: &dyn std::fmt::Display| OpenError::Failed(error.to_string());
    let mut connection = connection::reading(settings, &path).map_err(|error| failed(&error))?;
    match unfinished(&mut connection).map_err(|error| failed(&error))? {
        Some(from) => Err(OpenError::Unfinished { path, from }),
        None => Ok(()),
    }
}

/// From where a database is being filled, as it notes it in a table for the time; `None` for one that is whole.
pub(crate) fn unfinished(connection: &mut SqliteConnection) -> QueryResult<Option<String>> {
    if !has_table(connection, "unfinished_copy")? {
        return Ok(None);
    }
    query::<Text>("SELECT source FROM unfinished_copy LIMIT 1", values![]).get_result(connection).optional()
}

fn has_table(connection: &mut SqliteConnection, name: &str) -> QueryResult<bool> {
    let found =
        query::<Text>("SELECT name FROM sqlite_schema WHERE type = 'table' AND name = ?1", values![name])
            .get_result::<String>(connection)
            .optional()?;
    Ok(found.is_some())
}

/// What is the same for all names of one file.
fn identity(path: &Path) -> String {
    let path =
        fs::canonicalize(path).or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_owned());
    format!("sqlite {}", path.display())
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
    settings.path().map_err(|problem| TransferError::Address(problem.problem))
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

#[cfg(test)]
mod tests {
    use diesel::connection::SimpleConnection as _;
    use storage::transfer::{Batch, Source};

    use super::*;
    use crate::Sqlite;

    /// A source with this name.
    struct Named(&'static str);

    impl Source for Named {
        fn location(&self) -> String {
            self.0.to_owned()
        }

        fn identity(&self) -> String {
            self.0.to_owned()
        }

        fn count(&mut self, _: &'static Table) -> Result<u64, TransferError> {
            Ok(0)
        }

        fn newest_position(&mut self) -> Result<i64, TransferError> {
            Ok(0)
        }

        fn read(&mut self, _: &'static Table, _: Option<&str>, _: usize) -> Result<Batch, TransferError> {
            Ok(Batch::default())
        }
    }

    #[test]
    fn that_a_database_is_being_filled_is_noted_before_it_is_migrated() {
        let folder = tempfile::tempdir().expect("the tests have a place for files");
        let settings = Settings::at(&folder.path().join("colloquy.db"));
        let path = settings.path().expect("a path");
        connection::create_file(&path).expect("the folder is writable");
        // The first migration fails on this.
        let mut there = connection::writing(&settings, &path).expect("a database");
        there.batch_execute("CREATE TABLE conversations (id)").expect("a table");
        drop(there);
        assert!(SqliteTarget::open(&settings, &Named("one")).is_err());
        let opened = Sqlite::open(&settings);
        assert!(matches!(opened, Err(OpenError::Unfinished { ref from, .. }) if from == "one"));
        assert!(matches!(check(&settings), Err(OpenError::Unfinished { .. })));
        let other = SqliteTarget::open(&settings, &Named("other"));
        assert!(matches!(other, Err(TransferError::NotEmpty(_))));
        let mut there = connection::writing(&settings, &path).expect("a database");
        there.batch_execute("DROP TABLE conversations").expect("no table");
        drop(there);
        assert!(SqliteTarget::open(&settings, &Named("one")).is_ok());
    }
}
