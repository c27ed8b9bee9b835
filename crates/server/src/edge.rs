//! The outermost layer: what holds for every request and every answer, whatever the route.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use actix_http::ConnectionType;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{HttpMessage as _, HttpResponse, web};
use application::{Code, Error, network_of};
use domain::ports::{Quota, RateLimiter};
use ipnet::IpNet;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use crate::Settings;
use crate::compression;
use crate::hosts::{Authority, Hosts};
use crate::pages;
use crate::patience::InFlight;
use crate::problem::Problem;
use crate::request::RequestInfo;
use crate::unread::{Answer, Unread};

/// What browsers may do with answers that are not pages: nothing.
const API_POLICY: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What the outermost layer knows.
pub struct Edge {
    hosts: Hosts,
    trusted_proxies: Vec<IpNet>,
    access_log: bool,
    limiter: Arc<dyn RateLimiter>,
    quota: Option<Quota>,
    stopping: CancellationToken,
}

impl Edge {
    /// The layer for these settings.
    pub fn new(
        settings: &Settings,
        hosts: Hosts,
        limiter: Arc<dyn RateLimiter>,
        stopping: CancellationToken,
    ) -> Self {
        let quota = NonZeroU32::new(settings.requests_per_minute).map(|limit| Quota {
            name: "address",
            limit,
            window: Duration::from_mins(1),
        });
        Self {
            hosts,
            trusted_proxies: settings.trusted_proxies.clone(),
            access_log: settings.access_log,
            limiter,
            quota,
            stopping,
        }
    }

    /// Counts a request of an address, and gives what has to be waited for where there were too many.
    async fn count(&self, info: &RequestInfo) -> Result<(), Duration> {
        let (Some(quota), Some(_)) = (self.quota, info.address) else { return Ok(()) };
        let key = format!("address:{}", network_of(info.address));
        let decision = self.limiter.check(&key, quota).await;
        info.counted.add(quota, decision);
        if decision.allowed { Ok(()) } else { Err(decision.reset_after) }
    }
}

/// Looks at a request before any route does, and finishes every answer.
pub async fn edge(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<Answer>, actix_web::Error> {
    let in_flight = InFlight::begin(&request);
    let unread = Unread::hold(&mut request);
    let edge = request
        .app_data::<web::Data<Edge>>()
        .map(|edge| Arc::clone(edge))
        .expect("the application is built with its edge");
    let called = called_authority(&request);
    let peer = request.peer_addr().map(|peer| peer.ip());
    let info = RequestInfo::read(request.headers(), peer, &edge.trusted_proxies, called.clone());
    let span = tracing::info_span!(
        "request",
        request_id = %info.request_id,
        trace_id = %info.trace.trace_id,
        method = %request.method(),
        path = %request.path(),
    );
    request.extensions_mut().insert(info.clone());
    let started = tokio::time::Instant::now();
    let is_probe = request.path().starts_with("/health/");
    async move {
        let coding = compression::negotiate(request.headers());
        let counted = if is_probe { Ok(()) } else { edge.count(&info).await };
        // Load balancers elsewhere probe by the names of loopback too; answers to probes depend on no name.
        let is_from_here = is_probe || peer.is_some_and(|peer| peer.to_canonical().is_loopback());
        let is_allowed = |called: &Authority| edge.hosts.allows(called, is_from_here);
        let refusal = refusal(&request, called.as_ref(), is_allowed, counted);
        let response = if let Some(problem) = refusal {
            let (request, _) = request.into_parts();
            let response = problem.respond(&request);
            ServiceResponse::new(request, response)
        } else {
            let path = request.path().to_owned();
            match next.call(request).await {
                Ok(response) => own_words(response.map_into_boxed_body()),
                Err(error) => {
                    let mut response = foreign_error(&error).answer(&path, &info);
                    finish(response.headers_mut(), &info, &edge.hosts);
                    return Err(InternalError::from_response(error, response).into());
                }
            }
        };
        let (request, response) = response.into_parts();
        let mut response = compression::apply(response, coding);
        finish(response.headers_mut(), &info, &edge.hosts);
        if edge.stopping.is_cancelled() && response.status() != StatusCode::SWITCHING_PROTOCOLS {
            // The next request goes to whoever takes over.
            response.head_mut().set_connection_type(ConnectionType::Close);
        }
        log(&edge, is_probe, response.status(), started.elapsed());
        Ok(ServiceResponse::new(request, Answer::to(unread, in_flight, response)))
    }
    .instrument(span)
    .await
}

fn refusal(
    request: &ServiceRequest,
    called: Option<&Authority>,
    is_allowed: impl Fn(&Authority) -> bool,
    counted: Result<(), Duration>,
) -> Option<Problem> {
    match called {
        None => {
            let detail = "The request must name exactly one host.";
            return Some(Problem::malformed("host", detail).closing());
        }
        Some(called) if !is_allowed(called) => {
            let detail = format!(
                "This server does not answer to the name {called}. Its operator allows names in server.allowed_hosts."
            );
            let problem = Problem::new(StatusCode::MISDIRECTED_REQUEST, "unknown_host", detail);
            return Some(problem.closing());
        }
        Some(_) => {}
    }
    if let Err(wait) = counted {
        let detail = "Too many requests come from your address. Wait, then try again.";
        return Some(Error::new(Code::RateLimited, "rate_limited", detail).retry_after(wait).into());
    }
    let tunnels = request.method() == actix_web::http::Method::CONNECT;
    tunnels.then(|| Problem::method_not_allowed(String::new()))
}

/// The name under which the server was called; `None` without a name, with several, or with one that is not one.
fn called_authority(request: &ServiceRequest) -> Option<Authority> {
    let mut hosts = request.headers().get_all(header::HOST);
    let named = hosts.next().and_then(|value| value.to_str().ok());
    if hosts.next().is_some() {
        return None;
    }
    // A target in absolute form names the host itself (RFC 9112, section 3.2.2).
    let in_target = request.uri().authority().map(actix_web::http::uri::Authority::as_str);
    Authority::parse(in_target.or(named)?)
}

/// The same answer, unless it is an error that actix would tell in its own words.
fn own_words(response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let Some(problem) = response.response().error().map(foreign_error) else { return response };
    let (request, _) = response.into_parts();
    let response = problem.respond(&request);
    ServiceResponse::new(request, response)
}

/// An error that did not come from a handler of ours.
fn foreign_error(error: &actix_web::Error) -> Problem {
    let status = error.as_response_error().status_code();
    if status.is_server_error() {
        return Error::internal(format!("outside of a handler: {error}")).into();
    }
    Problem::new(status, "bad_request", "The request cannot be understood.").closing()
}

/// Headers that every answer carries.
fn finish(headers: &mut HeaderMap, info: &RequestInfo, hosts: &Hosts) {
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, API_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-embedder-policy"), "require-corp"),
        (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
    ];
    for (name, value) in fixed {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    if hosts.is_https() {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
    if let Ok(id) = HeaderValue::from_str(&info.request_id) {
        headers.insert(HeaderName::from_static("x-request-id"), id);
    }
    let counted = info.counted.all();
    if counted.is_empty() {
        return;
    }
    let policies = counted.iter().map(|(quota, _)| {
        let Quota { name, limit, window } = quota;
        format!("\"{name}\";q={limit};w={}", window.as_secs())
    });
    let states = counted.iter().map(|(quota, decision)| {
        format!("\"{}\";r={};t={}", quota.name, decision.remaining, decision.reset_after.as_secs() + 1)
    });
    let told: [(&'static str, Vec<String>); 2] =
        [("ratelimit-policy", policies.collect()), ("ratelimit", states.collect())];
    for (name, values) in told {
        if let Ok(value) = HeaderValue::from_str(&values.join(", ")) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
}

/// Probes come every second or so, and whoever answers them has said what is wrong: they are not repeated here.
fn log(edge: &Edge, is_probe: bool, status: StatusCode, duration: Duration) {
    let milliseconds = duration.as_secs_f64() * 1_000.0;
    let status = status.as_u16();
    if is_probe {
        tracing::debug!(status, milliseconds, "probe answered");
    } else if status >= 500 {
        tracing::warn!(status, milliseconds, "request failed");
    } else if edge.access_log {
        tracing::info!(status, milliseconds, "request answered");
    } else {
        tracing::debug!(status, milliseconds, "request answered");
    }
}

/// A route that leads nowhere: a page for browsers, a problem for programs.
pub async fn unknown_route(request: actix_web::HttpRequest) -> HttpResponse {
    pages::nowhere(&request)
}

#[cfg(test)]
#[path = "edge_tests.rs"]
mod tests;
