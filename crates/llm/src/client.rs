//! The HTTP client of one provider.

use std::time::Duration;

use outbound::{Guard, Refusal};
use reqwest::redirect::Policy;
use rustls::ClientConfig;
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
    #[error("the base URL {0}")]
    Refused(#[from] Refusal),
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
    /// Decides what may be connected to, where somebody else than the operator chose the address.
    guard: Option<Guard>,
    /// Where the threads' own clients come from, should one of them not come about.
    shared: reqwest::Client,
    by_thread: ThreadLocal<reqwest::Client>,
}

impl Clients {
    /// Clients for the host of `address`, which the guard, where there is one, may refuse.
    pub(crate) fn new(
        address: &Url,
        connect_timeout: Duration,
        guard: Option<&Guard>,
    ) -> Result<Self, ClientError> {
        guard.map_or(Ok(()), |guard| guard.check(address))?;
        let tls = outbound::tls(address.scheme() == "https")?;
        let guard = guard.cloned();
        let shared = build(address, connect_timeout, tls.clone(), guard.as_ref())?;
        Ok(Self {
            address: address.clone(),
            connect_timeout,
            tls,
            guard,
            shared,
            by_thread: ThreadLocal::new(),
        })
    }

    /// The client of the thread that asks.
    pub(crate) fn here(&self) -> &reqwest::Client {
        self.by_thread.get_or(|| {
            let own = build(&self.address, self.connect_timeout, self.tls.clone(), self.guard.as_ref());
            own.unwrap_or_else(|error| {
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
    guard: Option<&Guard>,
) -> Result<reqwest::Client, ClientError> {
    let mut builder = guard.map_or_else(reqwest::Client::builder, Guard::builder);
    if is_loopback(address) {
        builder = builder.no_proxy();
    }
    let builder = builder
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
    Ok(builder.build()?)
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
