//! Settings of the guard.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Where the server may connect to when somebody else than the operator names the address: the section `outbound`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Names, addresses and networks that are not public, and may be connected to all the same; without ports.
    pub allowed_hosts: Vec<String>,
}

/// A setting that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{setting} {problem}")]
pub struct SettingsProblem {
    /// The path of the setting, such as `outbound.allowed_hosts`.
    pub setting: &'static str,
    /// What is wrong with it and what would be right.
    pub problem: String,
}

/// What an entry allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A host by its name, in lower case and without a dot at its end.
    Name(String),
    /// A network, or a single address.
    Network(IpNet),
}

impl Settings {
    /// Every problem with these settings.
    pub fn problems(&self) -> Vec<SettingsProblem> {
        self.entries().err().unwrap_or_default()
    }

    /// What is allowed.
    pub(crate) fn entries(&self) -> Result<Vec<Entry>, Vec<SettingsProblem>> {
        let (mut entries, mut problems) = (Vec::new(), Vec::new());
        for text in &self.allowed_hosts {
            match Entry::read(text) {
                Some(entry) => entries.push(entry),
                None => problems.push(SettingsProblem {
                    setting: "outbound.allowed_hosts",
                    problem: format!(
                        "holds {text:?}; each must be a name, an address or a network, such as ollama.example.org, \
                         192.168.1.5 or 192.168.1.0/24, without a scheme or a port"
                    ),
                }),
            }
        }
        if problems.is_empty() { Ok(entries) } else { Err(problems) }
    }
}

impl Entry {
    fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(network) = text.parse::<IpNet>() {
            return Some(Self::Network(network.trunc()));
        }
        if let Ok(address) = text.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
            return Some(Self::Network(address.into()));
        }
        // As addresses are read, so that both sides are in the same form: an unusual spelling of an address is one.
        match url::Host::parse(text).ok()? {
            url::Host::Domain(name)
                if name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)) =>
            {
                Some(Self::Name(without_dot(&name).to_owned()))
            }
            _ => None,
        }
    }
}

/// A name without the dot that says that it is complete.
pub fn without_dot(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(entries: &[&str]) -> Settings {
        Settings { allowed_hosts: entries.iter().map(|&entry| entry.to_owned()).collect() }
    }

    #[test]
    fn names_addresses_and_networks_are_told_apart() {
        let read = settings(&[
            "Ollama.Example.ORG.",
            "192.168.1.5",
            "10.1.2.3/8",
            "::1",
            "[fd00::1]",
            "fd00::/8",
            "gpu",
        ]);
        let network = |text: &str| Entry::Network(text.parse().expect("a network"));
        let expected = [
            Entry::Name("ollama.example.org".to_owned()),
            network("192.168.1.5/32"),
            network("10.0.0.0/8"),
            network("::1/128"),
            network("fd00::1/128"),
            network("fd00::/8"),
            Entry::Name("gpu".to_owned()),
        ];
        assert_eq!(read.entries().expect("they are right"), expected);
        assert_eq!(read.problems(), []);
    }

    #[test]
    fn whatever_else_it_is_is_a_problem() {
        for wrong in [
            "",
            "http://host",
            "host:80",
            "host/path",
            "10.0.0.0/33",
            "a b",
            "0x7f000001",
            "127.1",
            "*",
            "*.lan",
        ] {
            assert_eq!(settings(&[wrong]).problems().len(), 1, "{wrong:?}");
        }
    }
}
