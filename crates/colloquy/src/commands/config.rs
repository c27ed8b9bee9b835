//! `colloquy config`: looking at the settings.

use crate::cli::ConfigCommand;
use crate::failure::Failure;
use crate::output;
use crate::settings::{Loaded, Problems};

/// Checks or shows the settings.
pub fn run(settings: Result<Loaded, Problems>, command: &ConfigCommand) -> Result<(), Failure> {
    match (command, settings) {
        (ConfigCommand::Show, Ok(loaded)) => output::print(&loaded.show()),
        (ConfigCommand::Show, Err(problems)) => Err(problems.into()),
        (ConfigCommand::Check, Ok(_)) => output::print("The settings can be used."),
        (ConfigCommand::Check, Err(problems)) => {
            output::print(&problems.to_string())?;
            Err(Failure::settings(match problems.0.len() {
                1 => "one problem with the settings".to_owned(),
                number => format!("{number} problems with the settings"),
            }))
        }
    }
}
