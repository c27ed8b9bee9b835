//! What an operator's check finds in a database. It reads only, and works beside a server.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel::sqlite::SqliteConnection;
use domain::{SecretKey, Timestamp, WorkspaceId};

use crate::audit;
use crate::connection;
use crate::migrate::{self, MigrateError};
use crate::secret_keys;
use crate::settings::Settings;
use crate::statement::{query, values};
use crate::transfer;

/// What is found in a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// The version of SQLite.
    pub engine: String,
    /// The migrations that this release knows and the database lacks.
    pub pending: Vec<String>,
    /// From where a copy has begun to fill it, without coming to its end.
    pub unfinished_copy_of: Option<String>,
    /// What SQLite's own check of the file finds; empty when the file is sound, at most a hundred.
    pub damages: Vec<String>,
    /// Rows that refer to something that does not exist.
    pub dangling: i64,
    /// Entries of the full-text index without a message.
    pub orphans: i64,
    /// Conversations whose number of messages is not the number of their messages.
    pub miscounted: i64,
    /// The workspaces whose audit log is not what was written, each with the place of the first entry that is not.
    pub audit_breaks: Vec<(WorkspaceId, u64)>,
    /// When the newest fact happened.
    pub newest_fact: Option<Timestamp>,
}

/// Looks through a whole database. It takes the longer the larger the database is.
pub fn inspect(settings: &Settings) -> Result<Inspection, MigrateError> {
    let path = settings.path()?;
    let mut connection =
        connection::reading(settings, &path).map_err(|error| MigrateError::Open(error.to_string()))?;
    let pending = migrate::pending(settings)?;
    let failed = |error: diesel::result::Error| {
        MigrateError::Open(format!("the database {} cannot be read: {error}", path.display()))
    };
    let mut inspection = Inspection {
        engine: text(&mut connection, "SELECT sqlite_version()").map_err(failed)?,
        damages: damages(&mut connection).map_err(failed)?,
        dangling: number(&mut connection, "SELECT count(*) FROM pragma_foreign_key_check").map_err(failed)?,
        pending,
        unfinished_copy_of: transfer::unfinished(&mut connection).map_err(failed)?,
        orphans: 0,
        miscounted: 0,
        audit_breaks: Vec::new(),
        newest_fact: None,
    };
    // The tables are those of the newest schema only once nothing is pending.
    if inspection.pending.is_empty() {
        inspection.orphans = number(
            &mut connection,
            "SELECT count(*) FROM messages_fts_docsize d
             WHERE NOT EXISTS (SELECT 1 FROM messages m WHERE m.seq = d.id)",
        )
        .map_err(failed)?;
        inspection.miscounted = number(
            &mut connection,
            "SELECT count(*) FROM conversations c
             WHERE message_count <> (SELECT count(*) FROM messages m WHERE m.conversation_id = c.id)",
        )
        .map_err(failed)?;
        inspection.audit_breaks = audit::breaks(&mut connection).map_err(|failure| {
            MigrateError::Open(format!("the audit log in {} cannot be read: {}", path.display(), failure.0))
        })?;
        inspection.newest_fact = query::<Nullable<BigInt>>("SELECT max(at) FROM events", values![])
            .get_result::<Option<i64>>(&mut connection)
            .map_err(failed)?
            .map(Timestamp::from_micros);
    }
    Ok(inspection)
}

/// The keys of the server as they are stored, oldest first; none where there is no database, or no table for them, yet.
pub fn stored_secret_keys(settings: &Settings) -> Result<Vec<SecretKey>, MigrateError> {
    let path = settings.path()?;
    if !path.exists() {
        return Ok(Vec::new());
    }
    let mut connection =
        connection::reading(settings, &path).map_err(|error| MigrateError::Open(error.to_string()))?;
    let failed = |error: &dyn std::fmt::Display| {
        MigrateError::Open(format!("the database {} cannot be read: {error}", path.display()))
    };
    let is_there = "SELECT count(*) FROM sqlite_schema WHERE name = 'secret_keys'";
    match number(&mut connection, is_there).map_err(|error| failed(&error))? {
        0 => Ok(Vec::new()),
        _ => secret_keys::stored(&mut connection).map_err(|failure| failed(&failure.0)),
    }
}

fn damages(connection: &mut SqliteConnection) -> QueryResult<Vec<String>> {
    let mut found = query::<Text>("SELECT integrity_check FROM pragma_integrity_check", values![])
        .load::<String>(connection)?;
    found.retain(|line| line != "ok");
    Ok(found)
}

fn number(connection: &mut SqliteConnection, sql: &str) -> QueryResult<i64> {
    query::<BigInt>(sql, values![]).get_result(connection)
}

fn text(connection: &mut SqliteConnection, sql: &str) -> QueryResult<String> {
    query::<Text>(sql, values![]).get_result(connection)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_database_is_sound() {
        let folder = tempfile::tempdir().expect("the tests have a place for files");
        let settings = Settings::at(&folder.path().join("data.db"));
        migrate::up(&settings).expect("the schema is made");
        let found = inspect(&settings).expect("the database can be read");
        assert_eq!((found.pending.len(), found.damages.len()), (0, 0));
        assert_eq!((found.dangling, found.orphans, found.miscounted), (0, 0, 0));
        assert_eq!(found.newest_fact, None);
    }

    #[test]
    fn a_database_without_its_schema_is_told_from_a_damaged_one() {
        let folder = tempfile::tempdir().expect("the tests have a place for files");
        let settings = Settings::at(&folder.path().join("data.db"));
        migrate::up(&settings).expect("the schema is made");
        migrate::down(&settings).expect("one step back");
        assert_eq!(inspect(&settings).expect("the database can be read").pending.len(), 1);
    }

    #[test]
    fn an_index_entry_without_a_message_is_found() {
        let folder = tempfile::tempdir().expect("the tests have a place for files");
        let settings = Settings::at(&folder.path().join("data.db"));
        migrate::up(&settings).expect("the schema is made");
        let path = settings.path().expect("the address names a file");
        let mut connection = connection::writing(&settings, &path).expect("the database opens");
        crate::statement::execute(
            &mut connection,
            "INSERT INTO messages_fts (rowid, owner, role, words) VALUES (7, 'a', 'b', 'c')",
            values![],
        )
        .expect("the index takes it");
        assert_eq!(inspect(&settings).expect("the database can be read").orphans, 1);
    }
}
