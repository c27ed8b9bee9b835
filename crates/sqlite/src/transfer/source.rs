//! Reading everything.

use diesel::connection::{DefaultLoadingMode, SimpleConnection as _};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Untyped};
use diesel::sqlite::SqliteConnection;
use storage::transfer::{BATCH_BYTES, Batch, Cell, Source, Table, TransferError};

use super::cells::{self, Raw, lists};
use super::{Opened, failed, has_table, identity, in_table, locked, path_of};
use crate::connection;
use crate::migrate;
use crate::settings::Settings;
use crate::statement::{Value, query, values};

/// A database to read everything from. While this exists nobody else uses it.
pub struct SqliteSource(Opened);

impl SqliteSource {
    /// Opens a database that nobody uses and whose schema is the one of this release.
    pub fn open(settings: &Settings) -> Result<Self, TransferError> {
        let path = path_of(settings)?;
        if !path.exists() {
            return Err(TransferError::Address(format!(
                "names {}, which does not exist; did you swap --from and --to?",
                path.display()
            )));
        }
        let lock = locked(&path)?;
        let mut connection = connection::reading(settings, &path)
            .map_err(|outage| TransferError::Failed(outage.to_string()))?;
        if let Some(source) = super::unfinished(&mut connection).map_err(failed)? {
            return Err(TransferError::Address(format!(
                "names {}, which is itself an unfinished copy of {source}",
                path.display()
            )));
        }
        if is_blank(&mut connection)? {
            return Err(TransferError::Address(format!(
                "names {}, which is empty; did you swap --from and --to?",
                path.display()
            )));
        }
        let pending =
            migrate::pending(settings).map_err(|error| TransferError::Unusable(error.to_string()))?;
        if !pending.is_empty() {
            return Err(TransferError::Unusable(format!(
                "the database {} lacks the migrations {}; run `colloquy migrate` on it first",
                path.display(),
                pending.join(", ")
            )));
        }
        connection.batch_execute("BEGIN").map_err(failed)?;
        Ok(Self(Opened { connection, path, _lock: lock }))
    }
}

impl Source for SqliteSource {
    fn location(&self) -> String {
        self.0.location()
    }

    fn identity(&self) -> String {
        identity(&self.0.path)
    }

    fn count(&mut self, table: &'static Table) -> Result<u64, TransferError> {
        count(&mut self.0.connection, table)
    }

    fn newest_position(&mut self) -> Result<i64, TransferError> {
        newest_position(&mut self.0.connection)
    }

    fn read(
        &mut self,
        table: &'static Table,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Batch, TransferError> {
        read(&mut self.0.connection, table, after, limit)
    }
}

fn is_blank(connection: &mut SqliteConnection) -> Result<bool, TransferError> {
    Ok(!has_table(connection, "users").map_err(failed)?)
}

pub(super) fn count(connection: &mut SqliteConnection, table: &'static Table) -> Result<u64, TransferError> {
    let rows = query::<BigInt>(&format!("SELECT count(*) FROM {}", table.name), values![])
        .get_result::<i64>(connection)
        .map_err(in_table(table))?;
    Ok(rows.unsigned_abs())
}

pub(super) fn newest_position(connection: &mut SqliteConnection) -> Result<i64, TransferError> {
    query::<BigInt>("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'events'", values![])
        .get_result(connection)
        .map_err(failed)
}

pub(super) fn read(
    connection: &mut SqliteConnection,
    table: &'static Table,
    after: Option<&str>,
    limit: usize,
) -> Result<Batch, TransferError> {
    let columns: Vec<&str> = table.columns.iter().map(|column| column.name).collect();
    let order = table.key.join(", ");
    let key = after.map(|cursor| table.key_of(cursor)).transpose()?.unwrap_or_default();
    let condition = if key.is_empty() {
        String::new()
    } else {
        let numbers: Vec<String> = (1..=key.len()).map(|number| format!("?{number}")).collect();
        format!("WHERE ({order}) > ({})", numbers.join(", "))
    };
    let sql = format!(
        "SELECT {} FROM {} {condition} ORDER BY {order} LIMIT (SELECT ?{})",
        columns.join(", "),
        table.name,
        key.len() + 1
    );
    let lists = lists(&key);
    let mut bound = cells::values(&key, &lists);
    bound.push(Value::Integer(i64::try_from(limit).unwrap_or(i64::MAX)));
    let (mut rows, mut weight) = (Vec::new(), 0);
    for raw in query::<Untyped>(&sql, &bound)
        .load_iter::<Raw, DefaultLoadingMode>(connection)
        .map_err(in_table(table))?
    {
        let row = raw.map_err(in_table(table))?.cells(table)?;
        weight += row.iter().map(Cell::weight).sum::<usize>();
        rows.push(row);
        if weight >= BATCH_BYTES {
            break;
        }
    }
    let cursor = rows.last().map(|row| table.cursor(row)).transpose()?.unwrap_or_default();
    Ok(Batch { rows, cursor })
}
