//! The two databases, as the command line names them.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use postgres::transfer::{PostgresSource, PostgresTarget};
use sqlite::transfer::{SqliteSource, SqliteTarget};
use storage::transfer::{Source, Target, TransferError};

use crate::failure::Failure;
use crate::output;
use crate::settings::{DatabaseSettings, Engine, read_secret_file};

/// So long a database may be in use, and so often that is looked at.
const PATIENCE: Duration = Duration::from_secs(10);
const RETRY: Duration = Duration::from_millis(250);

/// The settings of the database at an address, which is given as it is or in a file.
pub fn read(name: &str, url: Option<&str>, file: Option<&Path>) -> Result<DatabaseSettings, Failure> {
    let url = match (url, file) {
        (Some(url), _) => url.to_owned(),
        (None, Some(file)) => {
            read_secret_file(file).map_err(|problem| Failure::settings(format!("{name}-file {problem}")))?
        }
        (None, None) => return Err(Failure::failed(format!("{name} is missing"))),
    };
    let settings = DatabaseSettings { url, ..DatabaseSettings::default() };
    match settings.problems().into_iter().next() {
        Some((_, problem)) => Err(Failure::settings(format!("{name} {problem}"))),
        None => Ok(settings),
    }
}

/// The database to read.
pub fn source(settings: &DatabaseSettings) -> Result<Box<dyn Source>, Failure> {
    patiently("--from", || open_source(settings))
}

/// The database to fill from another one.
pub fn target(settings: &DatabaseSettings, source: &dyn Source) -> Result<Box<dyn Target>, Failure> {
    patiently("--to", || open_target(settings, source))
}

/// Whoever has a database may be about to leave it, such as what is left of a copy that was killed.
fn patiently<T>(name: &str, open: impl Fn() -> Result<T, TransferError>) -> Result<T, Failure> {
    let since = Instant::now();
    let mut is_told = false;
    loop {
        match open() {
            Err(TransferError::InUse(who)) if since.elapsed() < PATIENCE => {
                if !is_told {
                    let seconds = PATIENCE.as_secs();
                    output::warn(&format!("{name}: {who}; waiting up to {seconds} s for that to end"));
                    is_told = true;
                }
                thread::park_timeout(RETRY);
            }
            opened => return opened.map_err(|error| named(name, error)),
        }
    }
}

fn named(name: &str, error: TransferError) -> Failure {
    let about = |how: fn(String) -> TransferError, problem: String| how(format!("{name} {problem}")).into();
    match error {
        TransferError::Same => Failure::settings("--from and --to name the same database"),
        TransferError::Address(problem) => about(TransferError::Address, problem),
        TransferError::Unreachable(problem) => about(TransferError::Unreachable, problem),
        TransferError::NotEmpty(problem) => about(TransferError::NotEmpty, problem),
        TransferError::InUse(problem) => TransferError::InUse(format!("{name}: {problem}")).into(),
        TransferError::Unusable(problem) => TransferError::Unusable(format!("{name}: {problem}")).into(),
        TransferError::Failed(problem) => TransferError::Failed(format!("{name}: {problem}")).into(),
        error @ TransferError::Row { .. } => error.into(),
    }
}

fn open_source(settings: &DatabaseSettings) -> Result<Box<dyn Source>, TransferError> {
    Ok(match settings.engine() {
        Engine::Sqlite => Box::new(SqliteSource::open(&settings.sqlite())?),
        Engine::Postgres => {
            let source = PostgresSource::open(&settings.postgres())?;
            if source.is_in_use() {
                output::warn("servers seem to use the source: what changes there from now on is not copied");
            }
            Box::new(source)
        }
    })
}

fn open_target(settings: &DatabaseSettings, source: &dyn Source) -> Result<Box<dyn Target>, TransferError> {
    Ok(match settings.engine() {
        Engine::Sqlite => Box::new(SqliteTarget::open(&settings.sqlite(), source)?),
        Engine::Postgres => Box::new(PostgresTarget::open(&settings.postgres(), source)?),
    })
}
