//! What an operator does and sees: the first account, settings, the database, logs, stopping.

mod documents;
mod first_owner;
mod headers;
mod logs;
mod mail;
mod secret_key;
mod secrets;
mod settings;
mod shutdown;
mod sqlite_file;

use tokio::io::AsyncWriteExt as _;

use crate::harness::{DEADLINE, Folder, ServerBuilder};

/// What became of a command.
#[derive(Debug)]
pub struct Ended {
    /// The exit code.
    pub code: i32,
    /// What it printed.
    pub printed: String,
    /// What it said on the standard error stream.
    pub complained: String,
}

/// Runs the binary in a folder to its end, with this text as its input.
pub async fn run_with_input(
    builder: &ServerBuilder,
    folder: &Folder,
    arguments: &[&str],
    input: &str,
) -> Ended {
    use std::process::Stdio;
    let mut process = builder
        .command(folder)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the server's binary; build it first");
    let mut stdin = process.stdin.take().expect("an input");
    // A command that needs no input may have ended already.
    let _ = stdin.write_all(input.as_bytes()).await;
    drop(stdin);
    let ended = tokio::time::timeout(DEADLINE, process.wait_with_output()).await;
    let ended = ended.unwrap_or_else(|_| panic!("{arguments:?} did not end")).expect("an end");
    Ended {
        code: ended.status.code().expect("an exit code"),
        printed: String::from_utf8(ended.stdout).expect("UTF-8"),
        complained: String::from_utf8(ended.stderr).expect("UTF-8"),
    }
}

/// Runs the binary in a folder to its end.
pub async fn run(builder: &ServerBuilder, folder: &Folder, arguments: &[&str]) -> Ended {
    run_with_input(builder, folder, arguments, "").await
}
