//! The section about the server's own key: how good a secret has to be before anybody but this machine is served.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Engine, Settings};

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
    pub fn problems(&self, settings: &Settings) -> Vec<(String, String)> {
        let is_open = is_open(&settings.server);
        let mut found = Vec::new();
        if let Some(key) = &self.secret_key {
            if let Some(problem) = weakness(key).filter(|_| is_open) {
                found.push(("security.secret_key".to_owned(), problem));
            }
        } else if is_open && settings.database.engine() == Engine::Postgres {
            let problem = "is missing: servers that share a database need the same one; `colloquy secrets generate` makes one";
            found.push(("security.secret_key".to_owned(), problem.to_owned()));
        }
        if self.previous_secret_key.is_some() && self.previous_secret_key == self.secret_key {
            let problem = "is the same as security.secret_key; leave it out".to_owned();
            found.push(("security.previous_secret_key".to_owned(), problem));
        }
        if is_open {
            let examples = with_examples(settings).into_iter();
            let problem = "has a password out of an example; anybody would try it";
            found.extend(examples.map(|setting| (setting, problem.to_owned())));
        }
        found
    }
}

/// Whether others than the people at this machine are served: it listens elsewhere, or a proxy passes them on.
pub fn is_open(settings: &server::Settings) -> bool {
    let named = settings.allowed_hosts.iter().map(|name| url::Url::parse(&format!("http://{name}")).ok());
    let mut sites = named.chain(settings.public_url.as_ref().map(|url| Some(url.clone())));
    !settings.listen.ip().is_loopback()
        || !settings.trusted_proxies.is_empty()
        || sites.any(|site| !site.as_ref().is_some_and(is_this_machine))
}

/// Whether an address leads to this machine.
fn is_this_machine(url: &url::Url) -> bool {
    match url.host_str() {
        // The addresses of databases are not those of the web, whose addresses of IPv4 are read as such.
        Some(host) => {
            let bare = host.trim_start_matches('[').trim_end_matches(']');
            let is_address = bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
            is_address || bare == "localhost" || bare.ends_with(".localhost")
        }
        None => true,
    }
}

/// The settings whose secrets are some that everybody tries first. What is on this machine is the business of whoever has it.
fn with_examples(settings: &Settings) -> Vec<String> {
    let mut found = Vec::new();
    let stores = [
        ("database.url", Some(&settings.database.url)),
        ("database.read_url", settings.database.read_url.as_ref()),
        ("redis.url", settings.redis.url.as_ref()),
    ];
    for (setting, address) in stores {
        let address = address.and_then(|address| address.parse::<url::Url>().ok());
        let elsewhere = address.filter(|address| !is_this_machine(address));
        if elsewhere.is_some_and(|address| address.password().is_some_and(is_example)) {
            found.push(setting.to_owned());
        }
    }
    if settings.mail.password.as_deref().is_some_and(is_example) {
        found.push("mail.password".to_owned());
    }
    let providers = settings.oidc.iter().filter(|(_, provider)| is_example(&provider.client_secret));
    found.extend(providers.map(|(name, _)| format!("oidc.{name}.client_secret")));
    found
}

fn is_example(secret: &str) -> bool {
    EXAMPLES.contains(&secret.trim().to_lowercase().as_str())
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
        let named = |settings: &Settings| -> Vec<String> {
            settings.security.problems(settings).into_iter().map(|(setting, _)| setting).collect()
        };
        assert_eq!(named(&settings), ["security.secret_key", "database.url"]);
        settings.security.secret_key = None;
        settings.database.url = "postgres://colloquy:Jq7mCqvYt1pN@db/colloquy".to_owned();
        assert_eq!(named(&settings), ["security.secret_key"]);
        settings.database.url = "sqlite://data/colloquy.db".to_owned();
        assert_eq!(named(&settings), [""; 0]);
        settings.database.read_url = Some("postgres://colloquy:Secret@replica/colloquy".to_owned());
        settings.redis.url = Some("redis://:changeme@cache:6379".to_owned());
        settings.mail.password = Some("password".to_owned());
        let provider = serde_json::from_value(serde_json::json!({
            "issuer": "https://id.example.org", "client_id": "colloquy", "client_secret": "change-me",
        }));
        settings.oidc.insert("work".to_owned(), provider.expect("a provider"));
        let all = ["database.read_url", "redis.url", "mail.password", "oidc.work.client_secret"];
        assert_eq!(named(&settings), all);
        settings.server.listen = ([127, 0, 0, 1], 8080).into();
        assert_eq!(named(&settings), [""; 0]);
    }

    #[test]
    fn whoever_is_behind_a_proxy_is_served_though_only_this_machine_is_listened_to() {
        let with = |change: fn(&mut server::Settings)| {
            let mut settings = server::Settings::default();
            change(&mut settings);
            is_open(&settings)
        };
        assert!(!with(|_| {}));
        assert!(!with(|settings| settings.public_url = "http://localhost:8080".parse().ok()));
        assert!(!with(|settings| settings.public_url = "http://[::1]:8080".parse().ok()));
        assert!(!with(|settings| settings.allowed_hosts = vec!["chat.localhost:8080".to_owned()]));
        assert!(with(|settings| settings.public_url = "https://chat.example.org".parse().ok()));
        assert!(with(|settings| settings.allowed_hosts = vec!["chat.example.org".to_owned()]));
        assert!(with(|settings| settings.trusted_proxies = vec!["127.0.0.1/32".parse().expect("a network")]));
        assert!(with(|settings| settings.listen = ([192, 0, 2, 7], 8080).into()));
    }
}
