//! Keeping the database in order.

mod partitions;
mod reconcile;

use std::time::Duration;

use async_trait::async_trait;
use diesel::sql_types::{Bool, Text, Timestamptz};
use domain::Timestamp;
use domain::ports::{Drift, Maintenance, StorageError, StorageHealth};

use crate::Postgres;
use crate::columns::Moment;
use crate::session::Scope;
use crate::statement::values;

/// How many rows one transaction forgets at most, so that others do not wait long behind it.
const AT_ONCE: u16 = 1000;
/// How long one statement may take that reads or rewrites a whole table.
pub(crate) const LONG: Duration = Duration::from_mins(30);

const PURGE_RECORDS: &str = "DELETE FROM idempotency_records
     WHERE ctid = ANY (ARRAY(SELECT ctid FROM idempotency_records WHERE expires_at <= $1 LIMIT $2))";

const PURGE_SESSIONS: &str = "DELETE FROM sessions
     WHERE id = ANY (ARRAY(SELECT id FROM sessions WHERE expires_at <= $1 LIMIT $2))";

const PURGE_TICKETS: &str = "DELETE FROM tickets
     WHERE id = ANY (ARRAY(SELECT id FROM tickets WHERE expires_at <= $1 LIMIT $2))";

const PURGE_INVITATIONS: &str = "DELETE FROM invitations
     WHERE id = ANY (ARRAY(SELECT id FROM invitations WHERE expires_at <= $1 LIMIT $2))";

/// Those that have signed nothing for longer than any token lives.
const PURGE_SIGNING_KEYS: &str = "DELETE FROM secret_keys
     WHERE id = ANY (ARRAY(SELECT id FROM secret_keys WHERE purpose = 'signing' AND retired_at <= $1 LIMIT $2))";

const DAY: Duration = Duration::from_hours(24);

/// One process at a time keeps order; the lock goes with the transaction, which waits idly while that is done.
const TAKE_TURN: &str = "SELECT pg_try_advisory_xact_lock(hashtextextended('colloquy.upkeep', 0))
     FROM set_config('idle_in_transaction_session_timeout', '1h', true)";

const HEALTH: &str = "WITH probe AS (UPDATE health_probe SET writes = writes + 1 WHERE id = 1 RETURNING id)
     SELECT split_part(current_setting('server_version'), ' ', 1), coalesce(max(s.version), '')
     FROM probe CROSS JOIN __diesel_schema_migrations s";

#[async_trait]
impl Maintenance for Postgres {
    async fn purge_expired(&self, now: Timestamp) -> Result<u64, StorageError> {
        let turn = self.write(Scope::System).await?;
        if !turn.one::<Bool, bool>(TAKE_TURN, values![]).await? {
            return Ok(0);
        }
        let purged = self.purge_in_turn(now).await;
        // Waited for, so that whoever comes next finds it free.
        turn.commit().await?;
        purged
    }

    async fn shared_time(&self) -> Result<Option<Timestamp>, StorageError> {
        let session = self.read(Scope::System).await?;
        let now = session.one::<Timestamptz, Moment>("SELECT clock_timestamp()", values![]).await?;
        Ok(Some(now.into()))
    }

    async fn health(&self) -> Result<StorageHealth, StorageError> {
        let session = self.write(Scope::System).await?;
        let (engine, schema) = session.one::<(Text, Text), (String, String)>(HEALTH, values![]).await?;
        session.commit().await?;
        Ok(StorageHealth { engine: format!("postgres {engine}"), schema })
    }

    async fn reconcile(&self, repair: bool) -> Result<Vec<Drift>, StorageError> {
        let drifts = self.find_drifts().await?;
        if repair {
            for drift in &drifts {
                self.repair_drift(drift).await?;
            }
        }
        Ok(drifts)
    }
}

impl Postgres {
    /// What has expired goes even where partitions cannot be kept in order.
    async fn purge_in_turn(&self, now: Timestamp) -> Result<u64, StorageError> {
        let mut purged = 0;
        for (sql, until) in [
            (PURGE_RECORDS, now),
            (PURGE_SESSIONS, now),
            (PURGE_TICKETS, now),
            (PURGE_INVITATIONS, now.minus(30 * DAY)),
            (PURGE_SIGNING_KEYS, now.minus(DAY)),
        ] {
            loop {
                let session = self.write(Scope::System).await?;
                let rows = session.execute(sql, values![until, AT_ONCE]).await?;
                session.commit().await?;
                purged += rows as u64;
                if rows < usize::from(AT_ONCE) {
                    break;
                }
            }
        }
        self.keep_partitions(now).await?;
        Ok(purged)
    }
}
