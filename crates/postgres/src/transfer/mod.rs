//! Moving everything out of a database and into another one.

mod cells;
mod copy;
mod schema;
mod source;
mod target;

use std::time::Duration;

use diesel::sql_types::{Bool, Text};
use storage::transfer::{Table, TransferError};
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{Client, Error};

use crate::OpenError;
use crate::address::Address;
use crate::connection::ConnectError;
use crate::migrate::Migrator;
use crate::preflight::explain;
use crate::session::rows;
use crate::settings::{Settings, SettingsProblem};

pub use source::PostgresSource;
pub use target::PostgresTarget;

/// A connection of its own, without the limits of requests, that sees all workspaces.
struct Connection {
    runtime: Runtime,
    client: Client,
    place: String,
    identity: String,
}

/// What no other database has, and no other schema in the same one.
const IDENTITY: &str = "SELECT concat_ws(' ', 'postgres', extract(epoch FROM pg_postmaster_start_time()), d.oid, current_schema())
    FROM pg_database d WHERE d.datname = current_database()";
/// Within this time there is a connection.
const CONNECT: Duration = Duration::from_secs(10);

impl Connection {
    fn open(settings: &Settings, setup: &str) -> Result<Self, TransferError> {
        let unusable = |problem: SettingsProblem| TransferError::Address(problem.problem);
        let address = Address::parse("url", &settings.url).map_err(unusable)?;
        let tls = address.tls().map_err(unusable)?;
        let runtime = Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let mut config = address.config().clone();
        config.application_name("colloquy copy");
        let connecting = runtime.block_on(async { tokio::time::timeout(CONNECT, config.connect(tls)).await });
        let (client, wire) = match connecting {
            Ok(Ok(made)) => made,
            Ok(Err(error)) => return Err(refused(&ConnectError::Refused(error), &address)),
            Err(_) => return Err(refused(&ConnectError::Silent(CONNECT), &address)),
        };
        // Ends with the client, whose calls then tell of what went wrong.
        runtime.spawn(async move { drop(wire.await) });
        let place = format!("postgres://{}/{}", address.hosts(), address.database());
        let mut connection = Self { runtime, client, place, identity: String::new() };
        connection.batch(
            "SET colloquy.workspace = '*'; SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; \
             SET lock_timeout = '10s'; SET client_min_messages = warning",
        )?;
        // Should this process be killed, its part of the server ends soon after; not every system can tell.
        let _ = connection.batch("SET client_connection_check_interval = '1s'");
        connection.batch(setup)?;
        connection.identity = connection.text(IDENTITY)?;
        Ok(connection)
    }

    /// Statements without values.
    fn batch(&self, sql: &str) -> Result<(), TransferError> {
        self.runtime.block_on(self.client.batch_execute(sql)).map_err(explained)
    }

    /// The only row of a query without values, which has one number.
    fn number(&self, sql: &str) -> Result<i64, TransferError> {
        let row = self.runtime.block_on(self.client.query_one(sql, &[])).map_err(explained)?;
        row.try_get(0).map_err(explained)
    }

    /// The same with a text.
    fn text(&self, sql: &str) -> Result<String, TransferError> {
        let row = self.runtime.block_on(self.client.query_one(sql, &[])).map_err(explained)?;
        row.try_get(0).map_err(explained)
    }

    /// Whether there is a table.
    fn has_table(&self, name: &str) -> Result<bool, TransferError> {
        Ok(self.number(&format!("SELECT (to_regclass('{name}') IS NOT NULL)::int4::int8"))? > 0)
    }

    /// How many other connections of this program there are.
    fn others(&self) -> Result<i64, TransferError> {
        self.number(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() \
             AND application_name = 'colloquy'",
        )
    }
}

fn refused(error: &ConnectError, address: &Address) -> TransferError {
    let (problem, may_pass) = explain(error, address);
    if may_pass {
        TransferError::Unreachable(problem.problem)
    } else {
        TransferError::Address(problem.problem)
    }
}

/// What is wrong with the schema, or with what the server lets this account do.
fn not_opened(place: &str) -> impl Fn(OpenError) -> TransferError {
    move |error| match error {
        OpenError::Settings(problem) => TransferError::Address(problem.problem),
        OpenError::Unreachable(problem) => TransferError::Unreachable(problem.problem),
        other => TransferError::Unusable(format!("{place}: {other}")),
    }
}

/// Refuses a database that a copy has begun to fill and not filled to its end.
pub async fn check(settings: &Settings) -> Result<(), OpenError> {
    let migrator = Migrator::new(settings).await?;
    source_of(&migrator.connection).await?.map_or(Ok(()), |source| Err(OpenError::Unfinished(source)))
}

/// Whether there is a table that notes how far filling the database is, and what it says of the source.
const IS_UNFINISHED: &str = "SELECT to_regclass('unfinished_copy') IS NOT NULL";
const UNFINISHED: &str = "SELECT source::text FROM unfinished_copy LIMIT 1";

/// From where a database is being filled; `None` for one that is whole.
fn unfinished(connection: &Connection) -> Result<Option<String>, TransferError> {
    connection.runtime.block_on(async {
        let is_unfinished = connection.client.query_one(IS_UNFINISHED, &[]).await.map_err(explained)?;
        if !is_unfinished.try_get::<_, bool>(0).map_err(explained)? {
            return Ok(None);
        }
        let row = connection.client.query_opt(UNFINISHED, &[]).await.map_err(explained)?;
        row.map(|row| row.try_get(0)).transpose().map_err(explained)
    })
}

/// The same, for whoever wants to serve the database.
pub(crate) async fn source_of(
    connection: &crate::connection::Connection,
) -> Result<Option<String>, OpenError> {
    let failed = |error: diesel::result::Error| OpenError::Failed(error.to_string());
    let is_unfinished = rows::<Bool, bool>(&connection.diesel, IS_UNFINISHED, &[]).await.map_err(failed)?;
    if is_unfinished != [true] {
        return Ok(None);
    }
    Ok(rows::<Text, String>(&connection.diesel, UNFINISHED, &[]).await.map_err(failed)?.into_iter().next())
}

fn failed(error: impl std::fmt::Display) -> TransferError {
    TransferError::Failed(error.to_string())
}

#[expect(clippy::needless_pass_by_value, reason = "it is handed to map_err")]
fn explained(error: Error) -> TransferError {
    TransferError::Failed(words(&error))
}

fn in_table(table: &'static Table) -> impl Fn(Error) -> TransferError {
    move |error| table.problem(words(&error))
}

/// What the server said, where it was the server.
fn words(error: &Error) -> String {
    error.as_db_error().map_or_else(
        || {
            let source = std::error::Error::source(error).map(|source| format!(": {source}"));
            format!("{error}{}", source.unwrap_or_default())
        },
        |said| format!("{} ({})", said.message(), said.code().code()),
    )
}
