//! `cargo xtask servers -- <command>`: a command beside the servers that tests need.

use std::process::Command;

use crate::{Outcome, command, project, tools};

/// Installs what is missing, builds the `servers` package and becomes it.
pub fn run(arguments: &[String]) -> Outcome {
    let words = arguments.strip_prefix(&["--".to_owned()]).unwrap_or(arguments);
    if words.is_empty() {
        return Err("give the command to run beside the servers, after `--`".into());
    }
    tools::database_servers()?;
    command::run(&mut command::cargo(&["build", "--quiet", "--locked", "--package", "servers"]))?;
    command::become_it(Command::new(program()?).args(words))
}

/// A command that runs beside the servers, once the workspace is built.
pub fn beside(words: &[&str]) -> Outcome<Command> {
    let mut command = Command::new(program()?);
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    command.arg(cargo).args(words).current_dir(project::root());
    Ok(command)
}

fn program() -> Outcome<std::path::PathBuf> {
    Ok(project::target_dir()?.join("debug/servers"))
}
