//! Secrets that a program tells, such as the client of a vault or of a cloud.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::process::Command;
use tokio::time::timeout;

use super::Problem;
use super::secrets::{is_address_of_a_store, is_secret};
use super::tree::{Assignment, Node, Value};

/// How such a value begins; what follows is a program and its arguments, quoted as for a shell.
const PREFIX: &str = "command:";
/// How long a program may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// The most that it may say.
const MAX_BYTES: u64 = 64 * 1024;

/// Replaces the secrets that programs tell by what they tell.
pub fn run_commands(tree: &mut Node, problems: &mut Vec<Problem>) {
    let commands: Vec<_> = tree
        .leaves()
        .into_iter()
        .filter_map(|(path, origin, value)| {
            let (Value::Word(text) | Value::Text(text)) = value else { return None };
            let command = text.strip_prefix(PREFIX)?.trim().to_owned();
            let is_told = path.last().is_some_and(|key| is_secret(key)) || is_address_of_a_store(&path);
            is_told.then(|| (path, origin.clone(), command))
        })
        .collect();
    for (path, origin, command) in commands {
        match told_by(&command) {
            Ok(text) => tree.assign(Assignment { path, value: Some(Value::Text(text)), origin }),
            Err(problem) => {
                tree.prune(&path);
                problems.push(Problem::new(path.join("."), Some(origin), problem));
            }
        }
    }
}

/// What a program says on its standard output, without the white space around it. What it says never shows in a problem;
/// what it complains of on its standard error goes where ours goes.
fn told_by(command: &str) -> Result<String, String> {
    let words = shlex::split(command).filter(|words| !words.is_empty());
    let words = words.ok_or("has to name a program and its arguments after command:")?;
    let failed = |what: String| format!("cannot be asked of {}: {what}", words[0]);
    let (status, text) = in_time(&words).map_err(|error| failed(error.to_string()))?;
    if text.len() as u64 > MAX_BYTES {
        return Err(failed("it says too much for a secret".to_owned()));
    }
    if !status.success() {
        return Err(failed(format!("it ended with {status}")));
    }
    match text.trim() {
        "" => Err(failed("it says nothing".to_owned())),
        text => Ok(text.to_owned()),
    }
}

/// Asks a program, and ends it where it takes too long. Settings are read before there is a runtime, and within one; this
/// has one to itself.
fn in_time(words: &[String]) -> io::Result<(ExitStatus, String)> {
    let ask = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let asked = runtime.block_on(async { timeout(PATIENCE, ask(words)).await });
        asked.unwrap_or_else(|_| {
            let problem = format!("it has not ended after {} s", PATIENCE.as_secs());
            Err(io::Error::new(io::ErrorKind::TimedOut, problem))
        })
    };
    let asked = thread::scope(|scope| scope.spawn(ask).join());
    asked.unwrap_or_else(|_| Err(io::Error::other("asking it failed")))
}

async fn ask(words: &[String]) -> io::Result<(ExitStatus, String)> {
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn()?;
    let mut text = String::new();
    if let Some(output) = child.stdout.take() {
        output.take(MAX_BYTES + 1).read_to_string(&mut text).await?;
    }
    Ok((child.wait().await?, text))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_program_tells_a_secret_or_why_not() {
        assert_eq!(told_by("printf ' %s\\n' 'a secret'").as_deref(), Ok("a secret"));
        assert_eq!(told_by("sh -c 'printf one; printf two'").as_deref(), Ok("onetwo"));
        for (command, part) in [
            ("", "has to name a program"),
            ("printf 'open", "has to name a program"),
            ("/nowhere/vault get key", "/nowhere/vault"),
            ("false", "ended with"),
            ("true", "says nothing"),
            ("sh -c 'head -c 70000 /dev/zero | tr \"\\\\0\" a'", "says too much"),
        ] {
            let problem = told_by(command).expect_err(command);
            assert!(problem.contains(part), "{command}: {problem}");
        }
        assert!(!told_by("sh -c 'echo hidden; exit 3'").expect_err("a failure").contains("hidden"));
    }
}
