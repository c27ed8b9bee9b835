//! Everything that a database holds, as plain rows, to be moved into another one.
//!
//! An adapter gives its tables as a [`Source`] and takes those of another one as a [`Target`]. What is derived, such as
//! indexes for search, is not among the rows: the target makes it anew.

mod cell;
mod cursor;
mod digest;
mod tables;

use thiserror::Error;
use uuid::Uuid;

pub use cell::{Cell, Row};
pub use digest::Digest;
pub use tables::{Column, Kind, TABLES, Table};

/// Rows that are read in one go weigh some more than this at the most, in bytes.
pub const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// A database that is read as a whole. What it gives is the state of one moment, the moment it was opened, as far as
/// nobody changes it in between. All of it blocks.
pub trait Source: Send {
    /// Where the database is, without secrets: the same for the same database whenever it is opened.
    fn location(&self) -> String;

    /// What no other database has, by whatever name this one is reached, as long as it is open.
    fn identity(&self) -> String;

    /// How many rows a table has.
    fn count(&mut self, table: &'static Table) -> Result<u64, TransferError>;

    /// The newest position that the event log has given to a fact, whether the fact is still there or not.
    fn newest_position(&mut self) -> Result<i64, TransferError>;

    /// Up to `limit` rows of a table after a place in it, in an order that stays the same, and no more than
    /// [`BATCH_BYTES`]; none at its end.
    fn read(
        &mut self,
        table: &'static Table,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Batch, TransferError>;

    /// The languages in which workspaces are searched; none where the database searches words as they are.
    fn search_languages(&mut self) -> Result<Vec<SearchLanguage>, TransferError> {
        Ok(Vec::new())
    }
}

/// The language in which a workspace is searched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchLanguage {
    /// The workspace.
    pub workspace_id: Uuid,
    /// The name of the language, as Postgres knows it.
    pub language: String,
}

/// Rows that follow one another.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Batch {
    /// The rows, each with a cell for every column of the table.
    pub rows: Vec<Row>,
    /// The place of the last of them, in the source's own form.
    pub cursor: String,
}

/// A database that is filled. All of it blocks.
pub trait Target: Source {
    /// Begins to fill it, or goes on. That it is being filled, and from where, is noted since it was opened.
    fn begin(&mut self) -> Result<Progress, TransferError>;

    /// Stores rows, and with them how far this is: all of it or nothing.
    fn write(&mut self, table: &'static Table, batch: &Batch) -> Result<(), TransferError>;

    /// Has workspaces that are stored be searched in these languages, before any of their messages is stored; nothing
    /// where the database searches words as they are.
    fn search_in(&mut self, _: &[SearchLanguage]) -> Result<(), TransferError> {
        Ok(())
    }

    /// Makes what is derived from the rows, checks that every reference leads somewhere, has positions go on after the
    /// newest one of the source, and forgets that the database was being filled.
    fn finish(&mut self, newest_position: i64) -> Result<(), TransferError>;
}

/// How far filling a database has come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// For each table that was begun: its name, the place of the last row that is stored, and how many are.
    pub tables: Vec<(String, String, u64)>,
}

impl Progress {
    /// The place of the last stored row of a table, and how many are stored.
    pub fn of(&self, table: &Table) -> (Option<&str>, u64) {
        let found = self.tables.iter().find(|(name, ..)| name == table.name);
        found.map_or((None, 0), |(_, cursor, rows)| (Some(cursor), *rows))
    }
}

/// Why rows cannot be moved.
#[derive(Debug, Error)]
pub enum TransferError {
    /// The target holds something else.
    #[error("{0}")]
    NotEmpty(String),
    /// Somebody else uses the database.
    #[error("{0}")]
    InUse(String),
    /// The database is the source as well.
    #[error("both are the same database")]
    Same,
    /// What is wrong with the address, or with where it leads: how the sentence goes on that begins with its name.
    #[error("{0}")]
    Address(String),
    /// The same where waiting may help.
    #[error("{0}")]
    Unreachable(String),
    /// The database cannot be used as it is.
    #[error("{0}")]
    Unusable(String),
    /// A row cannot be stored or read.
    #[error("the table {table}: {problem}")]
    Row {
        /// The table.
        table: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// Reading or writing failed.
    #[error("{0}")]
    Failed(String),
}
