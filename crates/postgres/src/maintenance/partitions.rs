//! Partitions: made ahead of time, dropped when they are old.

use diesel::sql_types::{Nullable, Text};
use domain::Timestamp;
use domain::ports::StorageError;

use crate::Postgres;
use crate::maintenance::LONG;
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
    /// Makes the partitions of the next months, and drops those of events that are older than is to be kept, with those
    /// of messages from before that have become empty. What cannot be done now, because the tables are in use, is done
    /// the next time.
    pub(super) async fn keep_partitions(&self, now: Timestamp) -> Result<(), StorageError> {
        for parent in ["messages", "events"] {
            self.until_none_is_left("made", MAKE, values![parent, now, MONTHS_AHEAD]).await?;
        }
        let months = self.settings.keep_events_months;
        if months == 0 {
            return Ok(());
        }
        for parent in ["events", "messages"] {
            self.until_none_is_left("dropped", DROP, values![parent, now, months]).await?;
        }
        let Some(session) = self.upkeep().await? else { return Ok(()) };
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
            let Some(session) = self.upkeep().await? else { return Ok(()) };
            let session = session.patient(LONG);
            match session.one::<Nullable<Text>, Option<String>>(sql, values).await {
                Ok(Some(partition)) => {
                    session.commit().await?;
                    tracing::info!(%partition, "a partition was {done}");
                }
                // At once: the turn of upkeep must be free for what comes next.
                Ok(None) => return Ok(session.commit().await?),
                Err(error) => {
                    let error = StorageError::from(error);
                    tracing::warn!(%error, "a partition could not be {done}; the next round tries again");
                    return Ok(());
                }
            }
        }
    }
}
