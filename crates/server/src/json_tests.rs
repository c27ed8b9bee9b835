use actix_web::test::TestRequest;
use actix_web::{FromRequest as _, web};

use super::*;

fn refusal(text: &[u8]) -> String {
    parse(text).expect_err("the text must be refused").body(None, "").detail
}

#[test]
fn ordinary_json_is_read_as_it_is() {
    let text = r#"{"a":[1,-2,3.5,18446744073709551615,true,null,"é😀"],"b":{"a":{}}}"#;
    assert_eq!(parse(text.as_bytes()).ok().map(|value| value.to_string()).as_deref(), Some(text));
}

#[test]
fn a_name_that_stands_twice_is_refused_at_any_depth() {
    assert!(refusal(br#"{"a":1,"a":2}"#).contains("\"a\" stands twice"));
    assert!(refusal(br#"[{"b":{"a":1,"\u0061":2}}]"#).contains("\"a\" stands twice"));
    assert!(parse(br#"{"a":{"a":{"a":1}}}"#).is_ok());
}

#[test]
fn what_is_not_json_is_refused_with_its_place() {
    assert!(refusal(b"{\"a\":}").contains("line 1 column 6"));
    assert!(refusal(b"{} {}").contains("trailing"));
    assert!(refusal(b"{\"a\":\"\xff\"}").contains("byte 6"));
    for text in [
        "\"\\ud800\"",
        "\"\\udc00\\ud800\"",
        "1e999",
        "NaN",
        "[1,]",
        "{'a':1}",
        "\"\u{1}\"",
        "\u{feff}{}",
        "",
    ] {
        assert!(parse(text.as_bytes()).is_err(), "{text:?}");
    }
}

#[test]
fn depth_is_bounded() {
    let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(parse(nested(MAX_DEPTH).as_bytes()).is_ok());
    assert!(refusal(nested(MAX_DEPTH + 1).as_bytes()).contains("64 levels"));
    assert!(refusal("[".repeat(1_000_000).as_bytes()).contains("64 levels"));
}

async fn read_with(request: TestRequest, body: impl Into<Bytes>) -> Result<Bytes, StatusCode> {
    let (request, mut payload) = request.set_payload(body).to_http_parts();
    let payload =
        web::Payload::from_request(&request, &mut payload).await.expect("a payload can always be taken");
    let read = read_bytes(&request, payload.into_inner(), 16, Duration::from_millis(50)).await;
    read.map_err(|problem| problem.status())
}

fn json_request() -> TestRequest {
    TestRequest::post().insert_header((header::CONTENT_TYPE, "application/json"))
}

#[actix_web::test]
async fn a_body_up_to_the_limit_is_read() {
    assert_eq!(
        read_with(json_request(), "0123456789abcdef").await.as_deref(),
        Ok(b"0123456789abcdef".as_slice())
    );
    assert_eq!(read_with(TestRequest::post(), "").await.as_deref(), Ok(b"".as_slice()));
}

#[actix_web::test]
async fn a_body_over_the_limit_is_refused_whether_it_says_so_or_not() {
    assert_eq!(read_with(json_request(), "0123456789abcdefg").await, Err(StatusCode::PAYLOAD_TOO_LARGE));
    let lying = json_request().insert_header((header::TRANSFER_ENCODING, "chunked"));
    let (request, _) = lying.to_http_parts();
    let chunks = futures_util::stream::repeat_with(|| Ok(Bytes::from_static(b"0123456789")));
    let payload: Payload = Payload::Stream { payload: Box::pin(chunks) };
    let read = read_bytes(&request, payload, 16, Duration::from_secs(10)).await;
    assert_eq!(read.map_err(|problem| problem.status()), Err(StatusCode::PAYLOAD_TOO_LARGE));
}

#[actix_web::test]
async fn a_declared_length_over_the_limit_is_refused_before_anything_is_read() {
    let declared = json_request().insert_header((header::CONTENT_LENGTH, "2147483648"));
    let (request, _) = declared.to_http_parts();
    let payload: Payload = Payload::Stream { payload: Box::pin(futures_util::stream::pending()) };
    let read = read_bytes(&request, payload, 16, Duration::from_secs(10)).await;
    assert_eq!(read.map_err(|problem| problem.status()), Err(StatusCode::PAYLOAD_TOO_LARGE));
}

#[actix_web::test]
async fn a_body_that_does_not_arrive_times_out() {
    let (request, _) = json_request().insert_header((header::CONTENT_LENGTH, "5")).to_http_parts();
    let payload: Payload = Payload::Stream { payload: Box::pin(futures_util::stream::pending()) };
    let read = read_bytes(&request, payload, 16, Duration::from_millis(20)).await;
    assert_eq!(read.map_err(|problem| problem.status()), Err(StatusCode::REQUEST_TIMEOUT));
}

#[actix_web::test]
async fn only_plain_json_in_utf8_is_taken() {
    let typed = |media_type: &str| TestRequest::post().insert_header((header::CONTENT_TYPE, media_type));
    for taken in ["application/json", "Application/JSON; charset=UTF-8", "application/json;charset=\"utf-8\""]
    {
        assert!(read_with(typed(taken), "{}").await.is_ok(), "{taken}");
    }
    for refused in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=latin1",
        "application/jsonx",
    ] {
        assert_eq!(
            read_with(typed(refused), "{}").await,
            Err(StatusCode::UNSUPPORTED_MEDIA_TYPE),
            "{refused}"
        );
    }
    assert_eq!(read_with(TestRequest::post(), "{}").await, Err(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    for coding in ["gzip", "br", "identity"] {
        let coded = json_request().insert_header((header::CONTENT_ENCODING, coding));
        assert_eq!(read_with(coded, "{}").await, Err(StatusCode::UNSUPPORTED_MEDIA_TYPE), "{coding}");
    }
}

proptest::proptest! {
    #[test]
    fn what_is_accepted_means_the_same_to_serde_json(text in "\\PC{0,40}|[\\[\\]{}\",:0-9a-z\\\\ ]{0,40}") {
        if let Ok(value) = parse(text.as_bytes()) {
            proptest::prop_assert_eq!(serde_json::from_str::<Value>(&text).ok(), Some(value));
        }
    }
}
