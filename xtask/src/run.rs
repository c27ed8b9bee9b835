//! `cargo xtask run`: the server, as it ships, on this machine.

use std::process::Command;

use crate::{Outcome, command, project, tools, web};

/// Builds the server in the release profile, so that what one sees is what ships, and becomes it. The server itself
/// prints its address and, while there is no account, the set-up link.
pub fn run(arguments: &[String]) -> Outcome {
    if tools::has_node() {
        web::build_when_needed()?;
    } else {
        println!("There is no Node.js here: the server is built without its web client.");
    }
    println!("Building the server in the release profile; the first time takes some minutes.");
    let binary = project::release_binary()?;
    let data = project::data_dir();
    println!("Serving with the data in {}; Ctrl-C stops.", data.display());
    command::become_it(Command::new(binary).arg("serve").args(arguments).env("COLLOQUY_DATA_DIR", data))
}
