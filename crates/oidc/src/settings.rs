//! Settings of the providers that people may sign in through.

use std::collections::BTreeMap;
use std::fmt;

use domain::Role;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use url::{Host, Url};

/// The providers by their names: the section `oidc`.
pub type Settings = BTreeMap<String, ProviderSettings>;

/// The longest name of a provider.
const MAX_NAME: usize = 40;

/// One provider: `COLLOQUY_OIDC__<NAME>__…`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderSettings {
    /// Who the provider is, exactly as it calls itself; `/.well-known/openid-configuration` is asked below it.
    pub issuer: String,
    /// How the provider knows this server.
    pub client_id: String,
    /// How this server proves to the provider who it is.
    pub client_secret: String,
    /// What people see; the name in the settings where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// What the provider is asked for beside `openid`.
    #[serde(default = "default_scopes")]
    pub scopes: Vec<String>,
    /// Where the provider says which groups somebody is in.
    #[serde(default = "default_groups_claim")]
    pub groups_claim: String,
    /// Which role a group gives. With any of these the provider decides about roles: at every sign-in somebody gets the
    /// highest role of their groups, and without any such group they are members. Owners stay what they are.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub roles: BTreeMap<String, Role>,
    /// Whether people whom nobody knows here get an account.
    #[serde(default)]
    pub allow_registration: bool,
    /// Whether an account is put together with somebody whose address, as the provider has made sure of, is the account's.
    /// Only for providers that are trusted to give an address to nobody but its owner.
    #[serde(default)]
    pub link_by_verified_email: bool,
    /// Only people with addresses in these domains get an account, or are put together with one; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_domains: Vec<String>,
}

fn default_scopes() -> Vec<String> {
    vec!["email".to_owned(), "profile".to_owned()]
}

fn default_groups_claim() -> String {
    "groups".to_owned()
}

impl fmt::Debug for ProviderSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ProviderSettings").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// A setting that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{setting} {problem}")]
pub struct SettingsProblem {
    /// The path of the setting, such as `oidc.corporate.issuer`.
    pub setting: String,
    /// What is wrong with it and what would be right.
    pub problem: String,
}

/// The hosts of the issuers: whoever runs the server chose them, wherever they are.
pub fn hosts(settings: &Settings) -> impl Iterator<Item = String> {
    settings.values().filter_map(|provider| match Url::parse(&provider.issuer).ok()?.host()? {
        Host::Domain(name) => Some(name.to_owned()),
        Host::Ipv4(address) => Some(address.to_string()),
        Host::Ipv6(address) => Some(address.to_string()),
    })
}

/// Every problem with these settings.
pub fn problems(settings: &Settings) -> Vec<SettingsProblem> {
    settings.iter().flat_map(|(name, provider)| provider.problems(name)).collect()
}

impl ProviderSettings {
    fn problems(&self, name: &str) -> Vec<SettingsProblem> {
        let mut problems = Vec::new();
        let mut problem = |key: &str, problem: &str| {
            let setting = format!("oidc.{name}{}{key}", if key.is_empty() { "" } else { "." });
            problems.push(SettingsProblem { setting, problem: problem.to_owned() });
        };
        let is_plain = |character: char| character.is_ascii_lowercase() || character.is_ascii_digit();
        if name.is_empty()
            || name.len() > MAX_NAME
            || !name.chars().all(|character| is_plain(character) || "-_".contains(character))
        {
            problem(
                "",
                "must be named with at most 40 lower-case letters, digits, - and _: the name is part of addresses",
            );
        }
        if !is_issuer(&self.issuer) {
            problem("issuer", "must be an https address without a query, such as https://login.example.org");
        }
        if self.client_id.trim().is_empty() {
            problem("client_id", "must not be empty");
        }
        if self.client_secret.trim().is_empty() {
            problem("client_secret", "must not be empty; client_secret_file reads it from a file");
        }
        if self.label.as_ref().is_some_and(|label| label.trim().is_empty() || label.chars().count() > 60) {
            problem("label", "must be 1 to 60 characters long");
        }
        let is_scope = |scope: &String| {
            !scope.is_empty() && scope.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
        };
        if self.scopes.len() > 32 || !self.scopes.iter().all(is_scope) {
            problem("scopes", "must be at most 32 words");
        }
        if self.groups_claim.is_empty() {
            problem("groups_claim", "must not be empty");
        }
        if self.roles.values().any(|role| *role == Role::Owner) {
            problem("roles", "must not make owners: they are made by owners");
        }
        if self.allowed_domains.iter().any(|domain| domain.is_empty() || domain.contains(['@', ' ', '*'])) {
            problem("allowed_domains", "must be domains such as example.org");
        }
        problems
    }
}

/// Whether an address may be an issuer. In the clear, only this machine is trusted.
fn is_issuer(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    let is_loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => return false,
    };
    let is_protected = url.scheme() == "https" || (url.scheme() == "http" && is_loopback);
    let has_credentials = !url.username().is_empty() || url.password().is_some();
    is_protected && !has_credentials && url.query().is_none() && url.fragment().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provider() -> ProviderSettings {
        let minimal =
            r#"{"issuer": "https://login.example.org", "client_id": "colloquy", "client_secret": "s"}"#;
        serde_json::from_str(minimal).expect("the rest has defaults")
    }

    fn wrong(change: impl Fn(&mut ProviderSettings)) -> Vec<String> {
        let mut changed = provider();
        change(&mut changed);
        changed.problems("corporate").into_iter().map(|problem| problem.setting).collect()
    }

    #[test]
    fn what_cannot_work_is_told() {
        assert_eq!(wrong(|_| {}), [""; 0]);
        for issuer in
            ["https://login.example.org/", "https://[2001:db8::1]:8443/realms/a", "http://127.0.0.1:4711"]
        {
            assert_eq!(wrong(|provider| issuer.clone_into(&mut provider.issuer)), [""; 0], "{issuer}");
        }
        for issuer in [
            "login.example.org",
            "http://login.example.org",
            "https://a:b@login.example.org",
            "https://login.example.org?a",
            "https://login.example.org#a",
            "ftp://localhost",
            "",
        ] {
            let wrong = wrong(|provider| issuer.clone_into(&mut provider.issuer));
            assert_eq!(wrong, ["oidc.corporate.issuer"], "{issuer}");
        }
        assert_eq!(wrong(|provider| provider.client_secret.clear()), ["oidc.corporate.client_secret"]);
        assert_eq!(
            wrong(|provider| provider.roles = BTreeMap::from([("all".to_owned(), Role::Owner)])),
            ["oidc.corporate.roles"]
        );
        assert_eq!(wrong(|provider| provider.scopes.push("a b".to_owned())), ["oidc.corporate.scopes"]);
        assert_eq!(
            wrong(|provider| provider.allowed_domains.push("*.example.org".to_owned())),
            ["oidc.corporate.allowed_domains"]
        );
        assert_eq!(provider().problems("Corp").len(), 1);
    }

    #[test]
    fn the_secret_does_not_show() {
        let mut provider = provider();
        provider.client_secret = "very secret".to_owned();
        assert!(!format!("{provider:?}").contains("very secret"));
    }

    #[test]
    fn the_hosts_of_issuers_are_known() {
        let mut settings = Settings::new();
        settings.insert("a".to_owned(), provider());
        let issuer = "http://[::1]:8080".to_owned();
        settings.insert("b".to_owned(), ProviderSettings { issuer, ..provider() });
        assert_eq!(hosts(&settings).collect::<Vec<_>>(), ["login.example.org", "::1"]);
    }
}
