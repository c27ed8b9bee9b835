//! Filling an empty database.

use std::pin::pin;

use bytes::Bytes;
use futures_util::SinkExt as _;
use storage::transfer::{Batch, Progress, SearchLanguage, Source, TABLES, Table, Target, TransferError};

use super::copy::{Types, copy, create, encoded, insert};
use super::source::Opened;
use super::{Connection, explained, failed, in_table, not_opened, schema};
use crate::settings::Settings;

/// A row of the table that is referred to is found by its key, whatever the planner does not know yet of tables that were
/// empty a moment ago.
const PLANS: &str = "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off";
/// Building indexes goes better with some memory.
const USUAL_PLANS: &str =
    "RESET enable_seqscan; RESET enable_hashjoin; RESET enable_mergejoin; SET maintenance_work_mem = '256MB'";
/// One copy at a time.
const LOCK: &str = "SELECT pg_try_advisory_lock(7166476837402018671)::int4::int8";

/// A database that is filled.
pub type PostgresTarget = Opened<Types>;

impl PostgresTarget {
    /// Opens a database that is empty or was begun to be filled from the same source, and brings it to the schema of this
    /// release. That it is being filled is noted before anything else is in it.
    ///
    /// # Errors
    /// `NotEmpty` where there is anything that did not come from this source.
    pub fn open(settings: &Settings, source: &dyn Source) -> Result<Self, TransferError> {
        let connection = Connection::open(settings, PLANS)?;
        if connection.identity == source.identity() {
            return Err(TransferError::Same);
        }
        if connection.number(LOCK)? == 0 {
            let place = &connection.place;
            return Err(TransferError::InUse(format!(
                "another copy into {place} is under way, or has just ended"
            )));
        }
        unused(&connection)?;
        if claim(&connection, &source.location(), settings)? {
            // A server that has come since may not have seen the note; one that comes from now on does.
            if let Err(error) = unused(&connection) {
                connection.batch("DROP TABLE unfinished_copy")?;
                return Err(error);
            }
        }
        connection.runtime.block_on(crate::migrate::up(settings)).map_err(not_opened(&connection.place))?;
        let known = schema::types(&connection)?;
        Ok(Self { connection, known })
    }

    fn progress(&self) -> Result<Progress, TransferError> {
        let list = "SELECT table_name, cursor, rows FROM unfinished_copy WHERE cursor IS NOT NULL";
        let rows =
            self.connection.runtime.block_on(self.connection.client.query(list, &[])).map_err(explained)?;
        let of = |row: &tokio_postgres::Row| {
            Ok((row.try_get(0)?, row.try_get(1)?, row.try_get::<_, i64>(2)?.unsigned_abs()))
        };
        let tables = rows.iter().map(of).collect::<Result<_, tokio_postgres::Error>>().map_err(explained)?;
        Ok(Progress { tables })
    }

    async fn store(&self, table: &'static Table, batch: &Batch, rows: Bytes) -> Result<(), TransferError> {
        let client = &self.connection.client;
        let sink = client.copy_in::<_, Bytes>(&copy(table)).await.map_err(in_table(table))?;
        let mut sink = pin!(sink);
        sink.send(rows).await.map_err(in_table(table))?;
        sink.finish().await.map_err(in_table(table))?;
        let stored = client.execute(&insert(table, &self.known), &[]).await.map_err(in_table(table))?;
        if stored != batch.rows.len() as u64 {
            return Err(table.problem("some rows refer to something that does not exist in the source"));
        }
        let note = "UPDATE unfinished_copy SET cursor = $2, rows = rows + $3 WHERE table_name = $1";
        let stored = i64::try_from(stored).map_err(failed)?;
        client.execute(note, &[&table.name, &batch.cursor, &stored]).await.map_err(explained)?;
        Ok(())
    }
}

/// Refuses a database that a server uses.
fn unused(connection: &Connection) -> Result<(), TransferError> {
    match connection.others()? {
        0 => Ok(()),
        others => Err(TransferError::InUse(format!(
            "the database {} is in use by {others} connections of servers or commands",
            connection.place
        ))),
    }
}

/// Notes that an empty database is being filled from a source, whatever of the schema is there; gives whether that was
/// new.
fn claim(connection: &Connection, source: &str, settings: &Settings) -> Result<bool, TransferError> {
    let place = &connection.place;
    match super::unfinished(connection)? {
        Some(known) if known == source => return Ok(false),
        Some(other) => {
            return Err(TransferError::NotEmpty(format!(
                "names {place}, which is an unfinished copy of {other}; finish that one, or name an empty database"
            )));
        }
        None => {}
    }
    for table in &TABLES {
        let sql = format!("SELECT EXISTS (SELECT FROM {})::int4::int8", table.name);
        if connection.has_table(table.name)? && connection.number(&sql)? > 0 {
            return Err(TransferError::NotEmpty(format!(
                "names {place}, which is not empty: there is something in {}; name an empty database",
                table.name
            )));
        }
    }
    note(connection, source).or_else(|error| {
        // Where this may not create tables, whoever migrates can say what to do about it.
        connection.batch("ROLLBACK")?;
        connection.runtime.block_on(crate::migrate::up(settings)).map_err(not_opened(place))?;
        Err(error)
    })?;
    Ok(true)
}

fn note(connection: &Connection, source: &str) -> Result<(), TransferError> {
    connection.batch(
        "BEGIN;
         CREATE TABLE unfinished_copy (
             table_name text PRIMARY KEY, source text NOT NULL, cursor text, rows bigint NOT NULL DEFAULT 0
         )",
    )?;
    for table in &TABLES {
        let note = "INSERT INTO unfinished_copy (table_name, source) VALUES ($1, $2)";
        let noting = async { connection.client.execute(note, &[&table.name, &source]).await };
        connection.runtime.block_on(noting).map_err(explained)?;
    }
    connection.batch("COMMIT")
}

impl Target for PostgresTarget {
    fn begin(&mut self) -> Result<Progress, TransferError> {
        if !self.connection.has_table("unfinished_copy_schema")? {
            self.connection.batch("BEGIN")?;
            schema::put_aside(&self.connection)?;
            self.connection.batch("COMMIT")?;
        }
        let progress = self.progress()?;
        for parent in ["messages", "events"] {
            let next = format!(
                "SELECT (make_next_partition('{parent}', now() + interval '1 month') IS NOT NULL)::int4::int8"
            );
            while self.connection.number(&next)? > 0 {}
        }
        for table in &TABLES {
            self.connection.batch(&create(table))?;
        }
        Ok(progress)
    }

    fn write(&mut self, table: &'static Table, batch: &Batch) -> Result<(), TransferError> {
        let rows = Bytes::from(encoded(table, batch)?);
        self.connection.batch("BEGIN")?;
        let stored = self.connection.runtime.block_on(self.store(table, batch, rows));
        let ended = self.connection.batch(if stored.is_ok() { "COMMIT" } else { "ROLLBACK" });
        stored.and(ended)
    }

    fn search_in(&mut self, languages: &[SearchLanguage]) -> Result<(), TransferError> {
        let Connection { runtime, client, .. } = &self.connection;
        let set = "UPDATE workspaces SET search_language = $2 WHERE id = $1::text::uuid";
        for SearchLanguage { workspace_id, language } in languages {
            let setting = async { client.execute(set, &[&workspace_id.to_string(), language]).await };
            runtime.block_on(setting).map_err(explained)?;
        }
        Ok(())
    }

    fn finish(&mut self, newest_position: i64) -> Result<(), TransferError> {
        let connection = &self.connection;
        connection.batch(USUAL_PLANS)?;
        connection.batch(&format!(
            "BEGIN;
             UPDATE conversations c SET oldest_message_id = m.oldest, newest_message_id = m.newest
             FROM (
                 SELECT conversation_id, min(id::text)::uuid AS oldest, max(id::text)::uuid AS newest
                 FROM messages GROUP BY conversation_id
             ) m
             WHERE c.id = m.conversation_id AND c.newest_message_id IS NULL;
             INSERT INTO journal_heads (owner_id, workspace_id, position)
             SELECT DISTINCT ON (owner_id) owner_id, workspace_id, position
             FROM events WHERE owner_id IS NOT NULL ORDER BY owner_id, position DESC
             ON CONFLICT (owner_id) DO NOTHING;
             SELECT setval('event_positions', greatest({newest_position}, 1), {newest_position} > 0);
             COMMIT"
        ))?;
        schema::bring_back(connection)?;
        connection.batch("BEGIN; DROP TABLE unfinished_copy_schema; DROP TABLE unfinished_copy; COMMIT")?;
        connection.batch("ANALYZE")
    }
}
