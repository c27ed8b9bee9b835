//! Settings of mail.

use std::fmt;
use std::net::IpAddr;

use lettre::message::Mailbox;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Where mail is handed over: the section `mail`. Without a host there is no mail.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The name or the address of the SMTP server.
    pub host: Option<String>,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: Tls,
    /// The name to sign in there with; without one nobody signs in.
    pub username: Option<String>,
    /// The password to sign in there with.
    pub password: Option<String>,
    /// From whom mails are, such as `Colloquy <colloquy@example.org>`.
    pub from: Option<String>,
    /// The longest wait for the server, in milliseconds.
    pub timeout_ms: u32,
}

/// How a connection to a mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tls {
    /// From its first byte on; the usual port is 465.
    Implicit,
    /// From STARTTLS on, without which nothing is sent; the usual port is 587.
    StartTls,
    /// Not at all: on the same machine only.
    None,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            host: None,
            port: 587,
            tls: Tls::StartTls,
            username: None,
            password: None,
            from: None,
            timeout_ms: 20_000,
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Settings").field("host", &self.host).finish_non_exhaustive()
    }
}

/// A setting that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{setting} {problem}")]
pub struct SettingsProblem {
    /// The path of the setting, such as `mail.from`.
    pub setting: &'static str,
    /// What is wrong with it and what would be right.
    pub problem: String,
}

impl Settings {
    /// Every problem with these settings.
    pub fn problems(&self) -> Vec<SettingsProblem> {
        let mut problems = Vec::new();
        let mut problem = |setting, problem: &str| {
            problems.push(SettingsProblem { setting, problem: problem.to_owned() });
        };
        let Some(host) = &self.host else {
            if self.username.is_some() || self.password.is_some() || self.from.is_some() {
                problem("mail.host", "is missing: without it no mail is sent");
            }
            return problems;
        };
        if host.is_empty() || host.len() > 253 || !host.chars().all(|c| c.is_ascii_graphic() && c != '/') {
            problem(
                "mail.host",
                "must be the name or the address of a mail server, without a scheme or a port",
            );
        }
        if self.port == 0 {
            problem("mail.port", "must be between 1 and 65535");
        }
        match self.from.as_deref().map(str::parse::<Mailbox>) {
            None => problem(
                "mail.from",
                "is missing: from whom mails are, such as Colloquy <colloquy@example.org>",
            ),
            Some(Err(_)) => {
                problem("mail.from", "must be an address, such as Colloquy <colloquy@example.org>");
            }
            Some(Ok(_)) => {}
        }
        if self.tls == Tls::None && !is_loopback(host) {
            problem(
                "mail.tls",
                "must be start_tls or implicit: only a server on this machine is spoken to in the clear",
            );
        }
        match (&self.username, &self.password) {
            (Some(_), None) => problem("mail.password", "is missing: mail.username needs it"),
            (None, Some(_)) => problem("mail.username", "is missing: mail.password needs it"),
            _ => {}
        }
        if !(100..=120_000).contains(&self.timeout_ms) {
            problem("mail.timeout_ms", "must be between 100 and 120000");
        }
        problems
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(settings: &Settings) -> Vec<&'static str> {
        settings.problems().iter().map(|problem| problem.setting).collect()
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let host = |name: &str| Settings {
            host: Some(name.to_owned()),
            from: Some("Colloquy <colloquy@example.org>".to_owned()),
            ..Settings::default()
        };
        assert_eq!(wrong(&Settings::default()), [""; 0]);
        assert_eq!(wrong(&host("mail.example.org")), [""; 0]);
        assert_eq!(wrong(&Settings { tls: Tls::None, ..host("127.0.0.1") }), [""; 0]);
        assert_eq!(wrong(&Settings { host: None, ..host("") }), ["mail.host"]);
        assert_eq!(wrong(&Settings { tls: Tls::None, ..host("mail.example.org") }), ["mail.tls"]);
        assert_eq!(wrong(&host("smtp://mail.example.org")), ["mail.host"]);
        assert_eq!(wrong(&Settings { from: None, ..host("localhost") }), ["mail.from"]);
        let injected = Some("a@example.org\r\nBcc: b@example.org".to_owned());
        assert_eq!(wrong(&Settings { from: injected, ..host("localhost") }), ["mail.from"]);
        let username = Some("colloquy".to_owned());
        assert_eq!(wrong(&Settings { username: username.clone(), ..host("localhost") }), ["mail.password"]);
        let both = Settings { username, password: Some("secret words".to_owned()), ..host("localhost") };
        assert_eq!(wrong(&both), [""; 0]);
        assert!(!format!("{both:?}").contains("secret words"));
        assert_eq!(
            wrong(&Settings { port: 0, timeout_ms: 0, ..host("localhost") }),
            ["mail.port", "mail.timeout_ms"]
        );
    }
}
