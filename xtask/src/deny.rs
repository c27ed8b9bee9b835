//! `cargo xtask deny`: advisories, licences, bans and sources, by cargo-deny.

use crate::{Outcome, command, tools};

/// Checks `deny.toml`, installing cargo-deny first where it is missing (it compiles for some minutes, and the
/// advisories come from the network; this is why `test` leaves it out and `tidy` checks the licences by itself).
pub fn run(_: &[String]) -> Outcome {
    tools::cargo_subcommand("cargo-deny", "0.20.2")?;
    command::run(&mut command::cargo(&["deny", "--locked", "--workspace", "check"]))
}
