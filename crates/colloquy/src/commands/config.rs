//! `colloquy config`: looking at the settings.

use crate::cli::ConfigCommand;
use crate::commands::doctor::{self, Finding};
use crate::database;
use crate::failure::Failure;
use crate::output;
use crate::settings::{Loaded, Problems};
use crate::short_runtime;

/// Checks or shows the settings.
pub fn run(settings: Result<Loaded, Problems>, command: &ConfigCommand) -> Result<(), Failure> {
    match (command, settings) {
        (ConfigCommand::Show, Ok(loaded)) => output::print(&loaded.show()),
        (ConfigCommand::Show, Err(problems)) => Err(problems.into()),
        (ConfigCommand::Check(arguments), Ok(loaded)) => {
            if !arguments.offline {
                short_runtime()?.block_on(connect(&loaded))?;
            }
            output::print("The settings can be used.")
        }
        (ConfigCommand::Check(_), Err(problems)) => {
            output::print(&problems.to_string())?;
            Err(Failure::settings(match problems.0.len() {
                1 => "one problem with the settings".to_owned(),
                number => format!("{number} problems with the settings"),
            }))
        }
    }
}

/// Whether everything that the settings name can be used; tells all that cannot.
async fn connect(loaded: &Loaded) -> Result<(), Failure> {
    let redis = &loaded.settings.redis;
    let reach_redis = async {
        match &redis.url {
            Some(_) => cache::check(redis).await.map(drop).map_err(Failure::from),
            None => Ok(()),
        }
    };
    let (database, redis) = tokio::join!(database::probe(loaded), reach_redis);
    let key = if database.is_ok() { doctor::secret_key_opens(loaded).await.map(drop) } else { Ok(()) };
    let outside = doctor::outside(&loaded.settings).await.into_iter().filter(Finding::is_bad);
    let outside = outside.map(|finding| Err(Failure::busy(finding.to_string())));
    let failures = [database, redis, key].into_iter().chain(outside).filter_map(Result::err);
    failures.reduce(|one, other| one.and(&other)).map_or(Ok(()), Err)
}
