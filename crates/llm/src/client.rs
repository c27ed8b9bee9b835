//! The HTTP client of one provider.

use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect::Policy;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use thiserror::Error;
use thread_local::ThreadLocal;
use url::{Host, Url};

/// Why there is no client.
#[derive(Debug, Error)]
pub(crate) enum ClientError {
    #[error("TLS cannot be set up: {0}; install the system's CA certificates")]
    Tls(#[from] rustls::Error),
    #[error("the HTTP client cannot be set up")]
    Http(#[from] reqwest::Error),
}

/// Clients that talk to one host only, one for each thread that asks.
///
/// A connection is driven by the runtime that opened it. Were the threads of the server and of the engine to share a
/// pool, most requests would wake another thread to send and be woken by it to receive, which takes longer than all
/// the rest of the way.
///
/// They follow no redirect, so that a key never travels to another host; they decompress nothing, so that nothing
/// small becomes something large; they speak HTTP/1.1, whose pool opens a connection for every answer under way where
/// HTTP/2 would queue behind the provider's limit of streams. The system's certificates are loaded for `https` only,
/// and once.
pub(crate) struct Clients {
    address: Url,
    connect_timeout: Duration,
    tls: ClientConfig,
    /// Where the threads' own clients come from, should one of them not come about.
    shared: reqwest::Client,
    by_thread: ThreadLocal<reqwest::Client>,
}

impl Clients {
    /// Clients for the host of `address`.
    pub(crate) fn new(address: &Url, connect_timeout: Duration) -> Result<Self, ClientError> {
        let tls = tls(address)?;
        let shared = build(address, connect_timeout, tls.clone())?;
        Ok(Self { address: address.clone(), connect_timeout, tls, shared, by_thread: ThreadLocal::new() })
    }

    /// The client of the thread that asks.
    pub(crate) fn here(&self) -> &reqwest::Client {
        self.by_thread.get_or(|| {
            build(&self.address, self.connect_timeout, self.tls.clone()).unwrap_or_else(|error| {
                tracing::warn!(%error, "a thread shares its connections to a provider with others");
                self.shared.clone()
            })
        })
    }
}

fn build(
    address: &Url,
    connect_timeout: Duration,
    tls: ClientConfig,
) -> Result<reqwest::Client, ClientError> {
    let mut builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(Policy::none())
        .connect_timeout(connect_timeout)
        .pool_idle_timeout(Duration::from_mins(1))
        .pool_max_idle_per_host(1024)
        .tcp_nodelay(true)
        .tcp_keepalive(Duration::from_secs(30))
        .http1_only()
        .referer(false)
        .user_agent(concat!("colloquy/", env!("CARGO_PKG_VERSION")));
    if is_loopback(address) {
        builder = builder.no_proxy();
    }
    Ok(builder.build()?)
}

fn tls(address: &Url) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let config = if address.scheme() == "https" {
        builder.with_platform_verifier()?.with_no_client_auth()
    } else {
        builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth()
    };
    Ok(config)
}

/// Whether the address is this machine's own.
pub(crate) fn is_loopback(address: &Url) -> bool {
    match address.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}
