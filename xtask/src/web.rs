//! `cargo xtask web`: the web client, from its packages to the files that the next build of the server takes in.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use crate::{Outcome, command, project, tools};

/// What the client is made of, below its folder.
const SOURCES: [&str; 6] = ["src", "public", "scripts", "index.html", "package.json", "vite.config.ts"];
/// The contract of the server, from which the types of the client are made.
const CONTRACT: &str = "crates/server/golden";

/// Builds the client, whether or not anything has changed.
pub fn run(_: &[String]) -> Outcome {
    install()?;
    command::run(npm().args(["run", "--silent", "build"]))
}

/// Builds the client unless what stands there is newer than everything that it is made of.
pub fn build_when_needed() -> Outcome {
    let built = modified(&folder().join("dist/client/index.html"));
    let sources = SOURCES.iter().map(|name| folder().join(name)).chain([project::root().join(CONTRACT)]);
    if built.is_some() && sources.filter_map(|source| newest(&source)).max() <= built {
        return Ok(());
    }
    run(&[])
}

/// The folder of the client.
pub fn folder() -> PathBuf {
    project::root().join("crates/web")
}

/// Installs the packages of the client.
pub fn install() -> Outcome {
    tools::node_packages(&folder())
}

/// npm, in the folder of the client.
pub fn npm() -> Command {
    tools::npm(&folder())
}

/// The newest time at which a file, or anything in a folder, was changed. What the build writes itself does not count.
fn newest(path: &Path) -> Option<SystemTime> {
    if !path.is_dir() {
        return modified(path);
    }
    let entries = fs::read_dir(path).ok()?.flatten().map(|entry| entry.path());
    entries.filter(|entry| !entry.ends_with("generated")).filter_map(|entry| newest(&entry)).max()
}

fn modified(file: &Path) -> Option<SystemTime> {
    fs::metadata(file).ok()?.modified().ok()
}
