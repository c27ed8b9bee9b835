//! From a request to the context of a command or a query: who asks, and whether it is really them.

use actix_web::HttpRequest;
use actix_web::cookie::{Cookie, SameSite, time};
use actix_web::http::header::{self, HeaderMap};
use actix_web::http::{Method, StatusCode};
use application::identities::{Proof, csrf_token};
use application::{Context, Error};
use domain::IdempotencyKey;
use subtle::ConstantTimeEq as _;

use crate::hosts::Hosts;
use crate::problem::Problem;
use crate::request::RequestInfo;
use crate::state::State;

/// The session's cookie wherever browsers keep `Secure` cookies.
const SECURE_COOKIE: &str = "__Host-colloquy";
/// The session's cookie on plain-HTTP loopback.
const PLAIN_COOKIE: &str = "colloquy";
/// How API keys begin.
const KEY_PREFIX: &str = "clq_";
/// How access tokens begin: with a JSON object in base64.
const TOKEN_PREFIX: &str = "eyJ";

/// What a request presents as proof of who sends it.
#[derive(Clone, PartialEq, Eq)]
pub enum Presented {
    /// A session's token, which browsers send on their own.
    Cookie(String),
    /// An API key or an access token.
    Bearer(String),
}

impl Presented {
    fn proof(&self) -> Proof<'_> {
        match self {
            Self::Cookie(token) => Proof::Cookie(token),
            Self::Bearer(token) => Proof::Bearer(token),
        }
    }
}

/// The context of a REST request. Unsafe requests with a cookie must also prove that a page of ours sent them.
pub async fn authenticate(state: &State, request: &HttpRequest) -> Result<Context, Problem> {
    let info = RequestInfo::of(request);
    let presented = presented(request, &info, &state.hosts)?.ok_or_else(Error::unauthenticated)?;
    if let Presented::Cookie(token) = &presented
        && !request.method().is_safe()
    {
        require_own_origin(request.headers(), &info, &state.hosts)?;
        require_csrf_token(request.headers(), token)?;
    }
    let mut context = accept(state, &info, &presented).await?;
    if *request.method() != Method::GET {
        context.idempotency_key = idempotency_key(request.headers())?;
    }
    Ok(context)
}

/// The context of an upgrade to a WebSocket; `None` when it presents nothing, and a `hello` has to. Browsers open
/// sockets to every host, so an origin must be ours, and with a cookie there must be one.
pub async fn authenticate_upgrade(state: &State, request: &HttpRequest) -> Result<Option<Context>, Problem> {
    let info = RequestInfo::of(request);
    let presented = presented(request, &info, &state.hosts)?;
    if matches!(presented, Some(Presented::Cookie(_))) || request.headers().contains_key(header::ORIGIN) {
        require_own_origin(request.headers(), &info, &state.hosts)?;
    }
    match presented {
        Some(presented) => accept(state, &info, &presented).await.map(Some),
        None => Ok(None),
    }
}

/// The context behind an API key or an access token that came in another way than a header, such as a `hello` frame.
pub async fn authenticate_token(state: &State, info: &RequestInfo, token: &str) -> Result<Context, Problem> {
    accept(state, info, &Presented::Bearer(token.to_owned())).await
}

async fn accept(state: &State, info: &RequestInfo, presented: &Presented) -> Result<Context, Problem> {
    let services = state.services();
    let actor = services.authenticator.authenticate(services, presented.proof()).await?;
    let site = state.hosts.site(info.called.as_ref());
    let context = Context::new(actor, info.request_id.clone(), info.address).at(site);
    Ok(Context { counted: info.counted.clone(), ..context })
}

/// What a request presents. A header counts before a cookie, because only a program that means it sends one.
pub fn presented(
    request: &HttpRequest,
    info: &RequestInfo,
    hosts: &Hosts,
) -> Result<Option<Presented>, Problem> {
    if let Some(token) = presented_bearer(request.headers())? {
        return Ok(Some(Presented::Bearer(token)));
    }
    let token = request.cookie(cookie_name(info, hosts)).map(|cookie| cookie.value().to_owned());
    // A key in a cookie would be sent by browsers on their own, which keys never are.
    Ok(token.filter(|token| !token.is_empty() && !token.starts_with(KEY_PREFIX)).map(Presented::Cookie))
}

/// The API key or the access token in the headers. Several that differ are refused: nobody should have to guess which one
/// counts.
fn presented_bearer(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let is_token = |text: &&str| text.starts_with(KEY_PREFIX) || text.starts_with(TOKEN_PREFIX);
    let bearers = headers.get_all(header::AUTHORIZATION).map(|value| bearer(value.to_str().ok()?));
    let bearers = bearers.map(|token| token.map(str::trim).filter(is_token));
    let keys = headers.get_all("x-api-key").map(|value| value.to_str().ok().map(str::trim));
    let keys = keys.map(|key| key.filter(|key| key.starts_with(KEY_PREFIX)));
    let mut presented: Option<&str> = None;
    for token in bearers.chain(keys) {
        if token.is_none() || presented.is_some_and(|earlier| Some(earlier) != token) {
            return Err(Error::unauthenticated().into());
        }
        presented = token;
    }
    Ok(presented.map(ToOwned::to_owned))
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(key)
}

/// Refuses a request that no page of ours sent.
pub fn require_own_origin(headers: &HeaderMap, info: &RequestInfo, hosts: &Hosts) -> Result<(), Problem> {
    let mut origins = headers.get_all(header::ORIGIN);
    let origin = origins.next().and_then(|value| value.to_str().ok());
    let is_own = match (origin, &info.called) {
        (Some(origin), Some(called)) => origins.next().is_none() && hosts.is_same_origin(origin, called),
        _ => false,
    };
    if is_own {
        return Ok(());
    }
    let detail =
        "The request does not come from a page of this server: its Origin is missing or another one.";
    Err(Problem::new(StatusCode::FORBIDDEN, "foreign_origin", detail))
}

fn require_csrf_token(headers: &HeaderMap, session_token: &str) -> Result<(), Problem> {
    let offered = headers.get("x-csrf-token").map(header::HeaderValue::as_bytes).unwrap_or_default();
    if csrf_token(session_token).as_bytes().ct_eq(offered).into() {
        return Ok(());
    }
    let detail = "Send the csrf_token that signing in gave in X-CSRF-Token.";
    Err(Problem::new(StatusCode::FORBIDDEN, "csrf_token", detail))
}

/// The client's name for this attempt.
pub fn idempotency_key(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, Problem> {
    let mut values = headers.get_all("idempotency-key");
    let Some(value) = values.next() else { return Ok(None) };
    let key = value.to_str().ok().and_then(IdempotencyKey::new).filter(|_| values.next().is_none());
    match key {
        Some(key) => Ok(Some(key)),
        None => Err(Problem::malformed(
            "idempotency_key",
            "Idempotency-Key must be 1 to 255 visible ASCII characters.",
        )),
    }
}

/// Whether a request has a session's cookie, good or not.
pub fn brings_session(request: &HttpRequest) -> bool {
    [PLAIN_COOKIE, SECURE_COOKIE]
        .iter()
        .any(|name| request.cookie(name).is_some_and(|cookie| !cookie.value().is_empty()))
}

fn cookie_name(info: &RequestInfo, hosts: &Hosts) -> &'static str {
    let is_plain = info.called.as_ref().is_some_and(|called| hosts.is_plain_loopback(called));
    if is_plain { PLAIN_COOKIE } else { SECURE_COOKIE }
}

/// The cookie of a session; an empty token ends it.
pub fn session_cookie(
    token: &str,
    lifetime: time::Duration,
    info: &RequestInfo,
    hosts: &Hosts,
) -> Cookie<'static> {
    let name = cookie_name(info, hosts);
    Cookie::build(name, token.to_owned())
        .path("/")
        .http_only(true)
        .secure(name == SECURE_COOKIE)
        .same_site(SameSite::Strict)
        .max_age(lifetime)
        .finish()
}

#[cfg(test)]
#[path = "context_tests.rs"]
mod tests;
