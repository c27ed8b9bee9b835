//! Trying migrations, so that nobody learns in earnest that one fails, or how long it takes.

use std::time::{Duration, Instant};

use diesel::connection::{Connection as _, SimpleConnection};

use super::{MIGRATIONS, Migrator, failed, say};
use crate::OpenError;
use crate::settings::Settings;
use diesel_migrations::MigrationHarness;

/// What pending migrations would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rehearsal {
    /// Each migration with the time it took.
    pub migrations: Vec<(String, Duration)>,
}

/// Applies what is pending in one transaction and takes it back. Whoever uses the tables that it changes waits
/// meanwhile, as with the real migration; where it would have to wait for a table itself for more than two seconds, it
/// gives up. `None` when nothing is pending.
pub async fn rehearse(settings: &Settings) -> Result<Option<Rehearsal>, OpenError> {
    let migrator = Migrator::new(settings).await?;
    if migrator.state().await?.pending.is_empty() {
        return Ok(None);
    }
    migrator.check_rights()?;
    migrator.lock().await?;
    say(&migrator.connection, "SET lock_timeout = '2s'").await?;
    let migrations = migrator
        .harness(|harness| {
            // Looking makes the table of migrations where there is none; that is taken back as well.
            harness.begin_test_transaction().map_err(failed)?;
            let pending = harness.pending_migrations(MIGRATIONS).map_err(failed)?;
            let mut migrations = Vec::with_capacity(pending.len());
            for migration in &pending {
                let begin = Instant::now();
                migration.run(harness).map_err(failed)?;
                migrations.push((migration.name().to_string(), begin.elapsed()));
            }
            harness.batch_execute("ROLLBACK").map_err(failed)?;
            Ok(migrations)
        })
        .await?;
    Ok(Some(Rehearsal { migrations }))
}
