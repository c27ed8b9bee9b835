//! The section about the server's own key: how good a secret has to be before anybody but this machine is served.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{DatabaseSettings, Engine, Settings};

/// The server's own key, from which all others are opened.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SecuritySettings {
    /// The secret; without it one is made at the first start and kept in the data folder.
    pub secret_key: Option<String>,
    /// The secret that counted before, until `colloquy secrets rotate` has been run.
    pub previous_secret_key: Option<String>,
}

/// The fewest characters of a secret key.
const LEAST_CHARACTERS: usize = 32;
/// The fewest different characters of a secret key.
const LEAST_DIFFERENT: usize = 12;
/// What secrets are called in examples.
const EXAMPLES: [&str; 12] = [
    "changeme",
    "change-me",
    "change_me",
    "secret",
    "password",
    "passw0rd",
    "example",
    "postgres",
    "colloquy",
    "admin",
    "default",
    "12345678",
];

impl SecuritySettings {
    /// Everything that is wrong, by setting.
    pub fn problems(&self, settings: &Settings) -> Vec<(&'static str, String)> {
        let is_open = !settings.server.listen.ip().is_loopback();
        let mut found = Vec::new();
        if let Some(key) = &self.secret_key {
            if let Some(problem) = weakness(key).filter(|_| is_open) {
                found.push(("security.secret_key", problem));
            }
        } else if is_open && settings.database.engine() == Engine::Postgres {
            let problem = "is missing: servers that share a database need the same one; `colloquy secrets generate` makes one";
            found.push(("security.secret_key", problem.to_owned()));
        }
        if self.previous_secret_key.is_some() && self.previous_secret_key == self.secret_key {
            let problem = "is the same as security.secret_key; leave it out".to_owned();
            found.push(("security.previous_secret_key", problem));
        }
        if is_open && has_example_password(&settings.database) {
            let problem = "has a password out of an example; anybody would try it".to_owned();
            found.push(("database.url", problem));
        }
        found
    }
}

/// Why a secret key could be guessed.
fn weakness(key: &str) -> Option<String> {
    let length = key.chars().count();
    let different = key.chars().collect::<std::collections::BTreeSet<_>>().len();
    let advice = "`colloquy secrets generate` makes one";
    if length < LEAST_CHARACTERS {
        return Some(format!("must have at least {LEAST_CHARACTERS} characters; {advice}"));
    }
    let folded = key.to_lowercase();
    let example = EXAMPLES.iter().find(|example| folded.contains(*example));
    if let Some(example) = example.filter(|example| length < LEAST_CHARACTERS + example.len()) {
        return Some(format!("looks like an example (it holds {example:?}); {advice}"));
    }
    (different < LEAST_DIFFERENT).then(|| format!("has too few different characters; {advice}"))
}

/// Whether the database is elsewhere and its password is one that everybody tries first.
fn has_example_password(database: &DatabaseSettings) -> bool {
    let Ok(address) = database.url.parse::<url::Url>() else { return false };
    let is_elsewhere = match address.host() {
        Some(url::Host::Domain(name)) => name != "localhost",
        Some(url::Host::Ipv4(address)) => !address.is_loopback(),
        Some(url::Host::Ipv6(address)) => !address.is_loopback(),
        None => false,
    };
    is_elsewhere
        && address.password().is_some_and(|password| EXAMPLES.contains(&password.to_lowercase().as_str()))
}

impl fmt::Debug for SecuritySettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SecuritySettings").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_could_be_guessed_is_refused() {
        for weak in [
            "short",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "change-me-change-me-change-me-12345",
            "my-very-own-secret-for-the-server",
        ] {
            assert!(weakness(weak).is_some(), "{weak}");
        }
        for good in [
            "Z0x3eJq7mCqvYt1pN5wL8sRb2uKd9aHf",
            "4f1d2c3b5a69788796a5b4c3d2e1f00f1e2d3c4b5a6978f8e7d6c5b4a3928170",
        ] {
            assert_eq!(weakness(good), None, "{good}");
        }
    }

    #[test]
    fn a_server_for_others_needs_good_secrets_and_one_for_this_machine_does_not() {
        let mut settings = Settings::default();
        settings.security.secret_key = Some("short".to_owned());
        settings.database.url = "postgres://colloquy:postgres@db/colloquy".to_owned();
        assert_eq!(settings.security.problems(&settings), []);
        settings.server.listen = ([0, 0, 0, 0], 8080).into();
        let named = |settings: &Settings| -> Vec<&str> {
            settings.security.problems(settings).into_iter().map(|(setting, _)| setting).collect()
        };
        assert_eq!(named(&settings), ["security.secret_key", "database.url"]);
        settings.security.secret_key = None;
        settings.database.url = "postgres://colloquy:Jq7mCqvYt1pN@db/colloquy".to_owned();
        assert_eq!(named(&settings), ["security.secret_key"]);
        settings.database.url = "sqlite://data/colloquy.db".to_owned();
        assert_eq!(named(&settings), [""; 0]);
    }
}
