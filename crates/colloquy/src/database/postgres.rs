//! The database on a server.

use std::sync::Arc;

use async_trait::async_trait;
use domain::Timestamp;
use domain::ports::{Identities as _, StorageError};
use postgres::migrate::{self, MigrateError};
use postgres::{OpenError, Postgres, Settings, transfer};

use super::{Rehearsal, Storage};
use crate::commands::doctor::{self, Finding};
use crate::failure::{Failure, chain};
use crate::settings::Loaded;

#[async_trait]
impl Storage for Postgres {
    async fn shut_down(self: Arc<Self>) -> Result<(), Failure> {
        self.shutdown().await;
        Ok(())
    }
}

/// Opens the database.
pub async fn open(loaded: &Loaded) -> Result<Arc<dyn Storage>, Failure> {
    match Postgres::open(&loaded.settings.database.postgres()).await {
        Ok(database) => Ok(database),
        Err(error) => Err(cannot(&error, loaded)),
    }
}

/// The migrations that the database lacks.
pub async fn pending(loaded: &Loaded) -> Result<Vec<String>, Failure> {
    whole(loaded).await?;
    migrate::pending(&loaded.settings.database.postgres()).await.map_err(|error| cannot(&error, loaded))
}

/// Tries them in a database of their own.
pub async fn rehearse(loaded: &Loaded) -> Result<Option<Rehearsal>, Failure> {
    let tried = migrate::rehearse(&loaded.settings.database.postgres()).await;
    let tried = tried.map_err(|error| cannot(&error, loaded))?;
    Ok(tried.map(|tried| Rehearsal { snapshot: None, migrations: tried.migrations }))
}

/// Applies them.
pub async fn up(loaded: &Loaded) -> Result<Vec<String>, Failure> {
    whole(loaded).await?;
    migrate::up(&loaded.settings.database.postgres()).await.map_err(|error| cannot(&error, loaded))
}

/// Undoes the newest one.
pub async fn down(loaded: &Loaded) -> Result<Option<String>, Failure> {
    whole(loaded).await?;
    migrate::down(&loaded.settings.database.postgres()).await.map_err(|error| cannot(&error, loaded))
}

/// Sets the language of the workspace, where one is given, and indexes its messages anew.
pub async fn reindex(
    loaded: &Loaded,
    language: Option<&str>,
    progress: impl FnMut(u64) + Send,
) -> Result<u64, Failure> {
    let settings = loaded.settings.database.postgres();
    if let Some(language) = language {
        let asked = Settings { search_language: language.to_owned(), ..settings.clone() };
        if let Some(wrong) = asked.problems().iter().find(|problem| problem.setting == "search_language") {
            return Err(Failure::failed(format!("--language {}", wrong.problem)));
        }
    }
    let database = Postgres::open(&settings).await.map_err(|error| cannot(&error, loaded))?;
    let indexed = indexed(&database, language, progress).await;
    database.shutdown().await;
    indexed.map_err(|error| Failure::because(&error))
}

async fn indexed(
    database: &Postgres,
    language: Option<&str>,
    progress: impl FnMut(u64) + Send,
) -> Result<u64, StorageError> {
    let Some(workspace) = database.first_workspace().await? else { return Ok(0) };
    if let Some(language) = language {
        database.set_search_language(workspace.id, language).await?;
    }
    database.reindex(workspace.id, progress).await
}

/// Whether the server can be reached, will do, and has a schema that this release knows; the replica likewise.
pub async fn probe(loaded: &Loaded) -> Result<(), Failure> {
    whole(loaded).await?;
    let settings = loaded.settings.database.postgres();
    let pending = migrate::pending(&settings).await.map_err(|error| cannot(&error, loaded))?;
    if !pending.is_empty() {
        return Ok(());
    }
    // Opening makes a connection to each of the servers, and changes nothing where nothing is pending.
    let database = Postgres::open(&settings).await.map_err(|error| cannot(&error, loaded))?;
    database.shutdown().await;
    Ok(())
}

/// Looks at the server and the database.
pub async fn inspect(loaded: &Loaded) -> (Vec<Finding>, Option<Timestamp>) {
    doctor::postgres(&loaded.settings.database.postgres()).await
}

/// Refuses what a copy has begun and not finished.
async fn whole(loaded: &Loaded) -> Result<(), Failure> {
    transfer::check(&loaded.settings.database.postgres()).await.map_err(|error| cannot(&error, loaded))
}

fn cannot(error: &OpenError, loaded: &Loaded) -> Failure {
    let message = chain(error);
    match error {
        OpenError::Unfinished(_) => Failure::settings(message),
        OpenError::Settings(problem) => Failure::settings(message).advise(named(loaded, problem.setting)),
        OpenError::Unreachable(problem) => Failure::busy(message).advise(named(loaded, problem.setting)),
        OpenError::Migrate(
            MigrateError::Unknown { .. } | MigrateError::Failed(_) | MigrateError::Pending(_),
        )
        | OpenError::Failed(_) => Failure::failed(message),
    }
}

/// Where the setting comes from.
fn named(loaded: &Loaded, setting: &str) -> String {
    let setting = format!("database.{setting}");
    let origin = loaded.origin(&setting);
    format!("The setting {setting} comes from {origin}.")
}
