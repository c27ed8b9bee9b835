//! Where things are.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use serde::Deserialize;

use crate::{Outcome, command};

/// The root of the project: where this program was built from.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

/// Where cargo puts what it builds, whatever sets it.
pub fn target_dir() -> Outcome<&'static Path> {
    static TARGET: LazyLock<Result<PathBuf, String>> = LazyLock::new(|| {
        #[derive(Deserialize)]
        struct Metadata {
            target_directory: PathBuf,
        }
        let metadata = &mut command::cargo(&["metadata", "--format-version=1", "--no-deps", "--offline"]);
        let text = command::output(metadata).map_err(|error| error.to_string())?;
        let metadata: Metadata = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        Ok(metadata.target_directory)
    });
    TARGET.as_deref().map_err(|error| error.clone().into())
}

/// Builds the server as it ships and gives its path.
pub fn release_binary() -> Outcome<PathBuf> {
    crate::tools::c_compiler()?;
    command::run(&mut command::cargo(&["build", "--release", "--locked", "--package", "colloquy"]))?;
    Ok(target_dir()?.join("release/colloquy"))
}

/// The folder with the data of a developer's server: `COLLOQUY_DATA_DIR`, or `data` in the root of the project.
pub fn data_dir() -> PathBuf {
    std::env::var_os("COLLOQUY_DATA_DIR").map_or_else(|| root().join("data"), PathBuf::from)
}
