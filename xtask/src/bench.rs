//! `cargo xtask bench`: figures, never a pass or fail.

use std::process::Command;

use crate::{Outcome, command, project};

/// Thousands of sockets need more open files than a shell usually allows; the hard limit is ours to use.
const WITH_MORE_FILES: &str = "ulimit -n \"$(ulimit -Hn)\"; exec \"$@\"";

/// Builds the server as it ships, then the programs that fill and load it, and becomes the latter.
pub fn run(arguments: &[String]) -> Outcome {
    let server = project::release_binary()?;
    let tools = ["build", "--release", "--locked", "--package", "seed", "--package", "bench"];
    command::run(&mut command::cargo(&tools))?;
    let release = project::target_dir()?.join("release");
    let mut bench = Command::new("sh");
    bench.args(["-c", WITH_MORE_FILES, "sh"]).arg(release.join("bench")).args(arguments);
    command::become_it(bench.env("COLLOQUY_BIN", server).env("BENCH_SEED_BIN", release.join("seed")))
}
