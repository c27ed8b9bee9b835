//! Looking names up, once, and leaving out what may not be connected to.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::guard::{Refusal, Rules};

/// What a name leads to.
pub type Looked = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// Looking up what a name leads to.
pub trait Lookup: Send + Sync {
    /// All addresses of a name.
    fn look_up(&self, name: &str) -> Looked;
}

/// Looking names up as the system does.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemLookup;

impl Lookup for SystemLookup {
    fn look_up(&self, name: &str) -> Looked {
        let name = name.to_owned();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// What the HTTP client asks. Connections go to the addresses that it gives, so that a name cannot lead elsewhere a moment
/// after it was judged.
pub struct Resolver {
    rules: Arc<Rules>,
    lookup: Arc<dyn Lookup>,
}

impl Resolver {
    pub fn new(rules: Arc<Rules>, lookup: Arc<dyn Lookup>) -> Self {
        Self { rules, lookup }
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (rules, host) = (Arc::clone(&self.rules), name.as_str().to_owned());
        let looked = self.lookup.look_up(&host);
        Box::pin(async move {
            let found = looked.await.unwrap_or_default();
            if found.is_empty() {
                return Err(Refusal::Unknown { host }.into());
            }
            let allowed: Vec<SocketAddr> = found
                .into_iter()
                .filter(|ip| rules.allow(Some(&host), *ip))
                .map(|ip| SocketAddr::new(ip, 0))
                .collect();
            if allowed.is_empty() {
                return Err(Refusal::NotPublic { host }.into());
            }
            let addresses: Addrs = Box::new(allowed.into_iter());
            Ok(addresses)
        })
    }
}
