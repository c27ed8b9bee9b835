//! The embedded database.

use std::sync::Arc;

use async_trait::async_trait;
use domain::{SecretKey, Timestamp};
use sqlite::migrate::{self, MigrateError};
use sqlite::{LockError, OpenError, Sqlite, transfer};

use super::{Rehearsal, Storage};
use crate::commands::doctor::{self, Finding, UNREADABLE};
use crate::failure::{Failure, chain};
use crate::settings::{Loaded, Origin};

#[async_trait]
impl Storage for Sqlite {
    async fn shut_down(self: Arc<Self>) -> Result<(), Failure> {
        let closed = tokio::task::spawn_blocking(move || self.shutdown()).await;
        closed.map_err(|error| Failure::because(&error))
    }
}

/// Opens the database. Blocks.
pub fn open(loaded: &Loaded) -> Result<Arc<dyn Storage>, Failure> {
    match Sqlite::open(&loaded.settings.database.sqlite()) {
        Ok(database) => Ok(database),
        Err(error) => Err(cannot_open(&error, loaded)),
    }
}

/// The migrations that the database lacks.
pub fn pending(loaded: &Loaded) -> Result<Vec<String>, Failure> {
    whole(loaded)?;
    migrate::pending(&loaded.settings.database.sqlite()).map_err(|error| cannot_migrate(&error, loaded))
}

/// Tries them on a copy.
pub fn rehearse(loaded: &Loaded) -> Result<Option<Rehearsal>, Failure> {
    let tried = migrate::rehearse(&loaded.settings.database.sqlite());
    let tried = tried.map_err(|error| cannot_migrate(&error, loaded))?;
    Ok(tried
        .map(|tried| Rehearsal { snapshot: Some((tried.copy, tried.bytes)), migrations: tried.migrations }))
}

/// Applies them.
pub fn up(loaded: &Loaded) -> Result<Vec<String>, Failure> {
    whole(loaded)?;
    migrate::up(&loaded.settings.database.sqlite()).map_err(|error| cannot_migrate(&error, loaded))
}

/// Undoes the newest one.
pub fn down(loaded: &Loaded) -> Result<Option<String>, Failure> {
    whole(loaded)?;
    migrate::down(&loaded.settings.database.sqlite()).map_err(|error| cannot_migrate(&error, loaded))
}

/// There is nothing to do: one tokenizer serves all languages, and the index changes with the messages.
pub fn reindex(language: Option<&str>) -> Result<Option<u64>, Failure> {
    match language {
        None => Ok(None),
        Some(_) => Err(Failure::failed(
            "--language is for Postgres; SQLite finds the words of all languages as they were written",
        )),
    }
}

/// Whether the file and its folder can be written, and the file, where there is one, is a database that this release knows.
pub fn probe(loaded: &Loaded) -> Result<(), Failure> {
    let settings = loaded.settings.database.sqlite();
    migrate::check_access(&settings).map_err(|error| cannot_migrate(&error, loaded))?;
    if let Some(finding) = settings.path().ok().and_then(|file| doctor::unwritable(&file)) {
        return Err(Failure::failed(finding.to_string()).advise(where_it_is(loaded)));
    }
    pending(loaded).map(drop)
}

/// The keys of the server as they are stored.
pub fn secret_keys(loaded: &Loaded) -> Result<Vec<SecretKey>, Failure> {
    let settings = loaded.settings.database.sqlite();
    sqlite::stored_secret_keys(&settings).map_err(|error| cannot_migrate(&error, loaded))
}

/// Looks at the folder of the database, and through the database.
pub fn inspect(loaded: &Loaded) -> (Vec<Finding>, Option<Timestamp>) {
    let settings = loaded.settings.database.sqlite();
    match settings.path() {
        Ok(file) => doctor::sqlite(&settings, &file),
        Err(problem) => (vec![Finding::bad("database", problem.to_string(), "Correct the setting.")], None),
    }
}

/// Refuses what a copy has begun and not finished.
fn whole(loaded: &Loaded) -> Result<(), Failure> {
    transfer::check(&loaded.settings.database.sqlite()).map_err(|error| cannot_open(&error, loaded))
}

fn cannot_open(error: &OpenError, loaded: &Loaded) -> Failure {
    let message = chain(error);
    match error {
        OpenError::Lock(LockError::Held { .. }) => Failure::busy(message),
        OpenError::Settings(_) | OpenError::Unfinished { .. } => Failure::settings(message),
        OpenError::Lock(LockError::Failed { .. }) | OpenError::Migrate(MigrateError::Create { .. }) => {
            Failure::failed(message).advise(where_it_is(loaded))
        }
        OpenError::Migrate(MigrateError::Open(_)) | OpenError::Failed(_) => {
            Failure::failed(message).advise(UNREADABLE)
        }
        OpenError::Migrate(_) => Failure::failed(message),
    }
}

fn cannot_migrate(error: &MigrateError, loaded: &Loaded) -> Failure {
    let message = chain(error);
    match error {
        MigrateError::Lock(LockError::Held { .. }) => Failure::busy(message),
        MigrateError::Settings(_) => Failure::settings(message),
        MigrateError::Lock(_) | MigrateError::Create { .. } => {
            Failure::failed(message).advise(where_it_is(loaded))
        }
        MigrateError::Open(_) => Failure::failed(message).advise(UNREADABLE),
        _ => Failure::failed(message),
    }
}

/// What to do where the database cannot be written.
fn where_it_is(loaded: &Loaded) -> String {
    let url = &loaded.settings.database.url;
    let (setting, origin) = match loaded.origin("database.url") {
        Origin::Default => ("data_dir", loaded.origin("data_dir")),
        origin => ("database.url", origin),
    };
    format!(
        "Let this user write there, or name another place: {url} comes from the setting {setting} ({origin})."
    )
}
