//! Settings of the embedded database.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Settings of the embedded database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Where the database is: `sqlite://` and a path, which is relative unless it begins with a third slash.
    pub url: String,
    /// Threads that read, each with a connection of its own.
    pub readers: u8,
    /// The most units of work that share one commit.
    pub group: u16,
    /// The most units of work that wait for the writer; beyond that it answers "unavailable" at once.
    pub write_queue: u16,
    /// The most queries that wait for a reader; beyond that it answers "unavailable" at once.
    pub read_queue: u16,
    /// The page cache of each connection, in KiB.
    pub cache_kib: u32,
    /// How much of the file is read through the memory map of the operating system, in MiB; 0 switches it off.
    pub mmap_mib: u32,
    /// The largest size of the database, in MiB; beyond it changes are refused until something is deleted. 0 means
    /// as large as the disk.
    pub max_mib: u32,
    /// How long to wait for another program that holds the file, in milliseconds.
    pub busy_timeout_ms: u32,
    /// Whether opening applies pending migrations; otherwise it refuses while there are any.
    pub migrate: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            url: "sqlite://data/colloquy.db".to_owned(),
            readers: 4,
            group: 128,
            write_queue: 1024,
            read_queue: 1024,
            cache_kib: 16 * 1024,
            mmap_mib: 256,
            max_mib: 0,
            busy_timeout_ms: 2000,
            migrate: true,
        }
    }
}

/// A setting that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("database.{setting} {problem}")]
pub struct SettingsProblem {
    /// The field of [`Settings`].
    pub setting: &'static str,
    /// What is wrong with it and what would be right.
    pub problem: String,
}

impl Settings {
    /// The defaults with another file.
    pub fn at(path: &Path) -> Self {
        Self { url: format!("sqlite://{}", path.display()), ..Self::default() }
    }

    /// Every problem with these settings.
    pub fn problems(&self) -> Vec<SettingsProblem> {
        let mut problems = Vec::new();
        if let Err(problem) = self.path() {
            problems.push(problem);
        }
        let mut check = |setting, value: u32, least: u32, most: u32| {
            if !(least..=most).contains(&value) {
                let problem = format!("must be between {least} and {most}, but is {value}");
                problems.push(SettingsProblem { setting, problem });
            }
        };
        check("readers", self.readers.into(), 1, 64);
        check("group", self.group.into(), 1, 1024);
        check("write_queue", self.write_queue.into(), 1, 65_535);
        check("read_queue", self.read_queue.into(), 1, 65_535);
        check("cache_kib", self.cache_kib, 64, 16 * 1024 * 1024);
        check("mmap_mib", self.mmap_mib, 0, 1024 * 1024);
        check("max_mib", self.max_mib, 0, 16 * 1024 * 1024);
        check("busy_timeout_ms", self.busy_timeout_ms, 0, 60_000);
        problems
    }

    /// The file that the database is in.
    pub fn path(&self) -> Result<PathBuf, SettingsProblem> {
        let problem = |problem: &str| SettingsProblem { setting: "url", problem: problem.to_owned() };
        let path = self
            .url
            .strip_prefix("sqlite://")
            .ok_or_else(|| problem("must begin with sqlite://, such as sqlite://data/colloquy.db"))?;
        if path.is_empty() || path.ends_with('/') {
            return Err(problem("must name a file, such as sqlite://data/colloquy.db"));
        }
        if path.contains(":memory:") {
            return Err(problem("must name a file: a database in memory would be lost with the process"));
        }
        if path.contains(['?', '#', '\0']) {
            return Err(problem("must be a plain path, without ?, # or NUL"));
        }
        Ok(PathBuf::from(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_is_named_at_once() {
        let settings =
            Settings { url: "postgres://localhost".into(), readers: 0, group: 0, ..Settings::default() };
        let problems: Vec<&str> = settings.problems().iter().map(|problem| problem.setting).collect();
        assert_eq!(problems, ["url", "readers", "group"]);
        assert_eq!(Settings::default().problems(), []);
    }

    #[test]
    fn a_url_names_a_file() {
        let path = |url: &str| Settings { url: url.into(), ..Settings::default() }.path().ok();
        assert_eq!(path("sqlite://data/colloquy.db"), Some("data/colloquy.db".into()));
        assert_eq!(path("sqlite:///var/lib/colloquy.db"), Some("/var/lib/colloquy.db".into()));
        for wrong in
            ["sqlite://", "sqlite://data/", "sqlite://:memory:", "sqlite://a.db?mode=memory", "data.db"]
        {
            assert_eq!(path(wrong), None, "{wrong} was accepted");
        }
    }
}
