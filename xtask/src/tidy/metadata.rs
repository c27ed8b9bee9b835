//! What cargo knows of the workspace and of what it depends on.

use std::path::PathBuf;

use serde::Deserialize;

use crate::{Outcome, command};

/// The part of `cargo metadata` that the rules look at.
#[derive(Deserialize)]
pub struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
    source: Option<String>,
    manifest_path: PathBuf,
    dependencies: Vec<Dependency>,
}

/// One entry of a package's dependency tables.
#[derive(Debug, Clone, Deserialize)]
pub struct Dependency {
    /// The package it names.
    pub name: String,
    /// `dev`, `build`, or nothing.
    pub kind: Option<String>,
    /// Where it is, for packages of this workspace.
    pub path: Option<PathBuf>,
}

/// A package of this workspace.
#[derive(Debug, Clone)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Its manifest.
    pub manifest: PathBuf,
    /// What it depends on itself.
    pub dependencies: Vec<Dependency>,
}

/// A package from elsewhere, used directly or indirectly.
#[derive(Debug, Clone)]
pub struct External {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its licence, as an SPDX expression.
    pub license: Option<String>,
}

impl Metadata {
    /// The packages of this workspace.
    pub fn members(&self) -> Vec<Member> {
        let own = self.packages.iter().filter(|package| package.source.is_none());
        own.map(|package| Member {
            name: package.name.clone(),
            manifest: package.manifest_path.clone(),
            dependencies: package.dependencies.clone(),
        })
        .collect()
    }

    /// Everything that comes from elsewhere.
    pub fn dependencies(&self) -> Vec<External> {
        let external = self.packages.iter().filter(|package| package.source.is_some());
        external
            .map(|package| External {
                name: package.name.clone(),
                version: package.version.clone(),
                license: package.license.clone(),
            })
            .collect()
    }
}

/// Asks cargo, for this platform only: other platforms' packages would have to be downloaded first.
pub fn load() -> Outcome<Metadata> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = command::output(std::process::Command::new(rustc).arg("-vV"))?;
    let host =
        version.lines().find_map(|line| line.strip_prefix("host: ")).ok_or("rustc does not name its host")?;
    let metadata =
        &mut command::cargo(&["metadata", "--format-version=1", "--locked", "--filter-platform", host]);
    Ok(serde_json::from_str(&command::output(metadata)?)?)
}
