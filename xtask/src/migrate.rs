//! `cargo xtask migrate`: the server's own migrations, on a developer's data.

use std::process::Command;

use crate::{Outcome, command, project};

/// Builds the server and has it migrate, check (`--check`) or undo the last migration (`--down`).
pub fn run(arguments: &[String]) -> Outcome {
    let binary = project::release_binary()?;
    let data = project::data_dir();
    command::become_it(Command::new(binary).arg("migrate").args(arguments).env("COLLOQUY_DATA_DIR", data))
}
