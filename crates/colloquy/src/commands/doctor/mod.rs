//! `colloquy doctor`: is everything as it should be, and if not, what is to be done?
//!
//! It works beside running servers, and changes nothing unless it is asked to repair.

mod audit;
mod clock;
mod database;
mod disk;
mod finding;
mod keys;
mod outside;
mod permissions;
mod postgres;
mod providers;
mod reconcile;
mod redis;

use crate::cli::DoctorArguments;
use crate::failure::Failure;
use crate::output;
use crate::settings::{Engine, Loaded, Problems};
use crate::short_runtime;
pub use database::{UNREADABLE, look as sqlite};
pub use disk::unwritable;
pub use finding::Finding;
pub use keys::opens as secret_key_opens;
pub use outside::look as outside;
pub use postgres::look as postgres;

/// Checks everything and prints one line for each check; or prints who may do what.
pub fn run(settings: &Result<Loaded, Problems>, arguments: &DoctorArguments) -> Result<(), Failure> {
    if arguments.permissions {
        return output::print(permissions::table().trim_end());
    }
    let findings = match settings {
        Ok(loaded) => short_runtime()?.block_on(look(loaded, arguments))?,
        Err(problems) => problems
            .0
            .iter()
            .map(|problem| Finding::bad("settings", problem.to_string(), "Correct the setting."))
            .collect(),
    };
    for finding in &findings {
        output::print(&finding.to_string())?;
    }
    let failure = if settings.is_err() { Failure::settings } else { Failure::failed };
    match findings.iter().filter(|finding| finding.is_bad()).count() {
        0 => Ok(()),
        1 => Err(failure("one thing is not as it should be".to_owned())),
        number => Err(failure(format!("{number} things are not as they should be"))),
    }
}

/// What is said of a database that a copy has begun to fill and not filled to its end.
fn copy(source: Option<&str>) -> Option<Finding> {
    let state = format!("is an unfinished copy of {}", source?);
    let advice = "Repeat `colloquy copy` to finish it, or name another database.";
    Some(Finding::bad("database", state, advice))
}

async fn look(loaded: &Loaded, arguments: &DoctorArguments) -> Result<Vec<Finding>, Failure> {
    let settings = &loaded.settings;
    let mut findings = vec![Finding::good("settings", "can be used")];
    let (found, newest) = crate::database::inspect(loaded).await;
    let can_be_counted = found.iter().all(|finding| !finding.is_bad());
    findings.extend(found);
    // Opening a file would keep a server from it; its log was looked at with the rest of it.
    if can_be_counted && settings.database.engine() == Engine::Postgres {
        let database = crate::database::open(loaded).await?;
        findings.push(audit::look(&*database).await);
        database.shut_down().await?;
    }
    if can_be_counted {
        findings.extend(keys::look(loaded).await);
    }
    findings.push(clock::look(newest));
    findings.extend(redis::look(&settings.redis).await);
    findings.extend(providers::look(&settings.providers).await);
    findings.extend(outside::look(settings).await);
    if arguments.reconcile && can_be_counted {
        findings.extend(reconcile::look(loaded, arguments.repair).await?);
    }
    Ok(findings)
}
