//! The two databases, as the command line names them.

use std::path::Path;

use postgres::transfer::{PostgresSource, PostgresTarget};
use sqlite::transfer::{SqliteSource, SqliteTarget};
use storage::transfer::{Source, Target};

use crate::failure::Failure;
use crate::output;
use crate::settings::{DatabaseSettings, Engine, read_secret_file};

/// The settings of the database at an address, which is given as it is or in a file.
pub fn read(name: &str, url: Option<&str>, file: Option<&Path>) -> Result<DatabaseSettings, Failure> {
    let url = match (url, file) {
        (Some(url), _) => url.to_owned(),
        (None, Some(file)) => read_secret_file(file).map_err(Failure::failed)?,
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

/// The database to fill.
pub fn target(settings: &DatabaseSettings) -> Result<Box<dyn Target>, Failure> {
    Ok(match settings.engine() {
        Engine::Sqlite => Box::new(SqliteTarget::open(&settings.sqlite())?),
        Engine::Postgres => Box::new(PostgresTarget::open(&settings.postgres())?),
    })
}
