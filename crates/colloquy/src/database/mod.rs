//! The database that the settings name, whichever it is. Commands ask here, so that each of them is written once.

mod postgres;
mod sqlite;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::ports::{
    Annotations, AuditLog, Conversations, IdempotencyRecords, Identities, Jobs, Journal, Maintenance,
    Messages, Projects, Providers, Runs, Search, SecretKeys, Shares, Tags, Workspaces,
};
use domain::{SecretKey, Timestamp};

use crate::commands::doctor::Finding;
use crate::failure::Failure;
use crate::settings::{Engine, Loaded};

/// An open database: every storage port.
#[async_trait]
pub trait Storage:
    Journal
    + Conversations
    + Messages
    + Runs
    + Identities
    + Workspaces
    + Projects
    + Tags
    + Annotations
    + Shares
    + AuditLog
    + SecretKeys
    + Providers
    + IdempotencyRecords
    + Jobs
    + Maintenance
    + Search
{
    /// Finishes what is queued and lets go of the database.
    async fn shut_down(self: Arc<Self>) -> Result<(), Failure>;
}

/// What trying pending migrations on a copy has shown.
pub struct Rehearsal {
    /// How long the copy takes that is made before migrating, and how large it is, in bytes.
    pub snapshot: Option<(Duration, u64)>,
    /// Each migration and how long it takes.
    pub migrations: Vec<(String, Duration)>,
}

/// Opens the database. Blocks while it opens where it is a file.
pub async fn open(loaded: &Loaded) -> Result<Arc<dyn Storage>, Failure> {
    match loaded.settings.database.engine() {
        Engine::Sqlite => sqlite::open(loaded),
        Engine::Postgres => postgres::open(loaded).await,
    }
}

/// The migrations that this release knows and the database lacks, oldest first.
pub async fn pending(loaded: &Loaded) -> Result<Vec<String>, Failure> {
    match loaded.settings.database.engine() {
        Engine::Sqlite => sqlite::pending(loaded),
        Engine::Postgres => postgres::pending(loaded).await,
    }
}

/// Tries the pending migrations without changing anything; `None` where there is no database yet.
pub async fn rehearse(loaded: &Loaded) -> Result<Option<Rehearsal>, Failure> {
    match loaded.settings.database.engine() {
        Engine::Sqlite => sqlite::rehearse(loaded),
        Engine::Postgres => postgres::rehearse(loaded).await,
    }
}

/// Applies the pending migrations and gives their names.
pub async fn up(loaded: &Loaded) -> Result<Vec<String>, Failure> {
    match loaded.settings.database.engine() {
        Engine::Sqlite => sqlite::up(loaded),
        Engine::Postgres => postgres::up(loaded).await,
    }
}

/// Undoes the newest migration and gives its name; `None` where there is none.
pub async fn down(loaded: &Loaded) -> Result<Option<String>, Failure> {
    match loaded.settings.database.engine() {
        Engine::Sqlite => sqlite::down(loaded),
        Engine::Postgres => postgres::down(loaded).await,
    }
}

/// Builds the search index of the workspace anew, for another language where one is given, and gives how many messages
/// there were; `None` where the index needs nothing. `progress` is told how many are done.
pub async fn reindex(
    loaded: &Loaded,
    language: Option<&str>,
    progress: impl FnMut(u64) + Send,
) -> Result<Option<u64>, Failure> {
    match loaded.settings.database.engine() {
        Engine::Sqlite => sqlite::reindex(language),
        Engine::Postgres => postgres::reindex(loaded, language, progress).await.map(Some),
    }
}

/// Whether the database can be reached with these settings; changes nothing.
pub async fn probe(loaded: &Loaded) -> Result<(), Failure> {
    match loaded.settings.database.engine() {
        Engine::Sqlite => sqlite::probe(loaded),
        Engine::Postgres => postgres::probe(loaded).await,
    }
}

/// The keys of the server as they are stored; none where there is no database yet. Servers may go on.
pub async fn secret_keys(loaded: &Loaded) -> Result<Vec<SecretKey>, Failure> {
    match loaded.settings.database.engine() {
        Engine::Sqlite => sqlite::secret_keys(loaded),
        Engine::Postgres => {
            let database = postgres::open(loaded).await?;
            let keys = database.secret_keys().await.map_err(application::Error::from);
            database.shut_down().await?;
            Ok(keys?)
        }
    }
}

/// Looks through the database; gives the moment of its newest fact as well.
pub async fn inspect(loaded: &Loaded) -> (Vec<Finding>, Option<Timestamp>) {
    match loaded.settings.database.engine() {
        Engine::Sqlite => sqlite::inspect(loaded),
        Engine::Postgres => postgres::inspect(loaded).await,
    }
}
