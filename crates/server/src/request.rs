//! What is known of a request before anybody looks into it.

use std::net::IpAddr;
use std::sync::Arc;

use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::{HttpMessage as _, HttpRequest};
use application::Counted;
use application::identities::{Visitor, device_name};
use ipnet::IpNet;
use telemetry::{RequestId, TraceContext};

use crate::hosts::{Authority, Hosts};

/// What is known of a request before anybody looks into it.
#[derive(Debug, Clone)]
pub struct RequestInfo {
    /// How logs and answers name the request.
    pub request_id: Arc<str>,
    /// Where it stands in a distributed trace.
    pub trace: TraceContext,
    /// Where it came from, as far as that can be trusted.
    pub address: Option<IpAddr>,
    /// The name under which the server was called.
    pub called: Option<Authority>,
    /// What it was counted against.
    pub counted: Counted,
    user_agent: Option<HeaderValue>,
}

impl RequestInfo {
    /// Reads the headers. `peer` is the other end of the connection; headers about further addresses count only when
    /// it is a trusted proxy.
    pub fn read(
        headers: &HeaderMap,
        peer: Option<IpAddr>,
        trusted: &[IpNet],
        called: Option<Authority>,
    ) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let trace = TraceContext::from_header(text("traceparent"));
        let request_id = match text("x-request-id").and_then(RequestId::parse) {
            Some(id) => id.as_str().into(),
            None => trace.child().parent_id.to_string().into(),
        };
        Self {
            request_id,
            trace,
            address: client_address(headers, peer, trusted),
            called,
            counted: Counted::default(),
            user_agent: headers.get(header::USER_AGENT).cloned(),
        }
    }

    /// The request of somebody who has not said who they are.
    pub fn visitor(&self, hosts: &Hosts) -> Visitor {
        let site = hosts.site(self.called.as_ref());
        let user_agent = self.user_agent.as_ref().and_then(|value| value.to_str().ok());
        let device = user_agent.and_then(device_name);
        Visitor { request_id: Arc::clone(&self.request_id), address: self.address, device, site }
    }

    /// What the edge found out about a request.
    pub fn of(request: &HttpRequest) -> Self {
        let known = request.extensions().get::<Self>().cloned();
        known.unwrap_or_else(|| Self::read(request.headers(), None, &[], None))
    }
}

/// The nearest address that is not a trusted proxy, from the right of `X-Forwarded-For`.
fn client_address(headers: &HeaderMap, peer: Option<IpAddr>, trusted: &[IpNet]) -> Option<IpAddr> {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(&address));
    let mut nearest = peer?.to_canonical();
    if !is_trusted(nearest) {
        return Some(nearest);
    }
    let forwarded: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    for entry in forwarded.iter().rev() {
        let Some(address) = parse_address(entry.trim()) else { break };
        nearest = address;
        if !is_trusted(address) {
            break;
        }
    }
    Some(nearest)
}

/// An address as proxies write it, perhaps with a port.
fn parse_address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.split(']').next()).unwrap_or(text);
    let address =
        bare.parse::<IpAddr>().or_else(|_| text.parse::<std::net::SocketAddr>().map(|socket| socket.ip()));
    address.ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn address(peer: &str, forwarded: &[&str], trusted: &[&str]) -> Option<String> {
        let mut request = TestRequest::default();
        for value in forwarded {
            request = request.append_header(("x-forwarded-for", *value));
        }
        let trusted: Vec<IpNet> = trusted.iter().filter_map(|network| network.parse().ok()).collect();
        let request = request.to_http_request();
        client_address(request.headers(), peer.parse().ok(), &trusted).map(|address| address.to_string())
    }

    #[test]
    fn forwarded_addresses_count_only_from_trusted_proxies() {
        let from = |peer, forwarded: &[&str]| address(peer, forwarded, &["10.0.0.0/8"]);
        assert_eq!(from("192.0.2.1", &["203.0.113.9"]).as_deref(), Some("192.0.2.1"));
        assert_eq!(from("10.0.0.1", &["203.0.113.9"]).as_deref(), Some("203.0.113.9"));
        assert_eq!(from("10.0.0.1", &["6.6.6.6, 203.0.113.9"]).as_deref(), Some("203.0.113.9"));
        assert_eq!(from("10.0.0.1", &["6.6.6.6", "203.0.113.9, 10.0.0.2"]).as_deref(), Some("203.0.113.9"));
        assert_eq!(from("10.0.0.1", &["203.0.113.9:4711"]).as_deref(), Some("203.0.113.9"));
        assert_eq!(from("10.0.0.1", &["unknown"]).as_deref(), Some("10.0.0.1"));
        assert_eq!(from("::ffff:10.0.0.1", &["203.0.113.9"]).as_deref(), Some("203.0.113.9"));
        assert_eq!(from("10.0.0.1", &[]).as_deref(), Some("10.0.0.1"));
    }
}
