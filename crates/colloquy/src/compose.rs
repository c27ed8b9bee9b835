//! The composition root: concrete adapters meet the ports here, and nowhere else.

use std::sync::Arc;

use application::bus::LocalRateLimiter;
use application::{Ports, Services};
use llm::{Connected, Recall, Registry};
use sqlite::migrate::MigrateError;
use sqlite::{LockError, OpenError, Sqlite};

use crate::adapters::{SystemClock, UuidIds};
use crate::commands::doctor::UNREADABLE;
use crate::failure::Failure;
use crate::settings::Loaded;

/// The application over its adapters.
pub struct Composition {
    /// The database; to be shut down last.
    pub database: Arc<Sqlite>,
    /// Which models there are; to be kept fresh.
    pub models: Arc<Registry>,
    /// What commands and queries work with.
    pub services: Arc<Services>,
}

/// Opens the database and puts the application together on the present tokio runtime. Blocks while the database opens.
pub fn compose(loaded: &Loaded) -> Result<Composition, Failure> {
    let settings = &loaded.settings;
    let database = Sqlite::open(&settings.database).map_err(|error| cannot_open(&error, loaded))?;
    let connected = Connected::default();
    let recall = Recall::new(database.clone(), settings.models.recall, connected.clone());
    let models = Registry::new(&settings.providers, &settings.models, Arc::new(recall), connected);
    let models = Arc::new(models.map_err(|problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        Failure::settings(format!("the model providers cannot be used:\n{}", lines.join("\n")))
    })?);
    let ports = Ports {
        journal: database.clone(),
        conversations: database.clone(),
        messages: database.clone(),
        runs: database.clone(),
        identities: database.clone(),
        idempotency: database.clone(),
        jobs: database.clone(),
        maintenance: database.clone(),
        search: database.clone(),
        models: models.clone(),
        rate_limiter: Arc::new(LocalRateLimiter::default()),
        relay: None,
        clock: Arc::new(SystemClock),
        ids: Arc::new(UuidIds::new(SystemClock)),
    };
    Ok(Composition { database, models, services: Services::new(ports, settings.application.clone()) })
}

fn cannot_open(error: &OpenError, loaded: &Loaded) -> Failure {
    let message = crate::failure::chain(error);
    match error {
        OpenError::Lock(LockError::Held { .. }) => Failure::busy(message),
        OpenError::Settings(_) => Failure::settings(message),
        OpenError::Lock(LockError::Failed { .. }) | OpenError::Migrate(MigrateError::Create { .. }) => {
            Failure::failed(message).advise(where_the_database_is(loaded))
        }
        OpenError::Migrate(MigrateError::Open(_)) | OpenError::Failed(_) => {
            Failure::failed(message).advise(UNREADABLE)
        }
        OpenError::Migrate(_) => Failure::failed(message),
    }
}

/// What to do where the database cannot be written.
pub fn where_the_database_is(loaded: &Loaded) -> String {
    let url = &loaded.settings.database.url;
    let (setting, origin) = match loaded.origin("database.url") {
        crate::settings::Origin::Default => ("data_dir", loaded.origin("data_dir")),
        origin => ("database.url", origin),
    };
    format!(
        "Let this user write there, or name another place: {url} comes from the setting {setting} ({origin})."
    )
}
