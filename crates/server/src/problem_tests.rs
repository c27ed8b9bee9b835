use actix_web::body::to_bytes;
use actix_web::test::TestRequest;

use super::*;

#[test]
fn every_code_has_its_status() {
    let statuses = [
        (Code::Malformed, 400),
        (Code::Unauthenticated, 401),
        (Code::Forbidden, 403),
        (Code::NotFound, 404),
        (Code::Gone, 410),
        (Code::Conflict, 409),
        (Code::PreconditionFailed, 412),
        (Code::TooLarge, 413),
        (Code::InvalidInput, 422),
        (Code::RateLimited, 429),
        (Code::Internal, 500),
        (Code::Provider, 502),
        (Code::Overloaded, 503),
        (Code::Unavailable, 503),
        (Code::TimedOut, 503),
    ];
    for (code, expected) in statuses {
        assert_eq!(Problem::from(Error::new(code, "slug", "")).status(), expected, "{code:?}");
    }
}

fn header(problem: &Problem, name: &str) -> Option<String> {
    let response = problem.respond(&TestRequest::with_uri("/x").to_http_request());
    response.headers().get(name).and_then(|value| value.to_str().ok()).map(ToOwned::to_owned)
}

#[test]
fn headers_say_what_programs_need() {
    let busy = Error::new(Code::Overloaded, "overloaded", "").retry_after(Duration::from_millis(1_200));
    assert_eq!(header(&busy.into(), "retry-after").as_deref(), Some("2"));
    let stale = Error::stale(Version::FIRST.next());
    assert_eq!(header(&stale.into(), "etag").as_deref(), Some("\"2\""));
    assert!(header(&Error::unauthenticated().into(), "www-authenticate").is_some());
    let refused = Problem::method_not_allowed("GET, HEAD".to_owned());
    assert_eq!(header(&refused, "allow").as_deref(), Some("GET, HEAD"));
}

#[test]
fn titles_read_well() {
    for (slug, expected) in [
        ("not_found", "Not found"),
        ("malformed_json", "Malformed JSON"),
        ("media_type", "Unsupported media type"),
    ] {
        assert_eq!(title(slug), expected);
    }
}

#[actix_web::test]
async fn a_defect_tells_nothing_of_its_cause() {
    let problem = Problem::from(Error::internal("the password is hunter2"));
    let response = problem.respond(&TestRequest::with_uri("/x").to_http_request());
    assert_eq!(response.status(), 500);
    let body = to_bytes(response.into_body()).await.expect("the body is complete");
    let text = String::from_utf8_lossy(&body);
    assert!(!text.contains("hunter2"));
    assert!(text.contains("\"trace_id\":"));
}

#[test]
fn invalid_fields_are_pointed_at() {
    let problem = Problem::from(Error::invalid_field("/parts/0/text", "too_long", "must be shorter"));
    let body = problem.body(Some("/api/v1/x"), "abc");
    insta::assert_json_snapshot!(body, @r#"
    {
      "type": "/problems/invalid_input",
      "title": "Invalid input",
      "status": 422,
      "detail": "/parts/0/text: must be shorter",
      "instance": "/api/v1/x",
      "trace_id": "abc",
      "errors": [
        {
          "pointer": "/parts/0/text",
          "code": "too_long",
          "detail": "must be shorter"
        }
      ]
    }
    "#);
}
