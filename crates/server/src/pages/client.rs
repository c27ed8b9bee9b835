//! The web client, where it was built into the binary.

use std::io::Read as _;

use ::web::Asset;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;

use super::{nowhere, readable};
use crate::context::brings_session;
use crate::route::{Call, Handling};
use crate::{compression, respond};

/// What the client may do: what comes from this server, and pictures that came with a text. Nothing inline, nothing
/// from elsewhere, and no text becomes script: the one policy for trusted types makes the address of the service worker,
/// which browsers ask of whoever registers one, and nothing else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                      connect-src 'self'; manifest-src 'self'; worker-src 'self'; frame-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
                      require-trusted-types-for 'script'; trusted-types worker";

/// The service worker, which keeps the page for when there is no network.
const WORKER: &str = "/worker.js";

/// What the service worker may do: ask this server. It runs nothing but itself.
const WORKER_POLICY: &str = "default-src 'none'; connect-src 'self'; require-trusted-types-for 'script'; \
                             trusted-types 'none'";

/// The page that draws diagrams, in a frame without an origin of its own.
const DIAGRAMS: &str = "/diagram.html";

/// What that page may do: run its scripts and style what it draws. It has no network, and nobody but us may frame it.
const DIAGRAMS_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; img-src data:; \
                               form-action 'none'; base-uri 'none'; frame-ancestors 'self'; sandbox allow-scripts";

/// Where the scripts of that page are: whoever has no origin asks for them from elsewhere.
const DIAGRAMS_ASSETS: &str = "/assets/diagrams/";

/// Where the page reads, without asking again, whether its request came with a session: `session` or `stranger`. It is
/// always there, because a browser that has the page already keeps headers that are not sent again.
const COMPANY: &str = "server-timing";

/// Teaches actix the files of the client, and the addresses within it that no other page has.
pub fn configure(config: &mut web::ServiceConfig) {
    for asset in ::web::assets().filter(|asset| !asset.path.starts_with(DIAGRAMS_ASSETS)) {
        config.service(readable(asset.path, move |request| file(request, asset)));
    }
    // Many, and rarely asked for: one route for all of them.
    config.service(readable(&format!("{DIAGRAMS_ASSETS}{{name}}"), |request| {
        let asset = ::web::assets().find(|asset| asset.path == request.path());
        asset.map_or_else(|| nowhere(request), |asset| file(request, asset))
    }));
    if let Some(index) = ::web::index() {
        let private =
            ["/search", "/settings", "/settings/{section}", "/admin", "/admin/{section}", "/projects/{id}"];
        let links = ["/register", "/verify", "/forgot", "/reset", "/activate", "/invitation"];
        for path in private.into_iter().chain(links) {
            config.service(readable(path, move |request| page(request, index)));
        }
    }
}

/// The page of the client, or what stands in for it where the client was not built.
pub async fn or_else(call: Call, without: fn(Call) -> Handling) -> crate::route::Outcome {
    match ::web::index() {
        Some(index) => Ok(page(&call.request, index)),
        None => without(call).await,
    }
}

/// The page: every address of the client answers with it, and browsers ask each time whether it is still the same.
fn page(request: &HttpRequest, index: &'static Asset) -> HttpResponse {
    let mut answer = answer(request, index, "no-cache");
    let policy = HeaderValue::from_static(POLICY);
    answer.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    let company = if brings_session(request) { "session" } else { "stranger" };
    answer.headers_mut().insert(HeaderName::from_static(COMPANY), HeaderValue::from_static(company));
    answer
}

/// A file. Its address changes with its content, unless it stands at the top.
fn file(request: &HttpRequest, asset: &'static Asset) -> HttpResponse {
    let is_hashed = asset.path.starts_with("/assets/");
    let caching = if is_hashed { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut answer = answer(request, asset, caching);
    let mut insert = |name, value| answer.headers_mut().insert(name, HeaderValue::from_static(value));
    match asset.path {
        WORKER => {
            insert(header::CONTENT_SECURITY_POLICY, WORKER_POLICY);
        }
        DIAGRAMS => {
            insert(header::CONTENT_SECURITY_POLICY, DIAGRAMS_POLICY);
            insert(header::X_FRAME_OPTIONS, "SAMEORIGIN");
        }
        path if path.starts_with(DIAGRAMS_ASSETS) => {
            insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
        }
        _ => {}
    }
    answer
}

fn answer(request: &HttpRequest, asset: &'static Asset, caching: &'static str) -> HttpResponse {
    let tag = format!("\"{}\"", asset.hash);
    let is_known = respond::names(request.headers(), &tag);
    let status = if is_known { StatusCode::NOT_MODIFIED } else { StatusCode::OK };
    let mut answer = HttpResponse::build(status);
    answer.insert_header((header::ETAG, tag));
    answer.insert_header((header::CACHE_CONTROL, caching));
    if is_known {
        return answer.finish();
    }
    answer.insert_header((header::CONTENT_TYPE, asset.media_type));
    if compression::takes_brotli(request.headers()) {
        answer.insert_header((header::CONTENT_ENCODING, "br"));
        answer.insert_header((header::VARY, "accept-encoding"));
        return answer.body(Bytes::from_static(asset.brotli));
    }
    answer.body(plain(asset))
}

/// The content for the few that do not understand Brotli.
fn plain(asset: &Asset) -> Vec<u8> {
    const BUFFER: usize = 64 * 1024;
    let mut content = Vec::new();
    let mut reader = brotli::Decompressor::new(asset.brotli, BUFFER);
    // What the build compressed can be read again.
    let read = reader.read_to_end(&mut content);
    debug_assert!(read.is_ok(), "{} is not Brotli", asset.path);
    content
}
