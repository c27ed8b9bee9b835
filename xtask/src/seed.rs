//! `cargo xtask seed`: a database full of made-up conversations.

use crate::{Outcome, command, project};

/// Builds and becomes the `seed` package.
pub fn run(arguments: &[String]) -> Outcome {
    crate::tools::c_compiler()?;
    let mut seed = command::cargo(&["run", "--release", "--locked", "--quiet", "--package", "seed", "--"]);
    command::become_it(seed.args(arguments).env("COLLOQUY_DATA_DIR", project::data_dir()))
}
