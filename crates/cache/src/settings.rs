//! Settings of what is remembered, and of Redis.

use std::fmt;
use std::time::Duration;

use redis::{Client, IntoConnectionInfo as _, ProtocolVersion};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What is remembered within the process: the section `cache`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The most that remembered values may weigh, in MiB.
    pub weight_mib: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { weight_mib: 32 }
    }
}

impl Settings {
    /// Every problem with these settings.
    pub fn problems(&self) -> Vec<SettingsProblem> {
        out_of_range("cache.weight_mib", self.weight_mib, 1, 64 * 1024).into_iter().collect()
    }
}

/// Where a Redis or Valkey is, one server and no cluster: the section `redis`. Without an address there is none, and the
/// process is alone.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RedisSettings {
    /// Its address: `redis://user:password@host:port/database`, or `rediss://` for TLS.
    pub url: Option<String>,
    /// What the names of all keys and channels begin with, so that others may use the same server.
    pub prefix: String,
    /// The longest wait for an answer, in milliseconds; then the request goes on without Redis.
    pub timeout_ms: u32,
}

impl Default for RedisSettings {
    fn default() -> Self {
        Self { url: None, prefix: "colloquy".to_owned(), timeout_ms: 100 }
    }
}

/// A setting that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{setting} {problem}")]
pub struct SettingsProblem {
    /// The path of the setting, such as `redis.url`.
    pub setting: &'static str,
    /// What is wrong with it and what would be right.
    pub problem: String,
}

impl RedisSettings {
    /// The defaults with a server.
    pub fn at(url: &str) -> Self {
        Self { url: Some(url.to_owned()), ..Self::default() }
    }

    /// Every problem with these settings.
    pub fn problems(&self) -> Vec<SettingsProblem> {
        let mut problems = Vec::new();
        if let Some(url) = &self.url
            && let Err(problem) = client(url)
        {
            problems.push(problem);
        }
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.:".contains(letter);
        if self.prefix.is_empty() || self.prefix.len() > 64 || !self.prefix.chars().all(is_plain) {
            let problem = "must be 1 to 64 letters, digits or characters of -_.:".to_owned();
            problems.push(SettingsProblem { setting: "redis.prefix", problem });
        }
        problems.extend(out_of_range("redis.timeout_ms", self.timeout_ms, 5, 10_000));
        problems
    }

    /// The longest wait for an answer.
    pub(crate) const fn patience(&self) -> Duration {
        Duration::from_millis(self.timeout_ms as u64)
    }

    /// The address without its password, for messages.
    pub(crate) fn place(&self) -> String {
        self.url.as_deref().map_or_else(|| "nowhere".to_owned(), without_credentials)
    }
}

impl fmt::Debug for RedisSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RedisSettings")
            .field("url", &self.url.as_deref().map(without_credentials))
            .field("prefix", &self.prefix)
            .field("timeout_ms", &self.timeout_ms)
            .finish()
    }
}

/// A client of the server at an address; does not connect yet.
pub fn client(url: &str) -> Result<Client, SettingsProblem> {
    let problem = |problem: &str| SettingsProblem { setting: "redis.url", problem: problem.to_owned() };
    let scheme = url.split_once("://").map(|(scheme, _)| scheme);
    if !matches!(scheme, Some("redis" | "rediss")) {
        return Err(problem("must begin with redis:// or rediss://, such as redis://127.0.0.1:6379"));
    }
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (authority, place) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    if place.contains(['@', '#']) || authority.matches('@').count() > 1 {
        return Err(problem(
            "cannot be read, because a special character in the user or the password was not escaped; write @ as %40, \
             / as %2F, : as %3A, # as %23 and ? as %3F",
        ));
    }
    let database = place.strip_prefix('/').map_or("", |path| path.split('?').next().unwrap_or_default());
    if !database.is_empty() && database.parse::<u32>().is_err() {
        return Err(problem(
            "ends in a database that is no number; the databases of Redis have numbers, such as \
             redis://127.0.0.1:6379/0",
        ));
    }
    // What is wrong may be the password itself, so the words of the parser are not repeated.
    let unusable =
        || problem("is not an address such as redis://:password@host:6379/0; escape what is special in it");
    let info = url.into_connection_info().map_err(|_| unusable())?;
    let redis = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    Client::open(info.set_redis_settings(redis)).map_err(|_| unusable())
}

fn out_of_range(setting: &'static str, value: u32, least: u32, most: u32) -> Option<SettingsProblem> {
    let problem = || format!("must be between {least} and {most}, but is {value}");
    (!(least..=most).contains(&value)).then(|| SettingsProblem { setting, problem: problem() })
}

/// Scheme and place of an address. A password may hold anything where it was not escaped, so what is hidden goes up to
/// the last `@`; what follows a `?` is left out.
fn without_credentials(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("redis", url));
    let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
    let place = place.split_once('?').map_or(place, |(place, _)| place);
    format!("{scheme}://{place}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_is_named_at_once() {
        let settings =
            RedisSettings { url: Some("http://localhost".into()), prefix: "a b".into(), timeout_ms: 0 };
        let problems: Vec<&str> = settings.problems().iter().map(|problem| problem.setting).collect();
        assert_eq!(problems, ["redis.url", "redis.prefix", "redis.timeout_ms"]);
        assert_eq!(RedisSettings::default().problems(), []);
        assert_eq!(Settings { weight_mib: 0 }.problems()[0].setting, "cache.weight_mib");
        assert_eq!(Settings::default().problems(), []);
    }

    #[test]
    fn addresses_are_told_from_what_is_none() {
        for right in ["redis://localhost", "redis://ada:pass@cache:6379/1", "rediss://:pass@cache"] {
            assert_eq!(RedisSettings::at(right).problems(), [], "{right}");
        }
        for wrong in ["localhost:6379", "redis://", "redis://localhost/text", "unix:///run/redis", ""] {
            assert_eq!(RedisSettings::at(wrong).problems().len(), 1, "{wrong}");
        }
    }

    #[test]
    fn a_password_that_was_not_escaped_is_refused_and_no_part_of_it_is_told() {
        for secret in ["SEC@RETXX", "SE@C/RETXX", "SEC/RETXX", "SE?CRETXX", "SEC#RETXX", "S?E@C"] {
            let settings = RedisSettings::at(&format!("redis://:{secret}@cache:6379/1"));
            let said = format!("{:?} {settings:?}", settings.problems());
            assert!(said.contains("%40"), "{said}");
            for part in ["SE", "RET", "XX"] {
                assert!(!said.contains(part), "{part} of {secret} is told: {said}");
            }
        }
        assert_eq!(RedisSettings::at("redis://:SEC%40RET%2F@cache:6379/1").problems(), []);
    }

    #[test]
    fn the_database_of_redis_has_a_number() {
        let said = RedisSettings::at("redis://cache:6379/colloquy").problems()[0].to_string();
        assert!(said.starts_with("redis.url") && said.contains("is no number"), "{said}");
        assert_eq!(RedisSettings::at("redis://cache:6379/7?protocol=resp3").problems(), []);
        assert_eq!(RedisSettings::at("redis://cache:6379/").problems(), []);
    }

    #[test]
    fn a_password_is_never_shown() {
        for url in [
            "redis://:hunter2@cache:6379/1",
            "redis://ada:hun@ter2@cache",
            "redis://cache:x?password=hunter2",
        ] {
            let settings = RedisSettings::at(url);
            let shown = format!("{settings:?} {:?} {}", settings.problems(), settings.place());
            assert!(!shown.contains("ter2"), "{shown}");
            assert!(shown.contains("cache"), "{shown}");
        }
    }
}
