//! What an operator's check finds in a database. It reads only, and works beside servers.

use std::time::{Duration, Instant};

use diesel::sql_types::{BigInt, Bool, Nullable, Text};
use domain::Timestamp;

use crate::OpenError;
use crate::address::Address;
use crate::migrate::{MigrateError, Migrator};
use crate::preflight::APP_ROLE;
use crate::privileges::{self, Work};
use crate::session::{batch, rows};
use crate::settings::Settings;
use crate::statement::values;
use crate::transfer;

/// What is found in a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// The version of Postgres.
    pub engine: String,
    /// How long one question takes.
    pub latency: Duration,
    /// The migrations that this release knows and the database lacks.
    pub pending: Vec<String>,
    /// From where a copy has begun to fill it, without coming to its end.
    pub unfinished_copy_of: Option<String>,
    /// The migrations of newer releases, with which this one works all the same.
    pub newer: Vec<String>,
    /// Whether row-level security binds the account, directly or through a role that it takes on.
    pub has_wall: bool,
    /// How many constraints stand that were never checked against all rows, or indexes that were not built to the end.
    pub unchecked: i64,
    /// Up to when there are partitions for each table that has some.
    pub partitions: Vec<(String, Timestamp)>,
    /// Whether something lies outside of all partitions for months.
    pub has_outliers: bool,
    /// The time of day there.
    pub clock: Timestamp,
    /// When the newest fact happened.
    pub newest_fact: Option<Timestamp>,
}

/// Looks at a database.
pub async fn inspect(settings: &Settings) -> Result<Inspection, OpenError> {
    let migrator = Migrator::new(settings).await?;
    let state = migrator.state().await?;
    let connection = &migrator.connection.diesel;
    let failed = |error: diesel::result::Error| OpenError::from(MigrateError::Failed(error.to_string()));
    let asked = Instant::now();
    let server = rows::<(Text, BigInt), (String, i64)>(
        connection,
        "SELECT current_setting('server_version'), (extract(epoch FROM clock_timestamp()) * 1000000)::bigint",
        values![],
    );
    let (engine, clock) = server.await.map_err(failed)?.into_iter().next().unwrap_or_default();
    let latency = asked.elapsed();
    let mut inspection = Inspection {
        engine,
        latency,
        pending: state.pending,
        unfinished_copy_of: transfer::source_of(&migrator.connection).await?,
        newer: state.unknown,
        has_wall: !migrator.preflight.lacks_wall(),
        unchecked: 0,
        partitions: Vec::new(),
        has_outliers: false,
        clock: Timestamp::from_micros(clock),
        newest_fact: None,
    };
    // The tables are those of the newest schema only once nothing is pending.
    if !inspection.pending.is_empty() {
        return Ok(inspection);
    }
    if migrator.preflight.takes_app_role() {
        batch(connection, format!("SET ROLE {APP_ROLE}")).await.map_err(failed)?;
    }
    let address = Address::parse("url", &settings.url)?;
    if let Some(problem) =
        privileges::problem(&migrator.connection, &address, Work::Writing).await.map_err(failed)?
    {
        return Err(problem.into());
    }
    batch(connection, "RESET ROLE".to_owned()).await.map_err(failed)?;
    rows::<Text, String>(connection, "SELECT set_config('colloquy.workspace', '*', false)", values![])
        .await
        .map_err(failed)?;
    let unchecked = rows::<BigInt, i64>(
        connection,
        "SELECT (SELECT count(*) FROM pg_constraint
                 WHERE NOT convalidated AND connamespace = current_schema()::regnamespace)
              + (SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
                 WHERE NOT i.indisvalid AND c.relnamespace = current_schema()::regnamespace)",
        values![],
    );
    inspection.unchecked = unchecked.await.map_err(failed)?.into_iter().sum();
    let partitions = rows::<(Text, BigInt), (String, i64)>(
        connection,
        "SELECT parent::text, (extract(epoch FROM moment_of((array_agg(upper_id ORDER BY upper_id DESC))[1])) * 1000000)::bigint
         FROM partitions GROUP BY parent ORDER BY parent",
        values![],
    );
    let partitions = partitions.await.map_err(failed)?;
    inspection.partitions =
        partitions.into_iter().map(|(parent, until)| (parent, Timestamp::from_micros(until))).collect();
    let outliers = rows::<Bool, bool>(
        connection,
        "SELECT EXISTS (SELECT FROM messages_default WHERE id >= first_id_of('2022-01-01 00:00Z'))
             OR EXISTS (SELECT FROM events_default WHERE id >= first_id_of('2022-01-01 00:00Z'))",
        values![],
    );
    inspection.has_outliers = outliers.await.map_err(failed)? == [true];
    let newest = rows::<Nullable<BigInt>, Option<i64>>(
        connection,
        "SELECT (extract(epoch FROM at) * 1000000)::bigint FROM events ORDER BY id DESC LIMIT 1",
        values![],
    );
    inspection.newest_fact =
        newest.await.map_err(failed)?.into_iter().flatten().next().map(Timestamp::from_micros);
    Ok(inspection)
}
