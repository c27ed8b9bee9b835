//! `cargo xtask bench`: figures, never a pass or fail.

use crate::{Outcome, command, project};

/// Builds the server as it ships, then builds and becomes the `bench` package, which starts it.
pub fn run(arguments: &[String]) -> Outcome {
    let binary = project::release_binary()?;
    let mut bench = command::cargo(&["run", "--release", "--locked", "--quiet", "--package", "bench", "--"]);
    command::become_it(bench.args(arguments).env("COLLOQUY_BIN", binary))
}
