//! Reading everything.

use futures_util::StreamExt as _;
use storage::transfer::{
    BATCH_BYTES, Batch, Cell, Column, Kind, SearchLanguage, Source, Table, TransferError,
};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::cells::{cell, id};
use super::{Connection, explained, failed, in_table, not_opened};
use crate::settings::Settings;

/// An open database, with what is known of it.
pub struct Opened<Known> {
    pub(super) connection: Connection,
    pub(super) known: Known,
}

/// A database to read everything from, as it was when it was opened.
pub type PostgresSource = Opened<Others>;

/// How many connections of servers a database has.
pub struct Others(i64);

impl PostgresSource {
    /// Opens a database whose schema is the one of this release.
    pub fn open(settings: &Settings) -> Result<Self, TransferError> {
        let connection = Connection::open(settings, "")?;
        let place = &connection.place;
        if let Some(source) = super::unfinished(&connection)? {
            let problem = format!("names {place}, which is itself an unfinished copy of {source}");
            return Err(TransferError::Address(problem));
        }
        if is_blank(&connection)? {
            let problem = format!("names {place}, which is empty; did you swap --from and --to?");
            return Err(TransferError::Address(problem));
        }
        let pending = connection.runtime.block_on(crate::migrate::pending(settings));
        let pending = pending.map_err(not_opened(place))?;
        if !pending.is_empty() {
            return Err(TransferError::Unusable(format!(
                "the database {} lacks the migrations {}; run `colloquy migrate` on it first",
                connection.place,
                pending.join(", ")
            )));
        }
        let known = Others(connection.others()?);
        connection.batch("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")?;
        Ok(Self { connection, known })
    }

    /// Whether a server seems to use the database. What it changes from now on is not copied.
    pub const fn is_in_use(&self) -> bool {
        self.known.0 > 0
    }
}

impl<Known: Send> Source for Opened<Known> {
    fn location(&self) -> String {
        self.connection.place.clone()
    }

    fn identity(&self) -> String {
        self.connection.identity.clone()
    }

    fn count(&mut self, table: &'static Table) -> Result<u64, TransferError> {
        let count = format!("SELECT count(*) FROM {}", table.name);
        self.connection.number(&count).map(i64::unsigned_abs)
    }

    fn newest_position(&mut self) -> Result<i64, TransferError> {
        self.connection.number("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM event_positions")
    }

    fn read(
        &mut self,
        table: &'static Table,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Batch, TransferError> {
        read(&self.connection, table, after, limit)
    }

    fn search_languages(&mut self) -> Result<Vec<SearchLanguage>, TransferError> {
        let Connection { runtime, client, .. } = &self.connection;
        let list = "SELECT id::text, search_language FROM workspaces ORDER BY id";
        let rows = runtime.block_on(client.query(list, &[])).map_err(explained)?;
        let language = |row: &Row| {
            let workspace_id = Uuid::parse_str(row.try_get(0).map_err(explained)?).map_err(failed)?;
            Ok(SearchLanguage { workspace_id, language: row.try_get(1).map_err(explained)? })
        };
        rows.iter().map(language).collect()
    }
}

fn is_blank(connection: &Connection) -> Result<bool, TransferError> {
    Ok(!connection.has_table("users")?)
}

fn read(
    connection: &Connection,
    table: &'static Table,
    after: Option<&str>,
    limit: usize,
) -> Result<Batch, TransferError> {
    let columns: Vec<String> = table.columns.iter().map(selected).collect();
    let order = if is_by_id(table) { "id".to_owned() } else { table.key.join(", ") };
    let bounds = after.map(|cursor| bounds(table, cursor)).transpose()?.unwrap_or_default();
    let condition = if bounds.is_empty() {
        String::new()
    } else {
        let parameters: Vec<String> =
            bounds.iter().zip(1..).map(|(bound, number)| bound.sql(number)).collect();
        format!("WHERE ({order}) > ({})", parameters.join(", "))
    };
    let own_id = if is_by_id(table) { ", id" } else { "" };
    let sql = format!(
        "SELECT {}{own_id} FROM {} {condition} ORDER BY {order} LIMIT {limit}",
        columns.join(", "),
        table.name
    );
    let values: Vec<&(dyn ToSql + Sync)> = bounds.iter().map(Bound::value).collect();
    connection.runtime.block_on(async {
        let statement = connection.client.prepare(&sql).await.map_err(in_table(table))?;
        let rows = connection.client.query_raw(&statement, values).await.map_err(in_table(table))?;
        let mut rows = std::pin::pin!(rows);
        let (mut batch, mut weight) = (Batch::default(), 0);
        while let Some(row) = rows.next().await {
            // What is left of a heavy batch comes all the same, and is let go of piece by piece.
            if weight >= BATCH_BYTES {
                continue;
            }
            let row = row.map_err(in_table(table))?;
            let cells = (0..table.columns.len()).map(|index| cell(table, &row, index));
            let cells = cells.collect::<Result<Vec<_>, _>>()?;
            weight += cells.iter().map(Cell::weight).sum::<usize>();
            batch.cursor = if is_by_id(table) {
                id(table, &row, table.columns.len())?.to_string()
            } else {
                table.cursor(&cells)?
            };
            batch.rows.push(cells);
        }
        Ok(batch)
    })
}

/// Facts are in the order of their ids here: those lie in partitions, and there is no index of positions alone.
fn is_by_id(table: &Table) -> bool {
    table.name == "events"
}

/// How a column is asked for.
fn selected(column: &Column) -> String {
    match (column.name, column.kind) {
        ("day", _) => "(day - DATE '1970-01-01')::int8".to_owned(),
        (name, Kind::Json) => format!("{name}::text"),
        (name, _) => name.to_owned(),
    }
}

/// A part of the key after which to read.
enum Bound {
    Id(String),
    Day(i64),
    Integer(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Bound {
    fn sql(&self, number: usize) -> String {
        match self {
            Self::Id(_) => format!("${number}::text::uuid"),
            Self::Day(_) => format!("DATE '1970-01-01' + ${number}::int8::int4"),
            Self::Integer(_) => format!("${number}::int8"),
            Self::Text(_) => format!("${number}::text"),
            Self::Bytes(_) => format!("${number}::bytea"),
        }
    }

    fn value(&self) -> &(dyn ToSql + Sync) {
        match self {
            Self::Id(text) | Self::Text(text) => text,
            Self::Day(number) | Self::Integer(number) => number,
            Self::Bytes(bytes) => bytes,
        }
    }
}

fn bounds(table: &'static Table, cursor: &str) -> Result<Vec<Bound>, TransferError> {
    if is_by_id(table) {
        let id = Uuid::parse_str(cursor).map_err(|error| table.problem(error))?;
        return Ok(vec![Bound::Id(id.to_string())]);
    }
    let bound = |(cell, column): (Cell, &&str)| match (cell, *column) {
        (Cell::Id(id), _) => Ok(Bound::Id(id.to_string())),
        (Cell::Integer(day), "day") => Ok(Bound::Day(day)),
        (Cell::Integer(number), _) => Ok(Bound::Integer(number)),
        (Cell::Text(text), _) => Ok(Bound::Text(text)),
        (Cell::Bytes(bytes), _) => Ok(Bound::Bytes(bytes)),
        _ => Err(table.problem("its key cannot be compared")),
    };
    table.key_of(cursor)?.into_iter().zip(table.key).map(bound).collect()
}
