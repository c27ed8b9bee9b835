use actix_web::test::TestRequest;
use serde_json::json;

use super::*;

fn expected(value: &str) -> Result<Option<u32>, u16> {
    let request = TestRequest::patch().insert_header((header::IF_MATCH, value)).to_http_request();
    let version = expected_version(&request).map_err(|problem| problem.status().as_u16())?;
    Ok(version.map(Version::number))
}

#[test]
fn if_match_takes_one_strong_tag_or_any() {
    assert_eq!(expected("\"3\""), Ok(Some(3)));
    assert_eq!(expected("*"), Ok(None));
    assert!(matches!(expected_version(&TestRequest::patch().to_http_request()), Ok(None)));
    for wrong in
        ["3", "\"0\"", "\"03\"", "\"-1\"", "\"99999999999\"", "W/\"3\"", "\"3\", \"4\"", "\"\"", "", "\"a\""]
    {
        assert_eq!(expected(wrong), Err(422), "{wrong}");
    }
}

#[test]
fn if_none_match_compares_weakly_and_takes_lists() {
    let version = Version::FIRST.next();
    let matches = |value: &str| {
        let request = TestRequest::get().insert_header((header::IF_NONE_MATCH, value)).to_http_request();
        matches_any(request.headers(), version)
    };
    assert!(matches("\"2\"") && matches("W/\"2\"") && matches("\"1\", \"2\"") && matches("*"));
    assert!(!matches("\"1\"") && !matches("2") && !matches(""));
}

#[test]
fn sparse_answers_have_the_fields_in_the_order_asked() {
    let reduced =
        reduce(json!({"id": 1, "title": "a", "version": 2}), &["version".to_owned(), "id".to_owned()]);
    assert_eq!(reduced.to_string(), r#"{"version":2,"id":1}"#);
}
