//! Starting other programs.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{Outcome, project};

/// The cargo that runs this task, in the root of the project.
pub fn cargo(arguments: &[&str]) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(arguments).current_dir(project::root());
    command
}

/// Shows the command, runs it, and gives an error when it fails.
pub fn run(command: &mut Command) -> Outcome {
    println!("$ {}", shown(command));
    let status = command.status().map_err(|error| format!("cannot start `{}`: {error}", shown(command)))?;
    if status.success() { Ok(()) } else { Err(format!("`{}` ended with {status}", shown(command)).into()) }
}

/// Shows the command and becomes it, so that signals reach it and nothing stands between it and the terminal.
pub fn become_it(command: &mut Command) -> Outcome {
    println!("$ {}", shown(command));
    let error = command.exec();
    Err(format!("cannot start `{}`: {error}", shown(command)).into())
}

/// What the command prints on its standard output.
pub fn output(command: &mut Command) -> Outcome<String> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot start `{}`: {error}", shown(command)))?;
    if !output.status.success() {
        return Err(format!("`{}` ended with {}", shown(command), output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Whether the command runs and ends well; it prints nothing.
pub fn succeeds(command: &mut Command) -> bool {
    let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Where a program is on the search path.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

fn shown(command: &Command) -> String {
    let root = project::root();
    let program = Path::new(command.get_program());
    let is_cargo = program.file_name().is_some_and(|name| name == "cargo");
    let mut words = vec![if is_cargo { "cargo".to_owned() } else { relative(program, root) }];
    words.extend(command.get_args().map(|argument| relative(Path::new(argument), root)));
    words.join(" ")
}

fn relative(path: &Path, root: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}
