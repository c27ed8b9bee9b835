//! The address of a server, and how far the way there is to be trusted.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres::Config;
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;
use url::form_urlencoded;

use crate::escaping;
use crate::settings::SettingsProblem;

/// Where a server is, and how to reach it.
#[derive(Clone)]
pub(crate) struct Address {
    config: Config,
    trust: Trust,
    setting: &'static str,
}

/// Which certificates are accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Trust {
    /// Any: nobody can listen, but the server may be another one.
    Any,
    /// One for the name of the host, signed by somebody the system trusts.
    System,
    /// One for the name of the host, signed by somebody in this file.
    File(PathBuf),
}

impl Address {
    /// Takes a URL apart; the problem names the setting and never the password.
    pub(crate) fn parse(setting: &'static str, url: &str) -> Result<Self, SettingsProblem> {
        let problem = |problem: &str| SettingsProblem::new(setting, problem);
        let form = "must have the form postgres://user:password@host:port/name; special characters in the password \
                    are written as %40 and the like";
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(problem(
                "must begin with postgres://, such as postgres://colloquy@localhost/colloquy",
            ));
        }
        if let Some(unclear) = escaping::problem(url) {
            return Err(problem(&unclear));
        }
        let (place, query) = url.split_once('?').unwrap_or((url, ""));
        let mut mode = "prefer".to_owned();
        let mut file = None;
        let mut others = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let decoded = form_urlencoded::parse(pair.as_bytes()).into_owned().next();
            match decoded {
                Some((name, value)) if name == "sslmode" => mode = value,
                Some((name, value)) if name == "sslrootcert" => file = Some(PathBuf::from(value)),
                _ => others.push(pair),
            }
        }
        let trust = match (mode.as_str(), file) {
            ("verify-full" | "require", Some(file)) => Trust::File(file),
            ("verify-full", None) => Trust::System,
            ("disable" | "prefer" | "require", _) => Trust::Any,
            _ => return Err(problem("has an sslmode that is none of disable, prefer, require, verify-full")),
        };
        let rest = format!("{place}?{}", others.join("&"));
        let mut config: Config = rest.trim_end_matches('?').parse().map_err(|_| problem(form))?;
        config.ssl_mode(match mode.as_str() {
            "disable" => SslMode::Disable,
            "prefer" => SslMode::Prefer,
            _ => SslMode::Require,
        });
        if config.get_dbname().is_none_or(str::is_empty) {
            return Err(problem(
                "must name a database after the host, such as postgres://localhost/colloquy",
            ));
        }
        if config.get_hosts().is_empty() {
            return Err(problem("must name a host, such as postgres://localhost/colloquy"));
        }
        if config.get_application_name().is_none() {
            config.application_name("colloquy");
        }
        config.keepalives_idle(Duration::from_secs(30));
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(Duration::from_secs(10));
        }
        Ok(Self { config, trust, setting })
    }

    /// How to reach it.
    pub(crate) const fn config(&self) -> &Config {
        &self.config
    }

    /// The setting that the address comes from.
    pub(crate) const fn setting(&self) -> &'static str {
        self.setting
    }

    /// The name of the database.
    pub(crate) fn database(&self) -> &str {
        self.config.get_dbname().unwrap_or_default()
    }

    /// Whom the server knows us as.
    pub(crate) fn user(&self) -> &str {
        self.config.get_user().unwrap_or("(the account of this process)")
    }

    /// The hosts with their ports, for people.
    pub(crate) fn hosts(&self) -> String {
        use tokio_postgres::config::Host;
        let port = |index: usize| {
            let ports = self.config.get_ports();
            ports.get(index).or_else(|| ports.first()).copied().unwrap_or(5432)
        };
        let hosts = self.config.get_hosts().iter().enumerate().map(|(index, host)| match host {
            Host::Tcp(name) => format!("{name}:{}", port(index)),
            #[cfg(unix)]
            Host::Unix(path) => format!("{}/.s.PGSQL.{}", path.display(), port(index)),
        });
        hosts.collect::<Vec<_>>().join(", ")
    }

    /// What encrypts the way there.
    pub(crate) fn tls(&self) -> Result<MakeRustlsConnect, SettingsProblem> {
        let provider = Arc::new(ring::default_provider());
        let failed = |error: &dyn fmt::Display| {
            SettingsProblem::new(self.setting, format!("asks for a trust that cannot be set up: {error}"))
        };
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| failed(&error))?;
        let builder = match &self.trust {
            Trust::Any => {
                builder.dangerous().with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
            }
            Trust::System => {
                let verifier =
                    rustls_platform_verifier::Verifier::new(provider).map_err(|error| failed(&error))?;
                builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier))
            }
            Trust::File(path) => {
                let unusable = |error: &dyn fmt::Display| {
                    let problem =
                        format!("names an sslrootcert that cannot be used: {}: {error}", path.display());
                    SettingsProblem::new(self.setting, problem)
                };
                let mut roots = RootCertStore::empty();
                for certificate in CertificateDer::pem_file_iter(path).map_err(|error| unusable(&error))? {
                    let certificate = certificate.map_err(|error| unusable(&error))?;
                    roots.add(certificate).map_err(|error| unusable(&error))?;
                }
                builder.with_root_certificates(roots)
            }
        };
        Ok(MakeRustlsConnect::new(builder.with_no_client_auth()))
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Address")
            .field("hosts", &self.hosts())
            .field("database", &self.database())
            .finish()
    }
}

/// Accepts any certificate, as `sslmode=require` and `prefer` are understood everywhere.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_how_far_the_way_is_trusted() {
        let trust = |url: &str| {
            let address = Address::parse("url", url).expect("the address is valid");
            (address.config.get_ssl_mode(), address.trust)
        };
        assert_eq!(trust("postgres://a@h/d"), (SslMode::Prefer, Trust::Any));
        assert_eq!(trust("postgres://a@h/d?sslmode=disable"), (SslMode::Disable, Trust::Any));
        assert_eq!(trust("postgresql://a@h/d?sslmode=require"), (SslMode::Require, Trust::Any));
        assert_eq!(trust("postgres://a@h/d?sslmode=verify-full"), (SslMode::Require, Trust::System));
        assert_eq!(
            trust("postgres://a@h/d?sslmode=verify-full&sslrootcert=/etc/ca.pem"),
            (SslMode::Require, Trust::File("/etc/ca.pem".into()))
        );
    }

    #[test]
    fn an_address_names_host_and_database() {
        let address = Address::parse("url", "postgres://ada:x@one:1,two:2/db").expect("the address is valid");
        assert_eq!(
            (address.hosts().as_str(), address.database(), address.user()),
            ("one:1, two:2", "db", "ada")
        );
        for wrong in [
            "mysql://h/d",
            "postgres://h",
            "postgres://h/",
            "postgres://h:x/d",
            "postgres://h/d?sslmode=never",
        ] {
            assert!(Address::parse("url", wrong).is_err(), "{wrong} was accepted");
        }
    }
}
