//! Under which names the server may be called, and from which origins browsers may change something.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use url::Url;

use crate::Settings;

/// A host name or address with an optional port, in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    host: String,
    port: Option<u16>,
}

impl Authority {
    /// Reads `host`, `host:port`, `[v6]` or `[v6]:port`.
    pub fn parse(text: &str) -> Option<Self> {
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (address, after) = rest.split_once(']')?;
                address.parse::<std::net::Ipv6Addr>().ok()?;
                match after.strip_prefix(':') {
                    Some(port) => (format!("[{address}]"), Some(port)),
                    None if after.is_empty() => (format!("[{address}]"), None),
                    None => return None,
                }
            }
            None => match text.split_once(':') {
                Some((host, port)) => (host.to_owned(), Some(port)),
                None => (text.to_owned(), None),
            },
        };
        let is_name = host.starts_with('[')
            || (!host.is_empty()
                && host.len() <= 253
                && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte)));
        let port = match port {
            Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => Some(port.parse().ok()?),
            Some(_) => return None,
            None => None,
        };
        is_name.then(|| Self { host: host.to_ascii_lowercase(), port })
    }

    /// Whether a browser that uses this name talks to its own machine.
    pub fn is_loopback(&self) -> bool {
        let bare = self.host.trim_start_matches('[').trim_end_matches(']');
        let is_address = bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        is_address || bare == "localhost" || bare.ends_with(".localhost")
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.host)?;
        self.port.map_or(Ok(()), |port| write!(formatter, ":{port}"))
    }
}

/// Under which names the server may be called.
#[derive(Debug, Clone)]
pub struct Hosts {
    allowed: Vec<Authority>,
    public_url: Option<Url>,
    loopback_allowed: bool,
    site: Option<Arc<str>>,
}

impl Hosts {
    /// What the settings allow; `bound` is where the server really listens.
    pub fn new(settings: &Settings, bound: SocketAddr) -> Self {
        let mut allowed: Vec<Authority> =
            settings.allowed_hosts.iter().filter_map(|name| Authority::parse(name)).collect();
        let public_host = settings.public_url.as_ref().and_then(Url::host_str);
        allowed.extend(public_host.and_then(Authority::parse));
        if !bound.ip().is_unspecified() {
            allowed.extend(Authority::parse(&bound.to_string()));
        }
        let loopback_allowed = bound.ip().is_loopback() || bound.ip().is_unspecified();
        let site = settings.public_url.as_ref().map(|url| url.origin().ascii_serialization().into());
        Self { allowed, public_url: settings.public_url.clone(), loopback_allowed, site }
    }

    /// Whether the server answers to this name. An allowed name without a port is allowed on every port; names of loopback
    /// are this machine's own, so only who connects from here calls the server by them.
    pub fn allows(&self, authority: &Authority, is_from_here: bool) -> bool {
        let is_listed = |allowed: &Authority| {
            allowed.host == authority.host && (allowed.port.is_none() || allowed.port == authority.port)
        };
        (self.loopback_allowed && is_from_here && authority.is_loopback())
            || self.allowed.iter().any(is_listed)
    }

    /// Whether requests under this name come over plain HTTP from the same machine, where browsers do not keep
    /// `Secure` cookies.
    pub fn is_plain_loopback(&self, authority: &Authority) -> bool {
        authority.is_loopback() && !self.is_public_over_https(authority)
    }

    /// How people reach the server: by its public address or, where the settings name none, by the name that was
    /// called. Plain HTTP is for loopback only: elsewhere, browsers do not keep the session's cookie.
    pub fn site(&self, called: Option<&Authority>) -> Option<Arc<str>> {
        if let Some(site) = &self.site {
            return Some(Arc::clone(site));
        }
        let called = called?;
        let scheme = if called.is_loopback() { "http" } else { "https" };
        Some(format!("{scheme}://{called}").into())
    }

    /// Whether browsers should never use plain HTTP here.
    pub fn is_https(&self) -> bool {
        self.public_url.as_ref().is_some_and(|url| url.scheme() == "https")
    }

    /// Whether a page of `origin` is ours, given the name under which the request called the server.
    pub fn is_same_origin(&self, origin: &str, called: &Authority) -> bool {
        let Some((scheme, rest)) = origin.split_once("://") else { return false };
        let default_port = match scheme {
            "https" => 443,
            "http" if !self.is_public_over_https(called) => 80,
            _ => return false,
        };
        let Some(origin) = Authority::parse(rest) else { return false };
        origin.host == called.host
            && origin.port.unwrap_or(default_port) == called.port.unwrap_or(default_port)
    }

    fn is_public_over_https(&self, authority: &Authority) -> bool {
        self.is_https()
            && self.public_url.as_ref().and_then(Url::host_str).is_some_and(|host| host == authority.host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(listen: &str, allowed: &[&str], public_url: Option<&str>) -> Hosts {
        let settings = Settings {
            allowed_hosts: allowed.iter().map(|&name| name.to_owned()).collect(),
            public_url: public_url.and_then(|url| Url::parse(url).ok()),
            ..Settings::default()
        };
        Hosts::new(&settings, listen.parse().expect("the test names an address"))
    }

    fn allows(hosts: &Hosts, name: &str) -> bool {
        Authority::parse(name).is_some_and(|authority| hosts.allows(&authority, true))
    }

    #[test]
    fn only_known_names_are_answered() {
        let hosts = hosts("127.0.0.1:8080", &["chat.example.org"], Some("https://colloquy.example.com"));
        for known in [
            "localhost",
            "LOCALHOST:9999",
            "127.0.0.1:8080",
            "[::1]:8080",
            "Chat.Example.org:8443",
            "colloquy.example.com",
        ] {
            assert!(allows(&hosts, known), "{known}");
        }
        for unknown in [
            "",
            "example.org",
            "evil.chat.example.org",
            "127.0.0.1.nip.io",
            "localhost@evil",
            "a b",
            "[::1",
            "[::1]x",
            "localhost:80:80",
            "localhost:x",
        ] {
            assert!(!allows(&hosts, unknown), "{unknown}");
        }
    }

    #[test]
    fn loopback_names_are_unknown_where_the_server_listens_elsewhere() {
        let hosts = hosts("192.0.2.7:80", &[], None);
        assert!(allows(&hosts, "192.0.2.7:80"));
        assert!(!allows(&hosts, "localhost"));
    }

    #[test]
    fn only_this_machine_calls_the_server_by_names_of_loopback() {
        let hosts = hosts("0.0.0.0:8080", &["chat.example.org", "dev.localhost"], None);
        let from_elsewhere =
            |name: &str| Authority::parse(name).is_some_and(|authority| hosts.allows(&authority, false));
        for name in ["localhost:8080", "127.0.0.1:8080", "[::1]", "evil.localhost"] {
            assert!(allows(&hosts, name) && !from_elsewhere(name), "{name}");
        }
        assert!(from_elsewhere("chat.example.org") && from_elsewhere("dev.localhost"));
    }

    #[test]
    fn links_begin_with_the_public_address_or_with_the_called_name() {
        let site = |hosts: Hosts, called: &str| {
            hosts.site(Authority::parse(called).as_ref()).map(|site| site.to_string())
        };
        let public = || hosts("127.0.0.1:8080", &[], Some("https://chat.example.org/"));
        assert_eq!(site(public(), "127.0.0.1:8080").as_deref(), Some("https://chat.example.org"));
        assert_eq!(site(public(), "").as_deref(), Some("https://chat.example.org"));
        let private = || hosts("0.0.0.0:8080", &["chat.example.org"], None);
        assert_eq!(site(private(), "localhost:8080").as_deref(), Some("http://localhost:8080"));
        assert_eq!(site(private(), "Chat.example.org").as_deref(), Some("https://chat.example.org"));
        assert_eq!(site(private(), ""), None);
    }

    #[test]
    fn only_pages_of_the_called_name_are_ours() {
        let hosts = hosts("127.0.0.1:8080", &[], Some("https://chat.example.org"));
        let same = |origin: &str, called: &str| {
            Authority::parse(called).is_some_and(|called| hosts.is_same_origin(origin, &called))
        };
        assert!(same("http://127.0.0.1:8080", "127.0.0.1:8080"));
        assert!(same("http://localhost", "localhost:80"));
        assert!(same("https://chat.example.org", "chat.example.org"));
        for (origin, called) in [
            ("null", "127.0.0.1:8080"),
            ("", "127.0.0.1:8080"),
            ("http://127.0.0.1:8081", "127.0.0.1:8080"),
            ("http://localhost:8080", "127.0.0.1:8080"),
            ("http://chat.example.org", "chat.example.org"),
            ("https://chat.example.org.evil", "chat.example.org"),
            ("https://evil/https://chat.example.org", "chat.example.org"),
            ("chrome-extension://chat.example.org", "chat.example.org"),
        ] {
            assert!(!same(origin, called), "{origin} on {called}");
        }
    }
}
