//! Keeping the database in order.

mod reconcile;

use std::time::Duration;

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::sqlite::SqliteConnection;
use domain::Timestamp;
use domain::ports::{Drift, Maintenance, StorageError, StorageHealth};

use crate::Sqlite;
use crate::errors::{Outcome, corrupt};
use crate::statement::{execute, query, values};

/// How many rows one unit of work forgets at most, so that others do not wait long behind it.
const AT_ONCE: u64 = 1000;

const PURGE_RECORDS: &str = "DELETE FROM idempotency_records
     WHERE rowid IN (SELECT rowid FROM idempotency_records WHERE expires_at <= ?1 LIMIT (SELECT ?2))";

const PURGE_SESSIONS: &str = "DELETE FROM sessions
     WHERE id IN (SELECT id FROM sessions WHERE expires_at <= ?1 LIMIT (SELECT ?2))";

const PURGE_TICKETS: &str = "DELETE FROM tickets
     WHERE id IN (SELECT id FROM tickets WHERE expires_at <= ?1 LIMIT (SELECT ?2))";

const PURGE_INVITATIONS: &str = "DELETE FROM invitations
     WHERE id IN (SELECT id FROM invitations WHERE expires_at <= ?1 LIMIT (SELECT ?2))";

/// Those that have signed nothing for longer than any token lives.
const PURGE_SIGNING_KEYS: &str = "DELETE FROM secret_keys
     WHERE id IN (SELECT id FROM secret_keys WHERE purpose = 'signing' AND retired_at <= ?1 LIMIT (SELECT ?2))";

const DAY: Duration = Duration::from_hours(24);

#[async_trait]
impl Maintenance for Sqlite {
    async fn purge_expired(&self, now: Timestamp) -> Result<u64, StorageError> {
        let mut purged = 0;
        for (sql, until) in [
            (PURGE_RECORDS, now),
            (PURGE_SESSIONS, now),
            (PURGE_TICKETS, now),
            (PURGE_INVITATIONS, now.minus(30 * DAY)),
            (PURGE_SIGNING_KEYS, now.minus(DAY)),
        ] {
            loop {
                let rows = self.writer.write(move |connection| purge(connection, sql, until)).await?;
                purged += rows;
                if rows < AT_ONCE {
                    break;
                }
            }
        }
        Ok(purged)
    }

    async fn shared_time(&self) -> Result<Option<Timestamp>, StorageError> {
        Ok(None)
    }

    async fn health(&self) -> Result<StorageHealth, StorageError> {
        self.writer
            .write(|connection| {
                execute(connection, "UPDATE health_probe SET writes = writes + 1 WHERE id = 1", values![])?;
                Ok(())
            })
            .await?;
        self.readers
            .read(|connection| {
                let state =
                    "SELECT sqlite_version(), coalesce(max(version), '') FROM __diesel_schema_migrations";
                let (engine, schema) =
                    query::<(Text, Text)>(state, values![]).get_result::<(String, String)>(connection)?;
                Ok(StorageHealth { engine: format!("sqlite {engine}"), schema })
            })
            .await
    }

    async fn reconcile(&self, repair: bool) -> Result<Vec<Drift>, StorageError> {
        let drifts = self.readers.read(reconcile::find).await?;
        if repair && !drifts.is_empty() {
            let found = drifts.clone();
            self.writer.write(move |connection| reconcile::repair(connection, &found)).await?;
        }
        Ok(drifts)
    }
}

fn purge(connection: &mut SqliteConnection, sql: &str, until: Timestamp) -> Outcome<u64> {
    let most = i64::try_from(AT_ONCE).map_err(corrupt)?;
    Ok(execute(connection, sql, values![until, most])? as u64)
}
