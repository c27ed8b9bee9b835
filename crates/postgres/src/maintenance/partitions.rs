//! Partitions: made ahead of time, dropped when they are old.

use diesel::sql_types::{Nullable, Text};
use domain::Timestamp;
use domain::ports::StorageError;

use crate::Postgres;
use crate::errors::Failure;
use crate::maintenance::LONG;
use crate::session::Scope;
use crate::statement::{Value, values};

/// How many months there are partitions for in advance.
const MONTHS_AHEAD: u16 = 3;

const MAKE: &str = "SELECT make_next_partition($1, $2 + make_interval(months => $3::integer))";
const DROP: &str = "SELECT drop_oldest_partition($1, $2 - make_interval(months => $3::integer))";

/// What is older than every partition stands in DEFAULT, which is never dropped.
const FORGET_OUTLIERS: &str = "WITH forgotten AS (
         DELETE FROM events
         WHERE id < first_id_of($1 - make_interval(months => $2::integer))
             AND id < (SELECT p.lower_id FROM partitions p WHERE p.parent = 'events' ORDER BY p.lower_id LIMIT 1)
         RETURNING owner_id, workspace_id, position
     )
     INSERT INTO forgotten_events AS f (owner_id, workspace_id, position)
     SELECT DISTINCT ON (owner_id) owner_id, workspace_id, position FROM forgotten
     WHERE owner_id IS NOT NULL ORDER BY owner_id, position DESC
     ON CONFLICT (owner_id) DO UPDATE SET position = greatest(f.position, excluded.position)";

impl Postgres {
    /// Forgets events that are older than is to be kept, with the partitions that they were in and those of messages from
    /// before that have become empty, and makes the partitions of the next months.
    ///
    /// # Errors
    /// What could not be done, for instance because the tables are in use; everything else was done all the same. Also
    /// where nothing could be done.
    pub(super) async fn keep_partitions(&self, now: Timestamp) -> Result<(), StorageError> {
        let months = self.settings.keep_events_months;
        let mut kept = Ok(());
        // Before any are made: for what is forgotten there must be none.
        if months > 0 {
            kept = self.forget_outliers(now, months).await;
        }
        for parent in ["messages", "events"] {
            let made = self.until_none_is_left("made", MAKE, values![parent, now, MONTHS_AHEAD]).await;
            kept = kept.and(made);
        }
        if months > 0 {
            for parent in ["events", "messages"] {
                let dropped = self.until_none_is_left("dropped", DROP, values![parent, now, months]).await;
                kept = kept.and(dropped);
            }
        }
        kept
    }

    async fn forget_outliers(&self, now: Timestamp, months: u16) -> Result<(), StorageError> {
        let session = self.write(Scope::System).await?.patient(LONG);
        session.execute(FORGET_OUTLIERS, values![now, months]).await?;
        Ok(session.commit().await?)
    }

    async fn until_none_is_left(
        &self,
        done: &'static str,
        sql: &str,
        values: &[Value<'_>],
    ) -> Result<(), StorageError> {
        loop {
            let session = self.write(Scope::System).await?.patient(LONG);
            let partition = session.one::<Nullable<Text>, Option<String>>(sql, values).await;
            let partition = partition.inspect_err(|Failure(error)| {
                tracing::warn!(%error, "a partition could not be {done}");
            })?;
            let Some(partition) = partition else { return Ok(()) };
            session.commit().await?;
            tracing::info!(%partition, "a partition was {done}");
        }
    }
}
