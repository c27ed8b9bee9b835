//! The web client, and the few pages that the server has itself: set-up, signing in, API keys.
//!
//! They work without the web client, and stand aside for it where it was built. No page holds script or style of its own; both come from
//! addresses that name their content, so that browsers may keep them for ever.

mod accept;
mod client;
mod conversation;
mod front;
mod problems;

use std::sync::LazyLock;

use actix_web::http::header::{self, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;

use crate::problem::Problem;

pub use accept::prefers_html;
pub use conversation::page_or_client as conversation;
pub use front::{home, login, set_up, shared};
pub use problems::{explain, rows as problem_rows};

/// What browsers may do on our pages: what comes from this server, nothing else, and nothing in the page itself.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// A file that pages load.
struct Asset {
    path: String,
    media_type: &'static str,
    content: &'static [u8],
}

/// The files, each under an address that changes with its content.
static ASSETS: LazyLock<[Asset; 3]> = LazyLock::new(|| {
    let asset = |name: &str, ending: &str, media_type, content: &'static [u8]| {
        let hash = blake3::hash(content).to_hex();
        Asset { path: format!("/assets/{name}.{}.{ending}", &hash[..12]), media_type, content }
    };
    [
        asset("style", "css", "text/css; charset=utf-8", include_bytes!("assets/style.css")),
        asset("pages", "js", "text/javascript; charset=utf-8", include_bytes!("assets/pages.js")),
        asset("icon", "svg", "image/svg+xml", include_bytes!("assets/icon.svg")),
    ]
});

/// Teaches actix the pages that are the same for everybody, and the files.
pub fn configure(config: &mut web::ServiceConfig) {
    client::configure(config);
    if ::web::index().is_none() {
        let api_keys = Bytes::from(complete(include_str!("assets/api_keys.html")));
        config.service(readable("/settings/api-keys", move |_| html(api_keys.clone())));
    }
    for asset in ASSETS.iter() {
        config.service(readable(&asset.path, move |_| {
            let mut answer = HttpResponse::Ok();
            answer.insert_header((header::CONTENT_TYPE, asset.media_type));
            answer.insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"));
            answer.body(Bytes::from_static(asset.content))
        }));
    }
    config.service(web::resource("/problems/{slug}").route(web::get().to(problem)));
}

/// A page.
pub fn html(content: Bytes) -> HttpResponse {
    with_status(StatusCode::OK, content)
}

fn with_status(status: StatusCode, content: Bytes) -> HttpResponse {
    let mut answer = HttpResponse::build(status);
    answer.insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"));
    answer.insert_header((header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)));
    answer.body(content)
}

/// A page with the addresses of its files filled in.
pub fn complete(source: &str) -> String {
    let mut page = source.replace("{{head}}", include_str!("assets/head.html"));
    for asset in ASSETS.iter() {
        let name = asset.path.trim_start_matches("/assets/").split('.').next().unwrap_or_default();
        page = page.replace(&format!("{{{{{name}}}}}"), &asset.path);
    }
    page
}

/// What is said of an address that leads nowhere: a page for browsers, a problem for programs.
pub fn nowhere(request: &HttpRequest) -> HttpResponse {
    let problem = Problem::unknown_route();
    let is_read = request.method() == Method::GET || request.method() == Method::HEAD;
    if is_read && prefers_html(request.headers()) {
        return refuse(&problem);
    }
    problem.respond(request)
}

/// A problem as a page.
fn refuse(problem: &Problem) -> HttpResponse {
    let title = crate::problem::title(problem.slug());
    let detail = if problem.status() == StatusCode::NOT_FOUND {
        "There is nothing at this address, or it belongs to somebody else."
    } else {
        problem.detail()
    };
    let source = complete(include_str!("assets/nowhere.html"));
    let page = source.replace("{{title}}", &escape(&title)).replace("{{detail}}", &escape(detail));
    with_status(problem.status(), Bytes::from(page))
}

/// Text inside HTML.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// Something that can only be read.
fn readable(
    path: &str,
    answer: impl Fn(&HttpRequest) -> HttpResponse + Clone + 'static,
) -> actix_web::Resource {
    let for_head = answer.clone();
    web::resource(path)
        .route(web::get().to(move |request: HttpRequest| std::future::ready(answer(&request))))
        .route(web::head().to(move |request: HttpRequest| std::future::ready(for_head(&request))))
        .default_service(web::route().to(|request: HttpRequest| {
            std::future::ready(Problem::method_not_allowed("GET, HEAD".to_owned()).respond(&request))
        }))
}

/// `GET /problems/{slug}`: what a kind of problem means.
async fn problem(request: HttpRequest) -> HttpResponse {
    let slug = request.match_info().get("slug").unwrap_or_default();
    match explain(slug) {
        Some(page) => html(Bytes::from(page)),
        None => nowhere(&request),
    }
}
