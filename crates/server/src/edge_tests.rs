use actix_web::dev::Service;
use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, call_service, init_service, read_body_json};
use actix_web::{App, Error as ActixError};
use serde_json::Value;
use testing::fakes::CountingRateLimiter;

use super::*;

async fn app(
    change: impl FnOnce(&mut Settings),
) -> impl Service<actix_http::Request, Response = ServiceResponse<impl MessageBody>, Error = ActixError> {
    let mut settings = Settings::default();
    change(&mut settings);
    let hosts = Hosts::new(&settings, settings.listen);
    let edge = web::Data::new(Edge::new(
        &settings,
        hosts,
        Arc::new(CountingRateLimiter::default()),
        CancellationToken::new(),
    ));
    init_service(
        App::new()
            .app_data(edge)
            .route("/", web::get().to(|| async { HttpResponse::Ok().body("hello") }))
            .route("/health/live", web::get().to(HttpResponse::Ok))
            .route(
                "/broken",
                web::get().to(|| async {
                    Err::<HttpResponse, _>(actix_web::error::ErrorInternalServerError(
                        "the password is hunter2",
                    ))
                }),
            )
            .default_service(web::route().to(unknown_route))
            .wrap(from_fn(super::edge)),
    )
    .await
}

fn to(path: &str) -> TestRequest {
    let peer = "127.0.0.1:4711".parse().expect("it is an address");
    TestRequest::with_uri(path).insert_header((header::HOST, "localhost:8080")).peer_addr(peer)
}

fn text<'a>(response: &'a ServiceResponse<impl MessageBody>, name: &str) -> &'a str {
    response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

#[actix_web::test]
async fn every_answer_carries_the_security_headers_and_a_request_id() {
    let app = app(|_| {}).await;
    for path in ["/", "/nowhere"] {
        let response = call_service(&app, to(path).to_request()).await;
        assert!(text(&response, "content-security-policy").contains("default-src 'none'"), "{path}");
        assert_eq!(text(&response, "x-content-type-options"), "nosniff");
        assert_eq!(text(&response, "x-frame-options"), "DENY");
        assert_eq!(text(&response, "referrer-policy"), "no-referrer");
        assert_eq!(text(&response, "cross-origin-resource-policy"), "same-origin");
        assert!(!text(&response, "x-request-id").is_empty());
        assert_eq!(text(&response, "strict-transport-security"), "");
        assert_eq!(text(&response, "access-control-allow-origin"), "");
        assert!(text(&response, "ratelimit-policy").starts_with("\"address\";q="));
    }
}

#[actix_web::test]
async fn names_of_loopback_are_for_this_machine_and_for_probes() {
    let app = app(|settings| settings.listen = ([0, 0, 0, 0], 8080).into()).await;
    for (peer, path, expected) in [
        ("127.0.0.1:4711", "/", 200),
        ("[::1]:4711", "/", 200),
        ("[::ffff:127.0.0.1]:4711", "/", 200),
        ("203.0.113.7:4711", "/", 421),
        ("[2001:db8::7]:4711", "/", 421),
        ("10.89.77.2:4711", "/health/live", 200),
    ] {
        let request = to(path).peer_addr(peer.parse().expect("it is an address")).to_request();
        assert_eq!(call_service(&app, request).await.status(), expected, "{peer} {path}");
    }
}

#[actix_web::test]
async fn an_address_of_ipv6_has_no_quota_of_its_own_within_its_network() {
    let app = app(|settings| {
        settings.requests_per_minute = 1;
        settings.allowed_hosts = vec!["localhost".to_owned()];
    })
    .await;
    for (peer, expected) in [
        ("[2001:db8:0:1::1]:4711", 200),
        ("[2001:db8:0:1:ffff::2]:4711", 429),
        ("[2001:db8:0:2::1]:4711", 200),
        ("192.0.2.1:4711", 200),
        ("192.0.2.2:4711", 200),
    ] {
        let request = to("/").peer_addr(peer.parse().expect("it is an address")).to_request();
        assert_eq!(call_service(&app, request).await.status(), expected, "{peer}");
    }
}

#[actix_web::test]
async fn a_usable_request_id_comes_back_and_an_unusable_one_is_replaced() {
    let app = app(|_| {}).await;
    let response = call_service(&app, to("/").insert_header(("x-request-id", "mine-1")).to_request()).await;
    assert_eq!(text(&response, "x-request-id"), "mine-1");
    let response = call_service(&app, to("/").insert_header(("x-request-id", "a b")).to_request()).await;
    assert_ne!(text(&response, "x-request-id"), "a b");
}

#[actix_web::test]
async fn a_problem_names_the_trace_of_the_caller() {
    let app = app(|_| {}).await;
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let response =
        call_service(&app, to("/nowhere").insert_header(("traceparent", trace)).to_request()).await;
    assert_eq!(response.status(), 404);
    assert_eq!(text(&response, "content-type"), "application/problem+json");
    let problem: Value = read_body_json(response).await;
    assert_eq!(problem["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(problem["type"], "/problems/not_found");
    assert_eq!(problem["instance"], "/nowhere");
}

#[actix_web::test]
async fn a_browser_that_is_lost_gets_a_page_and_a_program_a_problem() {
    let app = app(|_| {}).await;
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    let kinds = [
        (browser, "text/html; charset=utf-8"),
        ("text/html;q=0.5, application/json", "application/problem+json"),
        ("text/html;q=0", "application/problem+json"),
        ("*/*", "application/problem+json"),
    ];
    for (accepted, expected) in kinds {
        let request = to("/nowhere").insert_header((header::ACCEPT, accepted)).to_request();
        let response = call_service(&app, request).await;
        assert_eq!(response.status(), 404);
        assert_eq!(text(&response, "content-type"), expected, "{accepted}");
    }
    let posted = to("/nowhere").method(Method::POST).insert_header((header::ACCEPT, browser)).to_request();
    assert_eq!(text(&call_service(&app, posted).await, "content-type"), "application/problem+json");
}

#[actix_web::test]
async fn a_refused_name_is_repeated() {
    let app = app(|_| {}).await;
    let request = TestRequest::with_uri("/").insert_header((header::HOST, "Evil.example:81")).to_request();
    let problem: Value = read_body_json(call_service(&app, request).await).await;
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("evil.example:81")), "{problem}");
}

#[actix_web::test]
async fn unknown_missing_and_doubled_hosts_are_refused() {
    let app = app(|_| {}).await;
    let with = |hosts: &[&str]| {
        hosts
            .iter()
            .fold(TestRequest::with_uri("/"), |request, host| request.append_header((header::HOST, *host)))
    };
    assert_eq!(call_service(&app, with(&["evil.example"]).to_request()).await.status(), 421);
    assert_eq!(call_service(&app, with(&[]).to_request()).await.status(), 400);
    assert_eq!(call_service(&app, with(&["localhost", "evil.example"]).to_request()).await.status(), 400);
    let absolute = TestRequest::with_uri("http://evil.example/").insert_header((header::HOST, "localhost"));
    assert_eq!(call_service(&app, absolute.to_request()).await.status(), 421);
}

#[actix_web::test]
async fn https_is_remembered_only_where_the_public_address_is_https() {
    let app = app(|settings| settings.public_url = "https://chat.example.org".parse().ok()).await;
    let request = TestRequest::with_uri("/").insert_header((header::HOST, "chat.example.org"));
    let response = call_service(&app, request.to_request()).await;
    assert_eq!(response.status(), 200);
    assert!(text(&response, "strict-transport-security").starts_with("max-age="));
}

#[actix_web::test]
async fn an_address_that_asks_too_often_waits_whatever_it_claims_but_probes_go_on() {
    let app = app(|settings| {
        settings.requests_per_minute = 2;
        settings.allowed_hosts = vec!["localhost".to_owned()];
    })
    .await;
    let peer = "192.0.2.1:4711".parse().expect("it is an address");
    for (attempt, expected) in [200, 200, 429, 429].into_iter().enumerate() {
        let forged = format!("198.51.100.{attempt}");
        let request = to("/").peer_addr(peer).insert_header(("x-forwarded-for", forged));
        let response = call_service(&app, request.to_request()).await;
        assert_eq!(response.status(), expected);
        assert_eq!(expected == 429, !text(&response, "retry-after").is_empty());
    }
    let probe = to("/health/live").peer_addr(peer).to_request();
    assert_eq!(call_service(&app, probe).await.status(), 200);
}

#[actix_web::test]
async fn an_error_from_outside_of_our_handlers_says_nothing_but_its_trace() {
    let app = app(|_| {}).await;
    let response = call_service(&app, to("/broken").to_request()).await;
    assert_eq!(response.status(), 500);
    let problem: Value = read_body_json(response).await;
    assert_eq!(problem["type"], "/problems/internal_error");
    assert!(!problem.to_string().contains("hunter2"));
}

#[actix_web::test]
async fn tunnels_are_refused() {
    let app = app(|_| {}).await;
    let request = to("/").method(Method::CONNECT).to_request();
    assert_eq!(call_service(&app, request).await.status(), 405);
}
