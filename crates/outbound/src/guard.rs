//! The guard: what may be connected to.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use reqwest::ClientBuilder;
use reqwest::redirect::Policy;
use thiserror::Error;
use url::{Host, Url};

use crate::addresses::{is_beyond_names, is_metadata, is_public, unwrapped};
use crate::lookup::{Lookup, Resolver, SystemLookup};
use crate::settings::{Entry, Settings, SettingsProblem, without_dot};

/// Decides what may be connected to. Clones share what they know.
#[derive(Clone)]
pub struct Guard {
    rules: Arc<Rules>,
    lookup: Arc<dyn Lookup>,
}

/// What is allowed beside public addresses.
#[derive(Debug, Default)]
pub struct Rules {
    names: Vec<String>,
    networks: Vec<IpNet>,
}

/// Why nothing is connected to, in words that fit behind the name of a field.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// It cannot be read as an address.
    #[error("must be an http or https address, such as https://host/v1")]
    NoAddress,
    /// It carries a user name or a password.
    #[error("must not hold a user name or a password")]
    Credentials,
    /// It leads to where the public does not get.
    #[error(
        "leads to {host}, which is not on the public internet; whoever runs the server can allow that host with \
         outbound.allowed_hosts (COLLOQUY_OUTBOUND__ALLOWED_HOSTS)"
    )]
    NotPublic {
        /// The host as it was named.
        host: String,
    },
    /// There is no host of that name.
    #[error("leads to {host}, a name that cannot be found")]
    Unknown {
        /// The host as it was named.
        host: String,
    },
}

impl Guard {
    /// A guard that allows what is public, and what the settings allow beside.
    ///
    /// # Errors
    /// Every problem of the settings at once.
    pub fn new(settings: &Settings) -> Result<Self, Vec<SettingsProblem>> {
        Self::looking_up_with(settings, Arc::new(SystemLookup))
    }

    /// The same with another way to look names up.
    ///
    /// # Errors
    /// Every problem of the settings at once.
    pub fn looking_up_with(
        settings: &Settings,
        lookup: Arc<dyn Lookup>,
    ) -> Result<Self, Vec<SettingsProblem>> {
        let mut rules = Rules::default();
        for entry in settings.entries()? {
            match entry {
                Entry::Name(name) => rules.names.push(name),
                Entry::Network(network) => rules.networks.push(network),
            }
        }
        Ok(Self { rules: Arc::new(rules), lookup })
    }

    /// Reads an address and checks as much of it as can be checked without looking a name up.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn read(&self, text: &str) -> Result<Url, Refusal> {
        let url = Url::parse(text.trim()).map_err(|_| Refusal::NoAddress)?;
        self.check(&url)?;
        Ok(url)
    }

    /// Checks as much of an address as can be checked without looking a name up. What a name leads to is checked when it
    /// is connected to.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn check(&self, url: &Url) -> Result<(), Refusal> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Refusal::NoAddress);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refusal::Credentials);
        }
        // Decimal, octal and hexadecimal spellings have become addresses here (WHATWG URL, section 3.5).
        let is_refused = match url.host().ok_or(Refusal::NoAddress)? {
            Host::Domain(name) => is_this_machine(name) && !self.rules.allow_name(name),
            Host::Ipv4(ip) => !self.rules.allow(None, ip.into()),
            Host::Ipv6(ip) => !self.rules.allow(None, ip.into()),
        };
        if is_refused {
            return Err(Refusal::NotPublic { host: url.host_str().unwrap_or_default().to_owned() });
        }
        Ok(())
    }

    /// What a client begins with that connects only where it may: for addresses that were checked, since an address
    /// without a name is not looked up. It follows no redirect and uses no proxy, and has to stay so.
    pub fn builder(&self) -> ClientBuilder {
        reqwest::Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .referer(false)
            .dns_resolver(Resolver::new(Arc::clone(&self.rules), Arc::clone(&self.lookup)))
    }
}

impl Rules {
    /// Whether an address may be connected to, found under a name or without one.
    pub fn allow(&self, name: Option<&str>, ip: IpAddr) -> bool {
        let ip = unwrapped(ip);
        if is_metadata(ip) {
            return self.networks.iter().any(|network| *network == IpNet::from(ip));
        }
        is_public(ip)
            || self.networks.iter().any(|network| network.contains(&ip))
            || name.is_some_and(|name| self.allow_name(name) && !is_beyond_names(ip))
    }

    fn allow_name(&self, name: &str) -> bool {
        let name = without_dot(name);
        self.names.iter().any(|allowed| allowed.eq_ignore_ascii_case(name))
    }
}

/// Whether a name is the machine's own (RFC 6761, section 6.3).
fn is_this_machine(name: &str) -> bool {
    let name = without_dot(name).to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

impl Default for Guard {
    /// Allows what is public and nothing else.
    fn default() -> Self {
        Self { rules: Arc::default(), lookup: Arc::new(SystemLookup) }
    }
}

impl std::fmt::Debug for Guard {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Guard").field(&self.rules).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(allowed: &[&str]) -> Guard {
        let allowed_hosts = allowed.iter().map(|&host| host.to_owned()).collect();
        Guard::new(&Settings { allowed_hosts }).expect("the settings are right")
    }

    #[test]
    fn public_addresses_and_names_may_be_tried() {
        for text in [
            "https://api.example.org/v1",
            "http://api.example.org:8000",
            "https://1.1.1.1/v1",
            "https://[2606:4700::1111]/",
            "https://localhost.example.org/",
            " https://api.example.org/v1\n",
        ] {
            guard(&[]).read(text).unwrap_or_else(|refusal| panic!("{text}: {refusal}"));
        }
    }

    #[test]
    fn no_spelling_of_an_address_that_is_not_public_passes() {
        for host in [
            "localhost",
            "LOCALHOST",
            "localhost.",
            "a.localhost",
            "loc\u{ad}alhost",
            "\u{24db}ocalhost",
            "127.0.0.1",
            "127.0.0.1.",
            "127.1",
            "127.0.1",
            "2130706433",
            "0x7f000001",
            "0x7f.1",
            "0177.0.0.1",
            "017700000001",
            "0",
            "0.0.0.0",
            "\u{ff11}27.0.0.1",
            "127\u{3002}0\u{3002}0\u{3002}1",
            "%31%32%37.0.0.1",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.0.1",
            "100.64.0.1",
            "169.254.169.254",
            "0xa9fea9fe",
            "2852039166",
            "100.100.100.200",
            "168.63.129.16",
            "0xa83f8110",
            "[::ffff:168.63.129.16]",
            "224.0.0.1",
            "255.255.255.255",
            "[::]",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[::127.0.0.1]",
            "[0:0:0:0:0:0:0:1]",
            "[64:ff9b::7f00:1]",
            "[64:ff9b:1::1]",
            "[2002:7f00:1::]",
            "[fe80::1]",
            "[fd00:ec2::254]",
            "[fc00::1]",
            "[ff02::1]",
        ] {
            for text in [format!("http://{host}/v1"), format!("https://{host}:8443/v1")] {
                let refused = guard(&[]).read(&text);
                assert!(matches!(refused, Err(Refusal::NotPublic { .. })), "{text}: {refused:?}");
            }
        }
    }

    #[test]
    fn what_is_no_plain_web_address_does_not_pass() {
        for text in [
            "",
            "host",
            "//host",
            "ftp://host",
            "file:///etc/passwd",
            "unix:/run/x.sock",
            "gopher://host",
            "data:,x",
            "http://",
            "http:///",
            "https://a b/",
            "http://127.0.0.1%00.example.org/",
            "http://[::1",
            "javascript:alert(1)",
            "http://256.1.1.1/",
            "http://[fe80::1%25eth0]/",
        ] {
            assert_eq!(guard(&[]).read(text), Err(Refusal::NoAddress), "{text}");
        }
        for text in
            ["https://user@host/", "https://user:key@host/", "https://:key@host/", "http://host@127.0.0.1/"]
        {
            assert_eq!(guard(&[]).read(text), Err(Refusal::Credentials), "{text}");
        }
    }

    #[test]
    fn what_the_operator_allows_passes_and_nothing_beside_it() {
        let allowing = guard(&["localhost", "10.1.0.0/16", "fd12::/16"]);
        for text in [
            "http://localhost/",
            "http://LocalHost.:81/",
            "http://10.1.2.3/",
            "http://[::ffff:10.1.2.3]/",
            "http://[fd12::1]/",
        ] {
            allowing.read(text).unwrap_or_else(|refusal| panic!("{text}: {refusal}"));
        }
        for text in [
            "http://127.0.0.1/",
            "http://a.localhost/",
            "http://10.2.0.1/",
            "http://[::1]/",
            "http://[fd13::1]/",
        ] {
            assert!(allowing.read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn metadata_needs_to_be_allowed_by_its_own_address() {
        for text in ["http://169.254.169.254/", "http://[fd00:ec2::254]/", "http://[::ffff:169.254.169.254]/"]
        {
            let wide = guard(&["0.0.0.0/0", "::/0", "169.254.0.0/16", "fd00::/8"]);
            assert!(wide.read(text).is_err(), "{text}");
            guard(&["169.254.169.254", "fd00:ec2::254"])
                .read(text)
                .expect("it is allowed by its own address");
        }
    }

    #[test]
    fn an_allowed_name_leads_into_private_networks_and_to_no_metadata() {
        let rules = guard(&["gpu.example.org"]).rules;
        let may = |name, ip: &str| rules.allow(name, ip.parse().expect("an address"));
        for ip in ["127.0.0.1", "10.0.0.1", "192.168.0.1", "::1", "fd00::1", "100.64.0.1"] {
            assert!(may(Some("gpu.example.org"), ip) && may(Some("GPU.example.org."), ip), "{ip}");
            assert!(!may(Some("other.example.org"), ip) && !may(None, ip), "{ip}");
        }
        for ip in [
            "169.254.169.254",
            "169.254.1.1",
            "fd00:ec2::254",
            "fe80::1",
            "0.0.0.0",
            "::",
            "224.0.0.1",
            "255.255.255.255",
        ] {
            assert!(!may(Some("gpu.example.org"), ip), "{ip}");
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_passes_without_a_name_is_public(text in r"https?://[0-9a-fA-FxX.:\[\]%]{1,40}(/[a-z]*)?") {
            if let Ok(url) = guard(&[]).read(&text) {
                match url.host().expect("it has a host") {
                    Host::Ipv4(ip) => assert!(is_public(ip.into()), "{text}"),
                    Host::Ipv6(ip) => assert!(is_public(unwrapped(ip.into())), "{text}"),
                    Host::Domain(name) => assert!(name.parse::<IpAddr>().is_err() && !is_this_machine(name), "{text}"),
                }
            }
        }

        #[test]
        fn no_number_for_a_private_address_passes(octets: (u8, u8, u8), style in 0..6_u8) {
            let number = u32::from_be_bytes([10, octets.0, octets.1, octets.2]);
            let host = match style {
                0 => number.to_string(),
                1 => format!("{number:#x}"),
                2 => format!("0{number:o}"),
                3 => format!("10.{}", number & 0xff_ffff),
                4 => format!("0xa.{}.{}", octets.0, number & 0xffff),
                _ => format!("[::ffff:{:x}:{:x}]", number >> 16, number & 0xffff),
            };
            let refused = guard(&[]).read(&format!("http://{host}/"));
            assert!(matches!(refused, Err(Refusal::NotPublic { .. })), "{host}: {refused:?}");
        }
    }
}
