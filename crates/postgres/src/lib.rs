//! The storage ports of Colloquy on Postgres 15 or later.
//!
//! Every request works on a connection of a bounded pool, in one transaction that sees one workspace only: row-level
//! security is a second wall behind the filters of the statements. The same name stands for the same topic as in
//! `domain`: `conversations` answers [`domain::ports::Conversations`], `journal::conversations` writes what the events
//! about conversations say.

mod access;
mod address;
mod annotations;
mod audit;
mod columns;
mod connection;
mod conversations;
mod errors;
mod escaping;
mod exchange;
mod idempotency;
mod identities;
mod inspection;
mod jobs;
mod journal;
mod maintenance;
mod messages;
pub mod migrate;
mod outbox;
mod pool;
mod preflight;
mod privileges;
mod projects;
mod providers;
mod pulse;
mod runs;
mod search;
mod secret_keys;
mod seen;
mod session;
mod settings;
mod statement;
mod tags;
#[cfg(test)]
mod tests;
pub mod transfer;
mod workspaces;

use std::sync::{Arc, Weak};
use std::time::Duration;

use domain::ports::CommitObserver;
use parking_lot::RwLock;
use thiserror::Error;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use crate::inspection::{Inspection, inspect};
pub use crate::settings::{Settings, SettingsProblem};

use crate::address::Address;
use crate::connection::Connector;
use crate::exchange::{Exchange, LISTEN};
use crate::journal::Order;
use crate::migrate::{MigrateError, Migrator};
use crate::outbox::Outbox;
use crate::pool::Pool;
use crate::preflight::{APP_ROLE, Preflight, explain};
use crate::privileges::Work;
use crate::seen::Seen;

/// An open database: implements every storage port of `domain`.
pub struct Postgres {
    primary: Pool,
    replica: Option<Pool>,
    settings: Settings,
    observer: Arc<RwLock<Option<Arc<dyn CommitObserver>>>>,
    seen: Seen,
    order: Order,
    outbox: Arc<Outbox>,
    /// What goes on whoever waits for it, and where.
    tasks: TaskTracker,
    runtime: Handle,
    stop: CancellationToken,
    itself: Weak<Self>,
}

/// Why a database cannot be opened. No message holds a secret.
#[derive(Debug, Error)]
pub enum OpenError {
    /// A setting cannot be used, or leads to a database that cannot be.
    #[error(transparent)]
    Settings(#[from] SettingsProblem),
    /// A setting leads to a server that cannot be used now, but perhaps later.
    #[error("{0}")]
    Unreachable(SettingsProblem),
    /// The schema cannot be brought where it should be.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    /// The database is being filled by a copy that has not come to its end.
    #[error(
        "the database that database.url leads to is an unfinished copy of {0}; repeat `colloquy copy` to finish it, or \
         name another one"
    )]
    Unfinished(String),
    /// The server gave up meanwhile.
    #[error("the database cannot be opened: {0}")]
    Failed(String),
}

impl Postgres {
    /// Opens a database: looks whether it will do, migrates (or, where the settings say so, refuses while migrations are
    /// pending) and makes the first connection.
    pub async fn open(settings: &Settings) -> Result<Arc<Self>, OpenError> {
        if let Some(problem) = settings.problems().into_iter().next() {
            return Err(problem.into());
        }
        let migrator = Migrator::new(settings).await?;
        let state = migrator.state().await?;
        if let Some(source) = transfer::source_of(&migrator.connection).await? {
            return Err(OpenError::Unfinished(source));
        }
        if let Some(version) = state.unknown.last() {
            tracing::warn!(%version, "the schema is of a newer release; it says that this one still works with it");
        }
        if !state.pending.is_empty() {
            if !settings.migrate {
                return Err(MigrateError::Pending(state.pending).into());
            }
            migrator.up().await?;
            // It may be a copy that has migrated meanwhile.
            transfer::check(settings).await?;
        }
        let primary = Self::pool(settings, "url", &settings.url).await?;
        let replica = match settings.read_url.as_deref().filter(|url| !url.is_empty()) {
            Some(url) => Some(Self::pool(settings, "read_url", url).await?),
            None => None,
        };
        let (observer, outbox) = (Arc::default(), Arc::default());
        let (tasks, stop, runtime) = (TaskTracker::new(), CancellationToken::new(), Handle::current());
        let exchange = Exchange {
            connector: Self::exchange_connector(settings)?,
            outbox: Arc::clone(&outbox),
            observer: Arc::clone(&observer),
        };
        tasks.spawn_on(exchange.run(stop.clone()), &runtime);
        Ok(Arc::new_cyclic(|itself| Self {
            primary,
            replica,
            settings: settings.clone(),
            observer,
            seen: Seen::default(),
            order: Order::default(),
            outbox,
            tasks,
            runtime,
            stop,
            itself: itself.clone(),
        }))
    }

    /// Ends what this process does on its own and gives no connection any more; what was begun is finished. Repeating it
    /// does nothing.
    pub async fn shutdown(&self) {
        self.stop.cancel();
        self.primary.close();
        if let Some(replica) = &self.replica {
            replica.close();
        }
        self.tasks.close();
        self.tasks.wait().await;
    }

    fn exchange_connector(settings: &Settings) -> Result<Connector, SettingsProblem> {
        let address = Address::parse("url", &settings.url)?;
        let tls = address.tls()?;
        let timeout = Duration::from_millis(settings.connect_timeout_ms.into());
        Ok(Connector::new(address, tls, LISTEN.to_owned(), timeout, Handle::current()))
    }

    /// A pool with its first connection in it.
    async fn pool(settings: &Settings, setting: &'static str, url: &str) -> Result<Pool, OpenError> {
        let address = Address::parse(setting, url)?;
        let timeout = Duration::from_millis(settings.connect_timeout_ms.into());
        // Statements are short and touch few of the partitions that their plans name: compiling them would take seconds, and
        // planning them anew each time longer than carrying them out.
        let mut setup = format!(
            "SET statement_timeout = {}; SET idle_in_transaction_session_timeout = '60s'; \
             SET client_min_messages = warning; SET jit = off; SET plan_cache_mode = force_generic_plan",
            settings.statement_timeout_ms
        );
        let connector = |setup: &str| -> Result<Connector, SettingsProblem> {
            Ok(Connector::new(address.clone(), address.tls()?, setup.to_owned(), timeout, Handle::current()))
        };
        let scout = connector(&setup)?
            .connect(None)
            .await
            .map_err(|error| migrate::refused(explain(&error, &address)))?;
        let preflight = Preflight::of(&scout).await.map_err(|error| OpenError::Failed(error.to_string()))?;
        if let Some(problem) = preflight.replica_problem(&address) {
            return Err(problem.into());
        }
        if preflight.lacks_wall() {
            tracing::warn!(
                "row-level security does not bind the database user, who cannot become {APP_ROLE} either: one wall \
                 between workspaces is missing"
            );
        }
        if preflight.takes_app_role() {
            setup.push_str("; SET ROLE ");
            setup.push_str(APP_ROLE);
        }
        let pool =
            Pool::new(connector(&setup)?, settings).map_err(|error| OpenError::Failed(error.to_string()))?;
        let first = pool.first().await.map_err(|error| OpenError::Failed(error.to_string()))?;
        let work = if setting == "url" { Work::Writing } else { Work::Reading };
        let lacking = privileges::problem(&first, &address, work).await;
        if let Some(problem) = lacking.map_err(|error| OpenError::Failed(error.to_string()))? {
            return Err(problem.into());
        }
        drop(first);
        Ok(pool)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
