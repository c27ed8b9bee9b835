//! What stands where.

use std::fs;
use std::path::Path;

use crate::Outcome;

/// What may stand at the top, beside licences and dot files.
const TOP: [&str; 13] = [
    "ARCHITECTURE.md",
    "Cargo.lock",
    "Cargo.toml",
    "README.md",
    "SECURITY.md",
    "config",
    "crates",
    "deny.toml",
    "deploy",
    "docs",
    "migrations",
    "tests",
    "xtask",
];

/// What a build or a server leaves behind; never part of the repository.
const GENERATED: [&str; 8] =
    ["target", "data", "node_modules", "__pycache__", ".git", "corpus", "dist", "generated"];

/// What the file endings of sources and texts are.
const SOURCES: [&str; 14] =
    ["rs", "toml", "sql", "py", "ts", "tsx", "js", "mjs", "css", "html", "md", "sh", "yml", "yaml"];

/// The names at the top of the project.
pub fn entries(root: &Path) -> Outcome<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(root)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort_unstable();
    Ok(names)
}

/// Names at the top that the architecture does not list.
pub fn check(names: &[String]) -> Vec<String> {
    let is_known = |name: &str| {
        TOP.contains(&name)
            || GENERATED.contains(&name)
            || name.starts_with("LICENSE-")
            || name.starts_with('.')
    };
    let unknown = names.iter().filter(|name| !is_known(name));
    unknown.map(|name| format!("{name}: does not belong at the top of the project")).collect()
}

/// Calls `visit` with every source and text file below `folder`.
pub fn each_source(folder: &Path, visit: &mut impl FnMut(&Path) -> Outcome) -> Outcome {
    let mut entries = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_unstable_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (name, path, kind) = (entry.file_name(), entry.path(), entry.file_type()?);
        if GENERATED.iter().any(|generated| name == *generated) {
            continue;
        }
        if kind.is_dir() {
            each_source(&path, visit)?;
        } else if kind.is_file()
            && path.extension().and_then(|end| end.to_str()).is_some_and(|end| SOURCES.contains(&end))
        {
            visit(&path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_architecture_lists_stands_at_the_top() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert!(check(&names(&["crates", "LICENSE-MIT", ".ci", "target", "Cargo.lock"])).is_empty());
        assert_eq!(
            check(&names(&["notes.txt", "crates", "Dockerfile"])),
            [
                "notes.txt: does not belong at the top of the project",
                "Dockerfile: does not belong at the top of the project"
            ]
        );
    }
}
