//! Statements through `psql`, which comes with the server.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::postgres::binary;

fn command(url: &str) -> io::Result<Command> {
    let mut command = Command::new(binary("psql")?);
    command.args([
        "--no-psqlrc",
        "--quiet",
        "--tuples-only",
        "--no-align",
        "--set=ON_ERROR_STOP=1",
        "--dbname",
    ]);
    command.arg(url).env("PGCONNECT_TIMEOUT", "10").env("PGOPTIONS", "-c client_min_messages=warning");
    Ok(command)
}

/// Carries out statements, each in a transaction of its own; the rows, fields with `|` between them.
pub(super) fn run(url: &str, statements: &[&str]) -> io::Result<String> {
    let mut psql = command(url)?;
    for statement in statements {
        psql.args(["--command", statement]);
    }
    printed(&mut psql)
}

/// What is in a database, as statements.
pub(super) fn dump(url: &str, what: &str) -> io::Result<String> {
    let mut dump = Command::new(binary("pg_dump")?);
    printed(dump.args([what, "--dbname", url]))
}

fn printed(command: &mut Command) -> io::Result<String> {
    let output = command.stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned());
    }
    let (program, told) = (command.get_program().display(), String::from_utf8_lossy(&output.stderr));
    Err(io::Error::other(format!("{program}: {told}")))
}

/// An advisory lock of the server, held until this is dropped.
#[derive(Debug)]
pub(super) struct Lock {
    psql: Child,
    input: Option<ChildStdin>,
    _output: BufReader<ChildStdout>,
}

impl Lock {
    /// Waits for the lock.
    pub(super) fn take(url: &str, number: i64) -> io::Result<Self> {
        let mut psql = command(url)?.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (Some(mut input), Some(output)) = (psql.stdin.take(), psql.stdout.take()) else {
            return Err(io::Error::other("psql has no pipes"));
        };
        writeln!(input, "SELECT pg_advisory_lock({number}); SELECT 'locked';")?;
        let mut output = BufReader::new(output);
        let mut line = String::new();
        while line.trim() != "locked" {
            line.clear();
            if output.read_line(&mut line)? == 0 {
                return Err(io::Error::other("psql ended while it waited for a lock"));
            }
        }
        Ok(Self { psql, input: Some(input), _output: output })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.psql.wait();
    }
}
