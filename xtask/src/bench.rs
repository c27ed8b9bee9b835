//! `cargo xtask bench`: figures, never a pass or fail.

use std::process::Command;

use crate::{Outcome, command, project, tools, web};

/// Thousands of sockets need more open files than a shell usually allows; the hard limit is ours to use.
const WITH_MORE_FILES: &str = "ulimit -n \"$(ulimit -Hn)\"; exec \"$@\"";

/// Builds the server as it ships, then the programs that fill and load it, and becomes the latter.
pub fn run(arguments: &[String]) -> Outcome {
    if arguments == ["web"] {
        return client();
    }
    let server = project::release_binary()?;
    let tools = ["build", "--release", "--locked", "--package", "seed", "--package", "bench"];
    command::run(&mut command::cargo(&tools))?;
    let release = project::target_dir()?.join("release");
    let mut bench = Command::new("sh");
    bench.args(["-c", WITH_MORE_FILES, "sh"]).arg(release.join("bench")).args(arguments);
    command::become_it(bench.env("COLLOQUY_BIN", server).env("BENCH_SEED_BIN", release.join("seed")))
}

/// The web client in a browser, against the server as it ships.
fn client() -> Outcome {
    web::run(&[])?;
    let (server, chromium) = (project::release_binary()?, tools::chromium()?);
    let mut playwright = web::npm();
    playwright.args(["exec", "--", "playwright", "test", "--config", "playwright.bench.config.ts"]);
    command::run(playwright.env("COLLOQUY_BIN", server).env("CHROMIUM", chromium))
}
