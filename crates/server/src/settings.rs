//! Settings of the server.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use url::Url;
use validator::{Validate, ValidationError};

/// Where the server listens, whom it believes, and its limits.
#[derive(Debug, Clone, Serialize, Deserialize, Validate)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Threads that serve requests; 0 takes one a core.
    #[validate(range(max = 1_024, message = "must be at most 1024"))]
    pub workers: usize,
    /// How people reach the server from outside, such as `https://chat.example.org`. Its host is allowed, and with
    /// `https` browsers are told to stay with it.
    #[validate(custom(function = is_web_origin))]
    pub public_url: Option<Url>,
    /// Further names under which the server may be called, with or without a port. Requests for other names are
    /// refused. Loopback names are allowed where the server listens on loopback.
    #[validate(length(max = 256, message = "must be at most 256 names"), custom(function = are_host_names))]
    pub allowed_hosts: Vec<String>,
    /// Addresses or networks of proxies whose `X-Forwarded-For` is believed.
    #[serde(with = "networks")]
    pub trusted_proxies: Vec<IpNet>,
    /// The largest body of a request, in bytes.
    #[validate(range(min = 1_024, max = 67_108_864, message = "must be between 1 KiB and 64 MiB"))]
    pub max_body_bytes: usize,
    /// The largest body of a request to `/v1/chat/completions`, in bytes: pictures travel inside.
    #[validate(range(min = 1_024, max = 268_435_456, message = "must be between 1 KiB and 256 MiB"))]
    pub max_prompt_bytes: usize,
    /// How long a client may take to send the head of a request, in milliseconds.
    #[validate(range(min = 100, max = 300_000, message = "must be between 100 and 300000"))]
    pub header_timeout_ms: u64,
    /// How long a client may take to send the body of a request, in milliseconds.
    #[validate(range(min = 100, max = 600_000, message = "must be between 100 and 600000"))]
    pub body_timeout_ms: u64,
    /// How long an idle connection is kept for further requests, in seconds.
    #[validate(range(min = 1, max = 3_600, message = "must be between 1 and 3600"))]
    pub keep_alive_seconds: u64,
    /// Open connections a worker; more wait to be accepted.
    #[validate(range(min = 1, max = 1_000_000, message = "must be between 1 and 1000000"))]
    pub max_connections: usize,
    /// Requests from one address within a minute; 0 does not count them.
    pub requests_per_minute: u32,
    /// How long a server that shares its database says that it is not ready before it takes nothing new, in
    /// milliseconds: by then load balancers have noticed.
    #[validate(range(max = 60_000, message = "must be at most 60000"))]
    pub unready_ms: u64,
    /// How long open connections may go on once the server has been told to stop, in seconds.
    #[validate(range(max = 300, message = "must be at most 300"))]
    pub shutdown_seconds: u64,
    /// Whether every request leaves a line in the log; failures always do.
    pub access_log: bool,
    /// Sockets.
    #[validate(nested)]
    pub websocket: crate::ws::Settings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            workers: 0,
            public_url: None,
            allowed_hosts: Vec::new(),
            trusted_proxies: Vec::new(),
            max_body_bytes: 1024 * 1024,
            max_prompt_bytes: 16 * 1024 * 1024,
            header_timeout_ms: 5_000,
            body_timeout_ms: 30_000,
            keep_alive_seconds: 75,
            max_connections: 25_000,
            requests_per_minute: 1_200_000,
            unready_ms: 2_000,
            shutdown_seconds: 10,
            access_log: false,
            websocket: crate::ws::Settings::default(),
        }
    }
}

impl Settings {
    /// How long a client may take to send the head of a request.
    pub const fn header_timeout(&self) -> Duration {
        Duration::from_millis(self.header_timeout_ms)
    }

    /// How long a client may take to send the body of a request.
    pub const fn body_timeout(&self) -> Duration {
        Duration::from_millis(self.body_timeout_ms)
    }

    /// How long a server says that it is not ready before it takes nothing new.
    pub const fn unready(&self) -> Duration {
        Duration::from_millis(self.unready_ms)
    }

    /// How long an idle connection is kept.
    pub const fn keep_alive(&self) -> Duration {
        Duration::from_secs(self.keep_alive_seconds)
    }
}

fn is_web_origin(url: &Url) -> Result<(), ValidationError> {
    let is_origin = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty();
    if is_origin {
        return Ok(());
    }
    let message = "must be http:// or https:// and a host, without a path";
    Err(ValidationError::new("invalid").with_message(message.into()))
}

fn are_host_names(names: &[String]) -> Result<(), ValidationError> {
    match names.iter().find(|name| crate::hosts::Authority::parse(name).is_none()) {
        None => Ok(()),
        Some(name) => {
            let message = format!("{name:?} is not a host name; give names such as chat.example.org");
            Err(ValidationError::new("invalid").with_message(message.into()))
        }
    }
}

/// Networks as text, where a bare address is a network of its own.
mod networks {
    use std::net::IpAddr;

    use ipnet::IpNet;
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(networks: &[IpNet], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(networks)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
        let parse = |text: String| {
            let network = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
            network.map_err(|_| D::Error::custom(format!("{text:?} is neither an address nor a network")))
        };
        Vec::<String>::deserialize(deserializer)?.into_iter().map(parse).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_valid() {
        assert!(Settings::default().validate().is_ok());
    }

    #[test]
    fn values_that_cannot_work_are_refused() {
        let with = |change: fn(&mut Settings)| {
            let mut settings = Settings::default();
            change(&mut settings);
            settings.validate().is_err()
        };
        assert!(with(|settings| settings.max_body_bytes = 0));
        assert!(with(|settings| settings.public_url = Url::parse("ftp://example.org").ok()));
        assert!(with(|settings| settings.public_url = Url::parse("https://example.org/chat").ok()));
        assert!(with(|settings| settings.allowed_hosts = vec!["a b".to_owned()]));
        assert!(!with(|settings| settings.allowed_hosts = vec!["chat.example.org:8443".to_owned()]));
    }

    #[test]
    fn proxies_are_addresses_or_networks() {
        let read = |text: &str| serde_json::from_str::<Settings>(text);
        let settings = read(r#"{"trusted_proxies": ["10.0.0.0/8", "::1"]}"#).expect("both forms are allowed");
        assert_eq!(settings.trusted_proxies.len(), 2);
        assert!(read(r#"{"trusted_proxies": ["proxy"]}"#).is_err());
    }
}
