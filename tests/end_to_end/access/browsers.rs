//! What browsers send on their own counts only where a page of ours sent it.

use reqwest::Method;
use serde_json::json;

use super::{hospitable, with_headers};
use crate::harness::raw::UPGRADE;
use crate::harness::{Answer, Client, OWNER_EMAIL, OWNER_PASSWORD, RawSocket, Server};

/// What a browser that is signed in has.
struct Browser {
    cookie: String,
    csrf_token: String,
    origin: String,
}

async fn browser(server: &Server) -> Browser {
    let body = json!({ "email": OWNER_EMAIL, "password": OWNER_PASSWORD });
    let answer = server.anonymous().post("/api/v1/auth/login", &body).await;
    Browser {
        cookie: answer.header("set-cookie").split(';').next().expect("a cookie").to_owned(),
        csrf_token: answer.json()["csrf_token"].as_str().expect("a token").to_owned(),
        origin: format!("http://{}", server.address()),
    }
}

#[tokio::test]
async fn a_cookie_changes_nothing_without_our_origin_and_the_csrf_token() {
    let server = hospitable().start().await;
    let ours = browser(&server).await;
    let another = browser(&server).await;
    let cookie = ("cookie", ours.cookie.as_str());
    let origin = ("origin", ours.origin.as_str());
    let token = ("x-csrf-token", ours.csrf_token.as_str());
    let post = async |headers: &[(&str, &str)]| {
        with_headers(&server, Method::POST, "/api/v1/conversations", headers).await
    };
    let listens_on = server.address().port();
    let foreign_origins = [
        "null".to_owned(),
        String::new(),
        "https://evil.example".to_owned(),
        format!("http://evil.example:{listens_on}"),
        format!("http://localhost:{listens_on}"),
        format!("http://127.0.0.1:{}", listens_on ^ 1),
        "http://127.0.0.1".to_owned(),
        format!("ftp://127.0.0.1:{listens_on}"),
        format!("http://127.0.0.1:{listens_on}.evil.example"),
        format!("http://127.0.0.1:{listens_on}@evil.example"),
        format!("http://evil.example/http://127.0.0.1:{listens_on}"),
    ];
    for foreign in &foreign_origins {
        post(&[cookie, token, ("origin", foreign)]).await.expect_problem(403, "foreign_origin");
    }
    post(&[cookie, token]).await.expect_problem(403, "foreign_origin");
    post(&[cookie, token, ("referer", &ours.origin)]).await.expect_problem(403, "foreign_origin");
    post(&[cookie, token, origin, ("origin", "https://evil.example")])
        .await
        .expect_problem(403, "foreign_origin");
    for wrong in ["", "x", &another.csrf_token, &ours.csrf_token[1..], &format!("{}A", ours.csrf_token)] {
        post(&[cookie, origin, ("x-csrf-token", wrong)]).await.expect_problem(403, "csrf_token");
    }
    post(&[cookie, origin]).await.expect_problem(403, "csrf_token");
    for method in [Method::PATCH, Method::DELETE] {
        let path = format!("/api/v1/conversations/{}", super::NOTHING);
        with_headers(&server, method, &path, &[cookie]).await.expect_problem(403, "foreign_origin");
    }
    let owner = server.owner().await;
    assert_eq!(owner.get("/api/v1/conversations").await.expect(200)["items"], json!([]));
    post(&[cookie, origin, token]).await.expect(201);
    with_headers(&server, Method::GET, "/api/v1/conversations", &[cookie]).await.expect(200);
}

#[tokio::test]
async fn no_other_page_may_sign_anybody_in_or_read_an_answer() {
    let server = hospitable().start().await;
    for origin in ["https://evil.example", "null"] {
        let request = server.anonymous().request(Method::POST, "/api/v1/auth/login").header("origin", origin);
        let body = json!({ "email": OWNER_EMAIL, "password": OWNER_PASSWORD });
        let answer = Answer::of(request.json(&body)).await;
        assert_eq!(answer.header("set-cookie"), "");
        answer.expect_problem(403, "foreign_origin");
    }
    let ours = browser(&server).await;
    for method in [Method::GET, Method::OPTIONS] {
        let headers = [
            ("cookie", ours.cookie.as_str()),
            ("origin", "https://evil.example"),
            ("access-control-request-method", "DELETE"),
            ("access-control-request-headers", "x-csrf-token"),
        ];
        let answer = with_headers(&server, method, "/api/v1/conversations", &headers).await;
        let opened: Vec<_> =
            answer.headers.keys().filter(|name| name.as_str().starts_with("access-control")).collect();
        assert!(opened.is_empty(), "CORS is closed: {opened:?}");
        assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert!(answer.header("content-security-policy").contains("default-src 'none'"));
    }
}

#[tokio::test]
async fn a_socket_is_refused_to_a_foreign_page_before_the_upgrade() {
    let server = hospitable().start().await;
    let ours = browser(&server).await;
    let key = format!("Bearer {}", server.owner().await.key());
    let upgrade = async |headers: &[(&str, &str)]| {
        let all: Vec<(&str, &str)> = UPGRADE.into_iter().chain(headers.iter().copied()).collect();
        let mut socket = RawSocket::connect(server.address(), None).await;
        socket.handshake("GET", "/api/v1/ws", &all).await.status
    };
    let cookie = ("cookie", ours.cookie.as_str());
    for origin in ["https://evil.example", "null", "http://localhost", ""] {
        assert_eq!(upgrade(&[cookie, ("origin", origin)]).await, 403, "{origin:?}");
        assert_eq!(upgrade(&[("authorization", &key), ("origin", origin)]).await, 403, "{origin:?}");
        assert_eq!(upgrade(&[("origin", origin)]).await, 403, "{origin:?}");
    }
    assert_eq!(upgrade(&[cookie]).await, 403, "a browser always says where it comes from");
    assert_eq!(upgrade(&[cookie, ("origin", &ours.origin), ("origin", "https://evil.example")]).await, 403);
    assert_eq!(upgrade(&[("cookie", "colloquy=nonsense"), ("origin", &ours.origin)]).await, 401);
    assert_eq!(upgrade(&[("authorization", "Bearer clq_nonsense")]).await, 401);
    assert_eq!(upgrade(&[cookie, ("origin", &ours.origin)]).await, 101);
    assert_eq!(upgrade(&[("authorization", &key)]).await, 101);
}

#[tokio::test]
async fn the_cookie_is_only_ours_only_for_requests_and_new_at_every_sign_in() {
    let server = hospitable().env("COLLOQUY_SERVER__PUBLIC_URL", "https://chat.example.org").start().await;
    let log_in = async |host: &str| {
        let request = server.anonymous().request(Method::POST, "/api/v1/auth/login").header("host", host);
        let body = json!({ "email": OWNER_EMAIL, "password": OWNER_PASSWORD });
        let request = request.header("cookie", "__Host-colloquy=fixed; colloquy=fixed");
        let answer = Answer::of(request.json(&body)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(!String::from_utf8_lossy(&answer.bytes).contains("fixed"));
        answer.header("set-cookie").to_owned()
    };
    let attributes = |cookie: &str| {
        let mut all: Vec<String> = cookie.split("; ").skip(1).map(str::to_owned).collect();
        all.sort();
        all
    };
    let public = log_in("chat.example.org").await;
    assert!(public.starts_with("__Host-colloquy="), "{public}");
    assert_eq!(attributes(&public), ["HttpOnly", "Max-Age=2592000", "Path=/", "SameSite=Strict", "Secure"]);
    let local = log_in(&server.address().to_string()).await;
    assert!(local.starts_with("colloquy="), "{local}");
    assert_eq!(attributes(&local), ["HttpOnly", "Max-Age=2592000", "Path=/", "SameSite=Strict"]);
    let value = |cookie: &str| {
        cookie.split(';').next().and_then(|pair| pair.split_once('=')).map(|(_, value)| value.to_owned())
    };
    let values = [value(&public), value(&local), value(&log_in("chat.example.org").await)];
    for (index, token) in values.iter().enumerate() {
        assert!(token.as_ref().is_some_and(|token| token.len() >= 43), "256 bits: {token:?}");
        assert!(!values[index + 1..].contains(token), "every sign-in has a token of its own");
    }
    let over_http = [("cookie", public.split(';').next().expect("a pair")), ("host", "chat.example.org")];
    with_headers(&server, Method::GET, "/api/v1/me", &over_http).await.expect(200);
    let strict = with_headers(&server, Method::GET, "/health/live", &[]).await;
    assert!(strict.header("strict-transport-security").contains("max-age="));
}

#[tokio::test]
async fn no_answer_with_something_personal_in_it_may_be_kept_by_caches() {
    let server = hospitable().start().await;
    let owner = server.owner().await;
    let conversation = owner.conversation().await;
    let answers = |client: Client| async move {
        [client.get("/api/v1/me").await, client.get("/api/v1/conversations").await]
    };
    for answer in answers(owner.clone()).await {
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    let one = owner.get(&format!("/api/v1/conversations/{conversation}")).await;
    assert_eq!(one.header("cache-control"), "no-store");
    assert_eq!(one.header("referrer-policy"), "no-referrer");
    assert_eq!(one.header("server"), "", "the server does not say what it is made of");
}
