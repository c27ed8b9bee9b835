//! The schema and its changes.

mod rehearsal;

use std::time::Duration;

use diesel::migration::{Migration, MigrationSource};
use diesel::pg::Pg;
use diesel::sql_types::{Bool, Text};
use diesel_async::AsyncPgConnection;
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use thiserror::Error;
use tokio::runtime::Handle;

use crate::OpenError;
use crate::address::Address;
use crate::connection::{Connection, Connector};
use crate::preflight::{Preflight, explain};
use crate::session::{batch, rows};
use crate::settings::{Settings, SettingsProblem};
use crate::statement::values;

pub use rehearsal::{Rehearsal, rehearse};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");

/// The advisory lock of whoever changes the schema: "colloquy".
const LOCK: i64 = 0x636f_6c6c_6f71_7579;

/// Why the schema cannot be brought where it should be.
#[derive(Debug, Error)]
pub enum MigrateError {
    /// A newer release has changed the schema in a way that this one does not know.
    #[error(
        "the database has the schema {version}, which this release does not know; run the release that made it, or revert \
         its migration with that release"
    )]
    Unknown {
        /// The newest migration that was applied.
        version: String,
    },
    /// A migration failed; its transaction was rolled back.
    #[error("the migration failed and was rolled back: {0}")]
    Failed(String),
    /// Opening does not migrate and there are migrations to apply.
    #[error("the schema lacks the migrations {}; run `colloquy migrate`", .0.join(", "))]
    Pending(Vec<String>),
}

/// The migrations that this release knows and the database lacks, oldest first. Changes nothing.
pub async fn pending(settings: &Settings) -> Result<Vec<String>, OpenError> {
    let migrator = Migrator::new(settings).await?;
    Ok(migrator.state().await?.pending)
}

/// Applies all pending migrations, each in a transaction of its own. Of many who do so at once, one does and the others
/// wait for it. Gives the names of what was applied here.
pub async fn up(settings: &Settings) -> Result<Vec<String>, OpenError> {
    Migrator::new(settings).await?.up().await
}

/// Reverts the newest migration. Gives its name; `None` when there is none.
pub async fn down(settings: &Settings) -> Result<Option<String>, OpenError> {
    let migrator = Migrator::new(settings).await?;
    migrator.lock().await?;
    let state = migrator.state().await?;
    let Some(newest) = state.applied.last().cloned() else { return Ok(None) };
    if !state.unknown.is_empty() {
        return Err(MigrateError::Unknown { version: newest }.into());
    }
    migrator
        .harness(move |harness| {
            let known = known()?;
            let Some(migration) = known.iter().find(|it| it.name().version().to_string() == newest) else {
                return Ok(None);
            };
            harness.revert_migration(migration).map_err(failed)?;
            Ok(Some(migration.name().to_string()))
        })
        .await
}

/// A connection for changes of the schema, on which nothing takes too long.
pub(crate) struct Migrator {
    pub(crate) connection: Connection,
    address: Address,
    pub(crate) preflight: Preflight,
}

/// How far a schema is.
pub(crate) struct State {
    /// The versions of the migrations that were applied, oldest first.
    pub(crate) applied: Vec<String>,
    /// The names of known migrations that were not.
    pub(crate) pending: Vec<String>,
    /// The versions of applied migrations that this release does not know, but with which it works.
    pub(crate) unknown: Vec<String>,
}

impl Migrator {
    /// Connects, and looks whether the database will do.
    pub(crate) async fn new(settings: &Settings) -> Result<Self, OpenError> {
        let address = Address::parse("url", &settings.url)?;
        let connector = Connector::new(
            address.clone(),
            address.tls()?,
            "SET statement_timeout = 0; SET client_min_messages = warning".to_owned(),
            Duration::from_millis(settings.connect_timeout_ms.into()),
            Handle::current(),
        );
        let connection = connector.connect(None).await.map_err(|error| refused(explain(&error, &address)))?;
        let preflight = Preflight::of(&connection).await.map_err(failed)?;
        if let Some(problem) = preflight.problem(&address) {
            return Err(problem.into());
        }
        Ok(Self { connection, address, preflight })
    }

    /// How far the schema is; an error when this release cannot work with it.
    pub(crate) async fn state(&self) -> Result<State, OpenError> {
        let exists = "SELECT to_regclass('__diesel_schema_migrations') IS NOT NULL";
        let connection = &self.connection.diesel;
        let applied = if rows::<Bool, bool>(connection, exists, values![]).await.map_err(failed)? == [true] {
            let sql = "SELECT version::text FROM __diesel_schema_migrations ORDER BY version";
            rows::<Text, String>(connection, sql, values![]).await.map_err(failed)?
        } else {
            Vec::new()
        };
        let known: Vec<(String, String)> = known()?
            .iter()
            .map(|migration| (migration.name().version().to_string(), migration.name().to_string()))
            .collect();
        let is_known = |version: &String| known.iter().any(|(known, _)| known == version);
        let unknown: Vec<String> = applied.iter().filter(|version| !is_known(version)).cloned().collect();
        if let (Some(version), Some((newest, _))) = (unknown.last(), known.last()) {
            let sql = "SELECT oldest_migration::text FROM schema_compatibility";
            let oldest = rows::<Text, String>(connection, sql, values![]).await.unwrap_or_default();
            if oldest.first().is_none_or(|oldest| oldest > newest) {
                return Err(MigrateError::Unknown { version: version.clone() }.into());
            }
        }
        let pending = known
            .into_iter()
            .filter(|(version, _)| !applied.contains(version))
            .map(|(_, name)| name)
            .collect();
        Ok(State { applied, pending, unknown })
    }

    /// Applies what is pending.
    pub(crate) async fn up(self) -> Result<Vec<String>, OpenError> {
        if self.state().await?.pending.is_empty() {
            return Ok(Vec::new());
        }
        self.lock().await?;
        // Somebody else may have done it meanwhile.
        if self.state().await?.pending.is_empty() {
            return Ok(Vec::new());
        }
        self.check_rights()?;
        self.harness(|harness| {
            let mut names = Vec::new();
            for migration in &harness.pending_migrations(MIGRATIONS).map_err(failed)? {
                harness.run_migration(migration).map_err(failed)?;
                tracing::info!(migration = %migration.name(), "migrated the database");
                names.push(migration.name().to_string());
            }
            Ok(names)
        })
        .await
    }

    fn check_rights(&self) -> Result<(), SettingsProblem> {
        self.preflight.migration_problem(&self.address).map_or(Ok(()), Err)
    }

    /// Waits until nobody else changes the schema. The lock ends with the connection.
    async fn lock(&self) -> Result<(), OpenError> {
        let connection = &self.connection.diesel;
        let attempt = "SELECT pg_try_advisory_lock($1)";
        if rows::<Bool, bool>(connection, attempt, values![LOCK]).await.map_err(failed)? == [true] {
            return Ok(());
        }
        tracing::info!("waiting for another process, which migrates the database");
        let wait = "SELECT pg_advisory_lock($1) IS NOT NULL";
        rows::<Bool, bool>(connection, wait, values![LOCK]).await.map_err(failed)?;
        Ok(())
    }

    /// Does what blocks with the connection, on a thread for that.
    async fn harness<T: Send + 'static>(
        self,
        work: impl FnOnce(&mut Harness) -> Result<T, MigrateError> + Send + 'static,
    ) -> Result<T, OpenError> {
        let Connection { diesel, .. } = self.connection;
        let working = tokio::task::spawn_blocking(move || work(&mut Harness::from(diesel)));
        Ok(working.await.map_err(failed)??)
    }
}

/// A connection on which migrations run, which blocks.
type Harness = AsyncConnectionWrapper<AsyncPgConnection>;

/// The migrations of this release, oldest first.
fn known() -> Result<Vec<Box<dyn Migration<Pg>>>, MigrateError> {
    let mut migrations = MigrationSource::<Pg>::migrations(&MIGRATIONS).map_err(failed)?;
    migrations.sort_by(|one, other| one.name().version().cmp(&other.name().version()));
    Ok(migrations)
}

fn failed(error: impl std::fmt::Display) -> MigrateError {
    MigrateError::Failed(error.to_string())
}

pub(crate) fn refused((problem, may_pass): (SettingsProblem, bool)) -> OpenError {
    if may_pass { OpenError::Unreachable(problem) } else { OpenError::Settings(problem) }
}

/// Statements without values, whose outcome is an error of migrating.
async fn say(connection: &Connection, sql: &str) -> Result<(), MigrateError> {
    batch(&connection.diesel, sql.to_owned()).await.map_err(failed)
}
