use actix_web::test::TestRequest;

use super::*;
use crate::Settings;
use crate::hosts::Authority;

fn hosts(public_url: Option<&str>) -> Hosts {
    let settings =
        Settings { public_url: public_url.and_then(|url| url.parse().ok()), ..Settings::default() };
    Hosts::new(&settings, settings.listen)
}

fn info(called: &str) -> RequestInfo {
    let request = TestRequest::default().to_http_request();
    RequestInfo::read(request.headers(), None, &[], Authority::parse(called))
}

fn present(request: TestRequest) -> Result<Option<&'static str>, StatusCode> {
    let presented = presented(&request.to_http_request(), &info("localhost:8080"), &hosts(None));
    let kind = presented.map_err(|problem| problem.status())?;
    Ok(kind.map(|presented| if matches!(presented, Presented::Bearer(_)) { "bearer" } else { "cookie" }))
}

fn get() -> TestRequest {
    TestRequest::get()
}

#[test]
fn credentials_come_from_headers_and_the_cookie_only() {
    assert_eq!(present(get()), Ok(None));
    assert_eq!(present(get().insert_header(("authorization", "Bearer clq_a"))), Ok(Some("bearer")));
    assert_eq!(present(get().insert_header(("authorization", "bearer  clq_a"))), Ok(Some("bearer")));
    assert_eq!(present(get().insert_header(("authorization", "Bearer eyJ.a.b"))), Ok(Some("bearer")));
    assert_eq!(present(get().insert_header(("x-api-key", "clq_a"))), Ok(Some("bearer")));
    assert_eq!(present(get().insert_header(("cookie", "colloquy=token"))), Ok(Some("cookie")));
    assert_eq!(present(TestRequest::with_uri("/?api_key=clq_a&token=clq_a")), Ok(None));
    assert_eq!(present(get().insert_header(("cookie", "colloquy=clq_a"))), Ok(None));
    assert_eq!(present(get().insert_header(("cookie", "colloquy="))), Ok(None));
}

#[test]
fn a_header_that_is_no_key_is_refused_rather_than_ignored() {
    for wrong in ["Bearer token", "Bearer clr_a", "Basic clq_a", "clq_a", "Bearer", "Bearer "] {
        let request =
            get().insert_header(("authorization", wrong)).insert_header(("cookie", "colloquy=token"));
        assert_eq!(present(request), Err(StatusCode::UNAUTHORIZED), "{wrong}");
    }
    let twice = get()
        .append_header(("authorization", "Bearer clq_a"))
        .append_header(("authorization", "Bearer clq_b"));
    assert_eq!(present(twice), Err(StatusCode::UNAUTHORIZED));
    let both = |key: &'static str| {
        get().insert_header(("authorization", "Bearer clq_a")).insert_header(("x-api-key", key))
    };
    assert_eq!(present(both("clq_a")), Ok(Some("bearer")));
    assert_eq!(present(both("clq_b")), Err(StatusCode::UNAUTHORIZED));
    let token = get().insert_header(("x-api-key", "eyJ.a.b"));
    assert_eq!(present(token), Err(StatusCode::UNAUTHORIZED));
}

#[test]
fn the_cookie_is_secure_except_on_plain_loopback() {
    let lifetime = time::Duration::days(1);
    let plain = session_cookie("t", lifetime, &info("localhost:8080"), &hosts(None)).to_string();
    assert_eq!(plain, "colloquy=t; HttpOnly; SameSite=Strict; Path=/; Max-Age=86400");
    let hosts = hosts(Some("https://chat.example.org"));
    let secure = session_cookie("t", lifetime, &info("chat.example.org"), &hosts).to_string();
    assert_eq!(secure, "__Host-colloquy=t; HttpOnly; SameSite=Strict; Secure; Path=/; Max-Age=86400");
    let request = get().insert_header(("cookie", "colloquy=t")).to_http_request();
    assert!(matches!(presented(&request, &info("chat.example.org"), &hosts), Ok(None)));
}

#[test]
fn a_request_with_a_cookie_must_come_from_a_page_of_ours() {
    let check = |origins: &[&str]| {
        let request = origins
            .iter()
            .fold(TestRequest::post(), |request, origin| request.append_header(("origin", *origin)));
        require_own_origin(request.to_http_request().headers(), &info("localhost:8080"), &hosts(None)).is_ok()
    };
    assert!(check(&["http://localhost:8080"]));
    for foreign in [
        &[][..],
        &["null"],
        &["http://localhost"],
        &["https://evil.example"],
        &["http://localhost:8080.evil.example"],
        &["http://localhost:8080", "https://evil.example"],
    ] {
        assert!(!check(foreign), "{foreign:?}");
    }
}

#[test]
fn the_csrf_token_belongs_to_the_session() {
    let check = |token: &str| {
        let request = TestRequest::post().insert_header(("x-csrf-token", token)).to_http_request();
        require_csrf_token(request.headers(), "session").is_ok()
    };
    assert!(check(&csrf_token("session")));
    assert!(!check(&csrf_token("another session")));
    assert!(!check("") && !check("session"));
    assert!(require_csrf_token(TestRequest::post().to_http_request().headers(), "session").is_err());
}

#[test]
fn an_idempotency_key_is_taken_whole_or_refused() {
    let read = |value: &str| {
        let request = TestRequest::post().insert_header(("idempotency-key", value)).to_http_request();
        idempotency_key(request.headers()).map(|key| key.map(|key| key.as_str().to_owned()))
    };
    assert_eq!(read("a-1").ok().flatten().as_deref(), Some("a-1"));
    assert!(read("").is_err() && read("a b").is_err() && read(&"a".repeat(256)).is_err());
}
