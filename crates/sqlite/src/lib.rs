//! The storage ports of Colloquy on an embedded SQLite database.
//!
//! One thread writes and groups what waits into one commit; a few threads read. The same name stands for the same
//! topic as in `domain`: `conversations` answers [`domain::ports::Conversations`], `journal::conversations` writes
//! what the events about conversations say.

mod annotations;
mod audit;
mod columns;
mod connection;
mod conversations;
mod errors;
mod idempotency;
mod identities;
mod inspection;
mod jobs;
mod journal;
mod lock;
mod maintenance;
mod messages;
pub mod migrate;
mod owner;
#[cfg(test)]
mod plans;
mod projects;
mod providers;
mod readers;
mod runs;
mod search;
mod secret_keys;
mod settings;
mod shares;
mod statement;
mod tags;
pub mod transfer;
mod workspaces;
mod writer;

use std::path::PathBuf;
use std::sync::Arc;

use domain::ports::CommitObserver;
use parking_lot::RwLock;
use thiserror::Error;

pub use crate::inspection::{Inspection, inspect, stored_secret_keys};
pub use crate::lock::LockError;
pub use crate::settings::{Settings, SettingsProblem};

use crate::lock::Lock;
use crate::migrate::MigrateError;
use crate::readers::Readers;
use crate::writer::Writer;

/// An open database: implements every storage port of `domain`.
pub struct Sqlite {
    writer: Writer,
    readers: Readers,
    observer: Arc<RwLock<Option<Arc<dyn CommitObserver>>>>,
}

/// Why a database cannot be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// A setting cannot be used.
    #[error(transparent)]
    Settings(#[from] SettingsProblem),
    /// Another process has the database.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The schema cannot be brought where it should be.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    /// The database is being filled by a copy that has not come to its end.
    #[error(
        "the database {} is an unfinished copy of {from}; repeat `colloquy copy` to finish it, or remove it",
        .path.display()
    )]
    Unfinished {
        /// The file.
        path: PathBuf,
        /// What it is a copy of.
        from: String,
    },
    /// The file cannot be used.
    #[error("{0}")]
    Failed(String),
}

impl Sqlite {
    /// Opens a database: creates what is missing, takes the lock, migrates (or, where the settings say so, refuses
    /// while migrations are pending) and frees what an earlier process had leased. Blocks.
    pub fn open(settings: &Settings) -> Result<Arc<Self>, OpenError> {
        if let Some(problem) = settings.problems().into_iter().next() {
            return Err(problem.into());
        }
        let path = settings.path()?;
        migrate::create(&path)?;
        let lock = Arc::new(Lock::take(&path)?);
        // Before migrating: what a copy has only begun to make lacks migrations as well.
        transfer::check(settings)?;
        if settings.migrate {
            migrate::up_locked(settings, &path)?;
        } else {
            let pending = migrate::pending(settings)?;
            if !pending.is_empty() {
                return Err(MigrateError::Pending(pending).into());
            }
        }
        let failed = |error: &dyn std::fmt::Display| OpenError::Failed(error.to_string());
        let mut connection = connection::writing(settings, &path).map_err(|error| failed(&error))?;
        runs::free_leases(&mut connection).map_err(|error| failed(&error))?;
        jobs::free_leases(&mut connection).map_err(|error| failed(&error))?;
        drop(connection);
        let readers = Readers::start(settings, &path, &lock).map_err(|error| failed(&error))?;
        let writer = Writer::start(settings, path, lock).map_err(|error| failed(&error))?;
        Ok(Arc::new(Self { writer, readers, observer: Arc::default() }))
    }

    /// Accepts nothing more, writes and answers what is queued, closes the file and gives up the lock. Blocks until
    /// all of that is done; repeating it does nothing.
    pub fn shutdown(&self) {
        self.readers.close();
        self.readers.join();
        // The writer closes its connection last: only then SQLite moves everything into the one file.
        self.writer.close();
        self.writer.join();
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        self.shutdown();
    }
}
