//! Settings of a Postgres database.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};
use thiserror::Error;

use crate::address::Address;
use crate::escaping;

/// Settings of a Postgres database.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Where the database is: `postgres://user:password@host:port/name`. After a `?`, `sslmode` says how far the way there
    /// is to be trusted (`disable`, `prefer`, `require`, `verify-full`; the default is `prefer`), and `sslrootcert`
    /// names a file with the certificates to trust instead of those of the system.
    #[serde(serialize_with = "without_password")]
    pub url: String,
    /// A replica that lists and search may read, in the same form.
    #[serde(serialize_with = "optional_without_password")]
    pub read_url: Option<String>,
    /// The most connections to the database, and as many to the replica.
    pub pool: u16,
    /// How long a request waits for a free connection before it is answered "unavailable", in milliseconds.
    pub wait_timeout_ms: u32,
    /// How long making a connection may take, in milliseconds. A request does not wait longer than `wait_timeout_ms` for
    /// it; the connection is made all the same, for those that come later.
    pub connect_timeout_ms: u32,
    /// How long one statement may take, in milliseconds.
    pub statement_timeout_ms: u32,
    /// Whether opening applies pending migrations; otherwise it refuses while there are any.
    pub migrate: bool,
    /// How the words of new workspaces are stemmed for search: `simple` (not at all), or a language such as `english`.
    pub search_language: String,
    /// How many months of the event log are kept; 0 means all of it.
    pub keep_events_months: u16,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            url: "postgres://colloquy@localhost/colloquy".to_owned(),
            read_url: None,
            pool: 16,
            wait_timeout_ms: 1_000,
            connect_timeout_ms: 5_000,
            statement_timeout_ms: 5_000,
            migrate: true,
            search_language: "simple".to_owned(),
            keep_events_months: 0,
        }
    }
}

/// The text search configurations that Postgres 15 brings along.
const LANGUAGES: [&str; 29] = [
    "simple",
    "arabic",
    "armenian",
    "basque",
    "catalan",
    "danish",
    "dutch",
    "english",
    "finnish",
    "french",
    "german",
    "greek",
    "hindi",
    "hungarian",
    "indonesian",
    "irish",
    "italian",
    "lithuanian",
    "nepali",
    "norwegian",
    "portuguese",
    "romanian",
    "russian",
    "serbian",
    "spanish",
    "swedish",
    "tamil",
    "turkish",
    "yiddish",
];

/// A setting that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("database.{setting} {problem}")]
pub struct SettingsProblem {
    /// The field of [`Settings`].
    pub setting: &'static str,
    /// What is wrong with it and what would be right; never a secret.
    pub problem: String,
}

impl SettingsProblem {
    pub(crate) fn new(setting: &'static str, problem: impl Into<String>) -> Self {
        Self { setting, problem: problem.into() }
    }
}

impl Settings {
    /// The settings of a database, all others at their defaults.
    pub fn at(url: &str) -> Self {
        Self { url: url.to_owned(), ..Self::default() }
    }

    /// Every problem with these settings.
    pub fn problems(&self) -> Vec<SettingsProblem> {
        let mut problems = Vec::new();
        for (setting, url) in
            [("url", Some(&self.url)), ("read_url", self.read_url.as_ref().filter(|url| !url.is_empty()))]
        {
            if let Some(problem) = url.and_then(|url| Address::parse(setting, url).err()) {
                problems.push(problem);
            }
        }
        let mut check = |setting, number: u32, least: u32, most: u32| {
            if !(least..=most).contains(&number) {
                let problem = format!("must be from {least} to {most}, not {number}");
                problems.push(SettingsProblem::new(setting, problem));
            }
        };
        check("pool", self.pool.into(), 2, 1_000);
        check("wait_timeout_ms", self.wait_timeout_ms, 10, 60_000);
        check("connect_timeout_ms", self.connect_timeout_ms, 10, 60_000);
        check("statement_timeout_ms", self.statement_timeout_ms, 100, 600_000);
        check("keep_events_months", self.keep_events_months.into(), 0, 1_200);
        if !LANGUAGES.contains(&self.search_language.as_str()) {
            let problem = format!("must be one of {}, not {:?}", LANGUAGES.join(", "), self.search_language);
            problems.push(SettingsProblem::new("search_language", problem));
        }
        problems
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Settings")
            .field("url", &hidden(&self.url))
            .field("read_url", &self.read_url.as_deref().map(hidden))
            .field("pool", &self.pool)
            .field("wait_timeout_ms", &self.wait_timeout_ms)
            .field("connect_timeout_ms", &self.connect_timeout_ms)
            .field("statement_timeout_ms", &self.statement_timeout_ms)
            .field("migrate", &self.migrate)
            .field("search_language", &self.search_language)
            .field("keep_events_months", &self.keep_events_months)
            .finish()
    }
}

/// An address without the password in it, wherever in it the password stands.
pub(crate) fn hidden(url: &str) -> String {
    if !escaping::is_clear(url) {
        return "(an address that cannot be read)".to_owned();
    }
    let (address, query) = url.split_once('?').map_or((url, None), |(address, query)| (address, Some(query)));
    let Some((scheme, rest)) = address.split_once("://") else { return "(not an address)".to_owned() };
    let shown = match rest.rsplit_once('@') {
        Some((user, place)) => match user.split_once(':') {
            Some((name, _)) => format!("{scheme}://{name}:***@{place}"),
            None => format!("{scheme}://{user}@{place}"),
        },
        None => format!("{scheme}://{rest}"),
    };
    let Some(query) = query else { return shown };
    let kept = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) if name.eq_ignore_ascii_case("password") => "password=***",
        _ => pair,
    });
    format!("{shown}?{}", kept.collect::<Vec<_>>().join("&"))
}

fn without_password<S: Serializer>(url: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&hidden(url))
}

#[expect(clippy::ref_option, reason = "serde hands over fields like this")]
fn optional_without_password<S: Serializer>(url: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    url.as_deref().map(hidden).serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_is_named_at_once() {
        let settings = Settings {
            url: "sqlite://data.db".into(),
            read_url: Some("postgres://host/".into()),
            pool: 0,
            search_language: "klingon".into(),
            ..Settings::default()
        };
        let problems: Vec<&str> = settings.problems().iter().map(|problem| problem.setting).collect();
        assert_eq!(problems, ["url", "read_url", "pool", "search_language"]);
        assert_eq!(Settings::default().problems(), []);
    }

    #[test]
    fn passwords_are_never_shown() {
        for url in ["postgres://ada:s3cret@host/db", "postgres://ada@host/db?password=s3cret&sslmode=require"]
        {
            let settings = Settings { read_url: Some(url.to_owned()), ..Settings::at(url) };
            let shown =
                format!("{settings:?} {}", serde_json::to_string(&settings).expect("it is serialised"));
            assert!(!shown.contains("s3cret"), "{shown}");
            assert!(shown.contains("***") && shown.contains("host"), "{shown}");
        }
        assert!(!hidden("postgres:/ada:s3cret@host/db").contains("s3cret"));
        let problem = Address::parse("url", "postgres://ada:s3cret@host:port/db").expect_err("it is refused");
        assert!(!problem.to_string().contains("s3cret"), "{problem}");
    }
}
