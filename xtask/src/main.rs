//! Development tasks: `cargo xtask <task>`. Light on purpose: what needs the house itself is a package of its own
//! (`seed`, `bench`, `servers`) that a task here builds and starts.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a task speaks to the person at the terminal")]

mod bench;
mod command;
mod deny;
mod junit;
mod migrate;
mod project;
mod report;
mod run;
mod seed;
mod servers;
mod test;
mod tidy;
mod tools;
mod web;
mod web_test;

use std::error::Error;
use std::process::ExitCode;

/// What a task gives: nothing, or why it did not work, in words.
type Outcome<T = ()> = Result<T, Box<dyn Error>>;

struct Task {
    usage: &'static str,
    about: &'static str,
    run: fn(&[String]) -> Outcome,
}

const TASKS: [Task; 11] = [
    Task { usage: "run [OPTIONS OF SERVE]", about: "build the server and serve in ./data", run: run::run },
    Task {
        usage: "test [FILTER]",
        about: "check and test everything, installing what is missing; with a filter, only the tests it matches",
        run: test::run,
    },
    Task {
        usage: "servers -- COMMAND",
        about: "run a command beside a private Postgres and a private Redis",
        run: servers::run,
    },
    Task { usage: "ci", about: "what the pipeline runs: test", run: test::run },
    Task {
        usage: "web",
        about: "build the web client, which the next build of the server takes in",
        run: web::run,
    },
    Task { usage: "tidy", about: "check the structure of the code base", run: tidy::run },
    Task { usage: "deny", about: "check dependencies for advisories, licences and sources", run: deny::run },
    Task { usage: "migrate [--check|--down]", about: "migrate the database in ./data", run: migrate::run },
    Task {
        usage: "seed --conversations N --messages M [--data-dir DIR]",
        about: "fill a database with N conversations of about M messages each",
        run: seed::run,
    },
    Task {
        usage: "bench [NAME]",
        about: "print figures, each beside what it is compared with",
        run: bench::run,
    },
    Task { usage: "help", about: "print this list", run: help },
];

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let name = match arguments.next().as_deref() {
        None | Some("-h" | "--help") => "help".to_owned(),
        Some(name) => name.to_owned(),
    };
    let Some(task) = TASKS.iter().find(|task| task.usage.split(' ').next() == Some(&name)) else {
        eprintln!("xtask: there is no task {name:?}; `cargo xtask --help` lists them");
        return ExitCode::from(2);
    };
    match (task.run)(&arguments.collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask {name}: {error}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "every task has this signature")]
fn help(_: &[String]) -> Outcome {
    println!("cargo xtask <task>\n");
    let width = TASKS.iter().map(|task| task.usage.len()).max().unwrap_or_default();
    for task in &TASKS {
        println!("  {:width$}  {}", task.usage, task.about);
    }
    Ok(())
}
