//! `colloquy doctor`: is everything as it should be, and if not, what is to be done?
//!
//! It changes nothing and works beside a running server.

mod clock;
mod database;
mod disk;
mod finding;
mod providers;

use crate::failure::Failure;
use crate::output;
use crate::settings::{Loaded, Problems};
pub use database::UNREADABLE;
use finding::Finding;

/// Checks everything and prints one line for each check.
pub fn run(settings: &Result<Loaded, Problems>) -> Result<(), Failure> {
    let findings = match settings {
        Ok(loaded) => look(loaded)?,
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

fn look(loaded: &Loaded) -> Result<Vec<Finding>, Failure> {
    let settings = &loaded.settings;
    let mut findings = vec![Finding::good("settings", "can be used")];
    let file = settings.database.path().map_err(|problem| Failure::settings(problem.to_string()))?;
    findings.extend(disk::look(&file));
    let (found, newest) = database::look(&settings.database, &file);
    findings.extend(found);
    findings.push(clock::look(newest));
    findings.extend(providers::look(&settings.providers)?);
    Ok(findings)
}
