//! Keeping the database in order.

mod reconcile;

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

#[async_trait]
impl Maintenance for Sqlite {
    async fn purge_expired(&self, now: Timestamp) -> Result<u64, StorageError> {
        let mut purged = 0;
        for sql in [PURGE_RECORDS, PURGE_SESSIONS] {
            loop {
                let rows = self.writer.write(move |connection| purge(connection, sql, now)).await?;
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

fn purge(connection: &mut SqliteConnection, sql: &str, now: Timestamp) -> Outcome<u64> {
    let most = i64::try_from(AT_ONCE).map_err(corrupt)?;
    Ok(execute(connection, sql, values![now, most])? as u64)
}
