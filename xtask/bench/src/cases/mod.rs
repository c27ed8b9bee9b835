//! What is measured. Each case starts what it needs and stops it again.

mod cache;
mod completions;
mod copy;
mod fanout;
mod idle;
mod nodes;
mod pages;
mod pgbench;
mod postgres_turns;
mod start;
mod streams;
mod turns;

use crate::{Outcome, figures};

/// What every case is compared with needs no server: these are measured alone with `bare`.
const NAMES: [&str; 12] = [
    "bare",
    "start",
    "turns",
    "postgres-turns",
    "completions",
    "streams",
    "fanout",
    "nodes",
    "cache",
    "idle",
    "copy",
    "pages",
];

/// Runs the named cases, or all of them, and goes on when one breaks down.
pub async fn run(names: &[&str]) -> Outcome {
    if let Some(unknown) = names.iter().find(|name| !NAMES.contains(name)) {
        return Err(format!("there is no case {unknown:?}; there are {}", NAMES.join(", ")).into());
    }
    figures::print("case", "what", "here", "beside, in the same run");
    let mut broken = 0;
    for name in NAMES {
        let is_wanted = if names.is_empty() { name != "bare" } else { names.contains(&name) };
        if !is_wanted {
            continue;
        }
        let outcome = match name {
            "bare" => bare().await,
            "start" => start::run().await,
            "turns" => turns::run().await,
            "postgres-turns" => postgres_turns::run().await,
            "completions" => completions::run().await,
            "streams" => streams::run().await,
            "fanout" => fanout::run().await,
            "nodes" => nodes::run().await,
            "cache" => cache::run().await,
            "idle" => idle::run().await,
            "copy" => copy::run().await,
            _ => pages::run().await,
        };
        if let Err(error) = outcome {
            broken += 1;
            eprintln!("bench: {name} broke down: {error}");
        }
    }
    if broken == 0 { Ok(()) } else { Err(format!("{broken} cases broke down").into()) }
}

/// Everything that the server is compared with, without the server.
async fn bare() -> Outcome {
    turns::bare()?;
    fanout::bare().await?;
    completions::bare().await?;
    streams::bare().await
}
