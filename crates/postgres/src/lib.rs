//! The storage ports of Colloquy on Postgres 15 or later.
//!
//! Every request works on a connection of a bounded pool, in one transaction that sees one workspace only: row-level
//! security is a second wall behind the filters of the statements. The same name stands for the same topic as in
//! `domain`: `conversations` answers [`domain::ports::Conversations`], `journal::conversations` writes what the events
//! about conversations say.

mod address;
mod columns;
mod connection;
mod errors;
mod pool;
mod session;
mod settings;
mod statement;

use std::sync::Arc;
use std::time::Duration;

use domain::ports::{CommitObserver, StorageError};
use parking_lot::RwLock;

pub use crate::settings::{Settings, SettingsProblem};

use crate::pool::Pool;
use crate::session::{Access, Scope, Session};

/// An open database: implements every storage port of `domain`.
pub struct Postgres {
    primary: Pool,
    settings: Settings,
    observer: Arc<RwLock<Option<Arc<dyn CommitObserver>>>>,
}

impl Postgres {
    /// A transaction that reads.
    pub(crate) async fn read(&self, scope: Scope) -> Result<Session, StorageError> {
        self.session(scope, Access::Read).await
    }

    /// A transaction that writes; it has to be committed.
    pub(crate) async fn write(&self, scope: Scope) -> Result<Session, StorageError> {
        self.session(scope, Access::Write).await
    }

    async fn session(&self, scope: Scope, access: Access) -> Result<Session, StorageError> {
        let patience = Duration::from_millis(self.settings.statement_timeout_ms.into());
        Ok(Session::new(self.primary.get().await?, scope, access, patience))
    }
}
