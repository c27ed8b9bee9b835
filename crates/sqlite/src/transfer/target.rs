//! Filling an empty database.

use std::collections::HashMap;
use std::path::Path;

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel::sqlite::SqliteConnection;
use domain::{ConversationId, Parts, UserId, WorkspaceId};
use storage::owner_word;
use storage::transfer::{Batch, Cell, Progress, Row, Source, TABLES, Table, Target, TransferError};
use uuid::Uuid;

use super::cells::{lists, values as cell_values};
use super::source::{count, newest_position, read};
use super::{Opened, failed, has_table, identity, in_table, locked, path_of, writing};
use crate::columns::Id;
use crate::migrate;
use crate::settings::Settings;
use crate::statement::{execute, last_row, query, values};

/// Of so many conversations the owners are remembered at one time.
const REMEMBERED_OWNERS: usize = 50_000;

/// A database that is filled. While this exists nobody else uses it.
pub struct SqliteTarget {
    opened: Opened,
    owners: HashMap<Uuid, Uuid>,
}

impl SqliteTarget {
    /// Opens a database that is empty or was begun to be filled from the same source; makes it where it is missing. That
    /// it is being filled is noted before anything else is in it.
    ///
    /// # Errors
    /// `NotEmpty` where there is anything that did not come from this source.
    pub fn open(settings: &Settings, source: &dyn Source) -> Result<Self, TransferError> {
        let path = path_of(settings)?;
        if identity(&path) == source.identity() {
            return Err(TransferError::Same);
        }
        let failed_to_make = |error: migrate::MigrateError| TransferError::Failed(error.to_string());
        migrate::create(&path).map_err(failed_to_make)?;
        let lock = locked(&path)?;
        let mut connection = writing(settings, &path)?;
        claim(&mut connection, &path, &source.location())?;
        drop(connection);
        migrate::up_locked(settings, &path).map_err(failed_to_make)?;
        let mut connection = writing(settings, &path)?;
        // Rows come before what they refer to; all references are checked in the end.
        connection.batch_execute("PRAGMA foreign_keys = OFF").map_err(failed)?;
        let opened = Opened { connection, path, _lock: lock };
        Ok(Self { opened, owners: HashMap::new() })
    }
}

impl Source for SqliteTarget {
    fn location(&self) -> String {
        self.opened.location()
    }

    fn identity(&self) -> String {
        identity(&self.opened.path)
    }

    fn count(&mut self, table: &'static Table) -> Result<u64, TransferError> {
        count(&mut self.opened.connection, table)
    }

    fn newest_position(&mut self) -> Result<i64, TransferError> {
        newest_position(&mut self.opened.connection)
    }

    fn read(
        &mut self,
        table: &'static Table,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Batch, TransferError> {
        read(&mut self.opened.connection, table, after, limit)
    }
}

impl Target for SqliteTarget {
    fn begin(&mut self) -> Result<Progress, TransferError> {
        let connection = &mut self.opened.connection;
        if !has_table(connection, "unfinished_copy_triggers").map_err(failed)? {
            connection.immediate_transaction(put_triggers_aside).map_err(failed)?;
        }
        progress(connection).map_err(failed)
    }

    fn write(&mut self, table: &'static Table, batch: &Batch) -> Result<(), TransferError> {
        let Self { opened, owners } = self;
        if owners.len() > REMEMBERED_OWNERS {
            owners.clear();
        }
        let rows = i64::try_from(batch.rows.len()).unwrap_or(i64::MAX);
        let connection = &mut opened.connection;
        connection.batch_execute("BEGIN IMMEDIATE").map_err(failed)?;
        let written = insert(connection, table, batch, owners).and_then(|()| {
            execute(
                connection,
                "UPDATE unfinished_copy SET cursor = ?2, rows = rows + ?3 WHERE table_name = ?1",
                values![table.name, &batch.cursor, rows],
            )
            .map_err(failed)
        });
        let end = if written.is_ok() { "COMMIT" } else { "ROLLBACK" };
        let ended = connection.batch_execute(end).map_err(failed);
        written.and(ended)
    }

    fn finish(&mut self, newest_position: i64) -> Result<(), TransferError> {
        let connection = &mut self.opened.connection;
        migrate::check_references(connection).map_err(|_| {
            TransferError::Failed("some rows refer to something that does not exist in the source".to_owned())
        })?;
        connection
            .immediate_transaction(|connection| complete(connection, newest_position))
            .map_err(failed)?;
        connection.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)").map_err(failed)
    }
}

/// Notes that an empty database is being filled from a source, whatever of the schema is there.
fn claim(connection: &mut SqliteConnection, path: &Path, source: &str) -> Result<(), TransferError> {
    match super::unfinished(connection).map_err(failed)? {
        Some(known) if known == source => return Ok(()),
        Some(other) => {
            return Err(TransferError::NotEmpty(format!(
                "names {}, which is an unfinished copy of {other}; finish that one, or name an empty database",
                path.display()
            )));
        }
        None => {}
    }
    for table in &TABLES {
        if has_table(connection, table.name).map_err(failed)? && count(connection, table)? > 0 {
            return Err(TransferError::NotEmpty(format!(
                "names {}, which is not empty: there is something in {}; name an empty database",
                path.display(),
                table.name
            )));
        }
    }
    connection.immediate_transaction(|connection| note(connection, source)).map_err(failed)
}

fn note(connection: &mut SqliteConnection, source: &str) -> QueryResult<()> {
    connection.batch_execute(
        "CREATE TABLE unfinished_copy (
             table_name TEXT NOT NULL PRIMARY KEY, source TEXT NOT NULL, cursor TEXT, rows INTEGER NOT NULL
         ) STRICT",
    )?;
    for table in &TABLES {
        execute(
            connection,
            "INSERT INTO unfinished_copy (table_name, source, cursor, rows) VALUES (?1, ?2, NULL, 0)",
            values![table.name, source],
        )?;
    }
    Ok(())
}

/// What triggers would compute comes with the rows.
fn put_triggers_aside(connection: &mut SqliteConnection) -> QueryResult<()> {
    connection.batch_execute(
        "CREATE TABLE unfinished_copy_triggers (name TEXT NOT NULL PRIMARY KEY, sql TEXT NOT NULL) STRICT;
         INSERT INTO unfinished_copy_triggers SELECT name, sql FROM sqlite_schema WHERE type = 'trigger';",
    )?;
    for (name, _) in triggers(connection)? {
        connection.batch_execute(&format!("DROP TRIGGER {name}"))?;
    }
    Ok(())
}

fn complete(connection: &mut SqliteConnection, newest_position: i64) -> QueryResult<()> {
    execute(
        connection,
        "INSERT INTO sqlite_sequence (name, seq) SELECT 'events', 0
         WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'events')",
        values![],
    )?;
    execute(
        connection,
        "UPDATE sqlite_sequence SET seq = max(seq, ?1) WHERE name = 'events'",
        values![newest_position],
    )?;
    for (_, sql) in triggers(connection)? {
        connection.batch_execute(&sql)?;
    }
    connection.batch_execute("DROP TABLE unfinished_copy_triggers; DROP TABLE unfinished_copy;")
}

fn triggers(connection: &mut SqliteConnection) -> QueryResult<Vec<(String, String)>> {
    query::<(Text, Text)>("SELECT name, sql FROM unfinished_copy_triggers", values![]).load(connection)
}

fn progress(connection: &mut SqliteConnection) -> QueryResult<Progress> {
    let tables = query::<(Text, Text, BigInt)>(
        "SELECT table_name, cursor, rows FROM unfinished_copy WHERE cursor IS NOT NULL",
        values![],
    )
    .load::<(String, String, i64)>(connection)?;
    let counted = tables.into_iter().map(|(name, cursor, rows)| (name, cursor, rows.unsigned_abs()));
    Ok(Progress { tables: counted.collect() })
}

fn insert(
    connection: &mut SqliteConnection,
    table: &'static Table,
    batch: &Batch,
    owners: &mut HashMap<Uuid, Uuid>,
) -> Result<(), TransferError> {
    let columns: Vec<&str> = table.columns.iter().map(|column| column.name).collect();
    let numbers: Vec<String> = (1..=columns.len()).map(|number| format!("?{number}")).collect();
    let sql = format!("INSERT INTO {} ({}) VALUES ({})", table.name, columns.join(", "), numbers.join(", "));
    for row in &batch.rows {
        let lists = lists(row);
        execute(connection, &sql, &cell_values(row, &lists)).map_err(in_table(table))?;
        if table.name == "messages" {
            index(connection, table, row, owners)?;
        }
    }
    Ok(())
}

/// Puts what a message says into the full-text index, behind the row that was inserted last.
fn index(
    connection: &mut SqliteConnection,
    table: &'static Table,
    row: &Row,
    owners: &mut HashMap<Uuid, Uuid>,
) -> Result<(), TransferError> {
    let cell = |column: &str| table.position(column).and_then(|position| row.get(position));
    let (
        Some(Cell::Id(workspace_id)),
        Some(Cell::Id(conversation_id)),
        Some(Cell::Text(role)),
        Some(Cell::Json(parts)),
    ) = (cell("workspace_id"), cell("conversation_id"), cell("role"), cell("parts"))
    else {
        return Err(table.problem("a message lacks what every message has"));
    };
    let parts: Parts = serde_json::from_str(parts).map_err(|error| table.problem(error))?;
    let words = parts.searchable_text();
    if words.is_empty() {
        return Ok(());
    }
    let seq = last_row(connection).map_err(in_table(table))?;
    let owner_id = if let Some(owner_id) = owners.get(conversation_id) {
        *owner_id
    } else {
        let owner_id = query::<diesel::sql_types::Binary>(
            "SELECT owner_id FROM conversations WHERE id = ?1",
            values![ConversationId::from_uuid(*conversation_id)],
        )
        .get_result::<Id>(connection)
        .map_err(in_table(table))?
        .typed(|id| id);
        owners.insert(*conversation_id, owner_id);
        owner_id
    };
    let owner = owner_word(WorkspaceId::from_uuid(*workspace_id), UserId::from_uuid(owner_id));
    execute(
        connection,
        "INSERT INTO messages_fts (rowid, owner, role, words) VALUES (?1, ?2, ?3, ?4)",
        values![seq, &owner, role, &words],
    )
    .map_err(in_table(table))?;
    Ok(())
}
