//! The section about the database: its address says which one it is, and so which of the other settings count.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::secrets::without_password;

/// The databases that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// Embedded: a file of this machine, for one node.
    Sqlite,
    /// A server, for any number of nodes.
    Postgres,
}

/// Settings of the database. What is about one of the two only is left alone, at its default, with the other one.
#[derive(Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DatabaseSettings {
    /// Where the database is: `sqlite://` and a path, or `postgres://user:password@host:port/name`.
    pub url: String,
    /// Whether opening applies pending migrations; otherwise it refuses while there are any.
    pub migrate: bool,

    /// SQLite: see [`sqlite::Settings::readers`].
    pub readers: u8,
    /// SQLite: see [`sqlite::Settings::group`].
    pub group: u16,
    /// SQLite: see [`sqlite::Settings::write_queue`].
    pub write_queue: u16,
    /// SQLite: see [`sqlite::Settings::read_queue`].
    pub read_queue: u16,
    /// SQLite: see [`sqlite::Settings::cache_kib`].
    pub cache_kib: u32,
    /// SQLite: see [`sqlite::Settings::mmap_mib`].
    pub mmap_mib: u32,
    /// SQLite: see [`sqlite::Settings::max_mib`].
    pub max_mib: u32,
    /// SQLite: see [`sqlite::Settings::busy_timeout_ms`].
    pub busy_timeout_ms: u32,

    /// Postgres: see [`postgres::Settings::read_url`].
    pub read_url: Option<String>,
    /// Postgres: see [`postgres::Settings::pool`].
    pub pool: u16,
    /// Postgres: see [`postgres::Settings::wait_timeout_ms`].
    pub wait_timeout_ms: u32,
    /// Postgres: see [`postgres::Settings::connect_timeout_ms`].
    pub connect_timeout_ms: u32,
    /// Postgres: see [`postgres::Settings::statement_timeout_ms`].
    pub statement_timeout_ms: u32,
    /// Postgres: see [`postgres::Settings::search_language`].
    pub search_language: String,
    /// Postgres: see [`postgres::Settings::keep_events_months`].
    pub keep_events_months: u16,
}

/// What is about SQLite only.
const SQLITE_ONLY: [&str; 8] =
    ["readers", "group", "write_queue", "read_queue", "cache_kib", "mmap_mib", "max_mib", "busy_timeout_ms"];
/// What is about Postgres only.
const POSTGRES_ONLY: [&str; 7] = [
    "read_url",
    "pool",
    "wait_timeout_ms",
    "connect_timeout_ms",
    "statement_timeout_ms",
    "search_language",
    "keep_events_months",
];

impl Default for DatabaseSettings {
    fn default() -> Self {
        let (sqlite, postgres) = (sqlite::Settings::default(), postgres::Settings::default());
        Self {
            url: sqlite.url,
            migrate: sqlite.migrate,
            readers: sqlite.readers,
            group: sqlite.group,
            write_queue: sqlite.write_queue,
            read_queue: sqlite.read_queue,
            cache_kib: sqlite.cache_kib,
            mmap_mib: sqlite.mmap_mib,
            max_mib: sqlite.max_mib,
            busy_timeout_ms: sqlite.busy_timeout_ms,
            read_url: postgres.read_url,
            pool: postgres.pool,
            wait_timeout_ms: postgres.wait_timeout_ms,
            connect_timeout_ms: postgres.connect_timeout_ms,
            statement_timeout_ms: postgres.statement_timeout_ms,
            search_language: postgres.search_language,
            keep_events_months: postgres.keep_events_months,
        }
    }
}

impl fmt::Debug for DatabaseSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.engine() {
            Engine::Sqlite => self.sqlite().fmt(formatter),
            Engine::Postgres => self.postgres().fmt(formatter),
        }
    }
}

impl Engine {
    /// The database of an address, by its scheme.
    pub fn of(url: &str) -> Option<Self> {
        match url.split_once("://")?.0 {
            "sqlite" => Some(Self::Sqlite),
            "postgres" | "postgresql" => Some(Self::Postgres),
            _ => None,
        }
    }

    /// What it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "Postgres",
        }
    }
}

impl DatabaseSettings {
    /// Which database it is; SQLite as long as nobody has said so.
    pub fn engine(&self) -> Engine {
        Engine::of(&self.url).unwrap_or(Engine::Sqlite)
    }

    /// Whether a setting of this section is about the other database.
    pub fn is_foreign(&self, key: &str) -> bool {
        match self.engine() {
            Engine::Sqlite => POSTGRES_ONLY.contains(&key),
            Engine::Postgres => SQLITE_ONLY.contains(&key),
        }
    }

    /// The address without the password in it.
    pub fn shown_url(&self) -> String {
        without_password(&self.url)
    }

    /// The settings of the embedded database.
    pub fn sqlite(&self) -> sqlite::Settings {
        sqlite::Settings {
            url: self.url.clone(),
            readers: self.readers,
            group: self.group,
            write_queue: self.write_queue,
            read_queue: self.read_queue,
            cache_kib: self.cache_kib,
            mmap_mib: self.mmap_mib,
            max_mib: self.max_mib,
            busy_timeout_ms: self.busy_timeout_ms,
            migrate: self.migrate,
        }
    }

    /// The settings of the database on a server.
    pub fn postgres(&self) -> postgres::Settings {
        postgres::Settings {
            url: self.url.clone(),
            read_url: self.read_url.clone(),
            pool: self.pool,
            wait_timeout_ms: self.wait_timeout_ms,
            connect_timeout_ms: self.connect_timeout_ms,
            statement_timeout_ms: self.statement_timeout_ms,
            migrate: self.migrate,
            search_language: self.search_language.clone(),
            keep_events_months: self.keep_events_months,
        }
    }

    /// Every problem with these settings: the key and what is wrong with it.
    pub fn problems(&self) -> Vec<(String, String)> {
        let Some(engine) = Engine::of(&self.url) else {
            let words = "must begin with sqlite:// or postgres://, such as sqlite://data/colloquy.db or \
                         postgres://colloquy@localhost/colloquy";
            return vec![("url".to_owned(), words.to_owned())];
        };
        let mut found = self.foreign(engine);
        match engine {
            Engine::Sqlite => {
                let problems = self.sqlite().problems();
                found.extend(problems.into_iter().map(|it| (it.setting.to_owned(), it.problem)));
            }
            Engine::Postgres => {
                let problems = self.postgres().problems();
                found.extend(problems.into_iter().map(|it| (it.setting.to_owned(), it.problem)));
            }
        }
        found
    }

    /// What was set although it is about the other database.
    fn foreign(&self, engine: Engine) -> Vec<(String, String)> {
        let other = match engine {
            Engine::Sqlite => Engine::Postgres,
            Engine::Postgres => Engine::Sqlite,
        };
        let values = |settings: &Self| serde_json::to_value(settings).unwrap_or_default();
        let (ours, defaults) = (values(self), values(&Self::default()));
        let foreign = SQLITE_ONLY.iter().chain(&POSTGRES_ONLY).filter(|key| self.is_foreign(key));
        foreign
            .filter(|key| ours.get(key) != defaults.get(key))
            .map(|key| {
                let words = format!(
                    "is about {}, but database.url names a database of {}; leave one of them out",
                    other.name(),
                    engine.name()
                );
                ((*key).to_owned(), words)
            })
            .collect()
    }
}
