use actix_web::http::Method;
use serde_json::json;

use super::*;
use crate::route::Parameter;

fn read(text: &str) -> Result<QueryString, String> {
    let parameter = |name| Parameter { name, description: "", schema: json!({}) };
    let mut route = Route::new(Method::GET, "/", "test.list", "test", "", |_| {
        Box::pin(async { Err(Problem::unknown_route()) })
    })
    .query([
        parameter("limit"),
        parameter("after"),
        parameter("q"),
        parameter("fields"),
        parameter("pinned"),
    ]);
    route.fields = vec!["id".to_owned(), "title".to_owned()];
    QueryString::read(text, &route).map_err(|problem| {
        let body = problem.body(None, "");
        let errors: Vec<String> =
            body.errors.iter().map(|error| format!("{} {}", error.pointer, error.code)).collect();
        format!("{} {}", body.status, errors.join(", "))
    })
}

fn refusal(text: &str) -> String {
    read(text).expect_err("the query string must be refused")
}

#[test]
fn values_are_decoded() {
    let query = read("q=a+b%26%C3%A9&limit=20&&pinned=true").expect("it is a valid query string");
    assert_eq!(query.text("q"), Some("a b&é"));
    assert_eq!(query.page().ok().and_then(|page| page.limit), Some(20));
    assert_eq!(query.boolean("pinned").ok(), Some(Some(true)));
    assert_eq!(query.boolean("archived").ok(), Some(None));
}

#[test]
fn what_is_unknown_doubled_or_broken_is_refused_by_name() {
    assert_eq!(refusal("limt=1&Q=2"), "422 /limt unknown_field, /Q unknown_field");
    assert_eq!(refusal("limit=1&limit=1"), "422 /limit duplicate");
    assert_eq!(refusal("q=%00"), "422 /q control_character");
    assert_eq!(refusal("a/b~=1"), "422 /a~1b~0 unknown_field");
    for broken in ["q=%", "q=%4", "q=%zz", "q=%ff", "%f0%28=1"] {
        assert_eq!(refusal(broken), "400 ", "{broken}");
    }
}

#[test]
fn numbers_and_truths_are_plain() {
    for wrong in ["-1", "+1", "1.0", "1e1", "", "99999999999", "１"] {
        let query = read(&format!("limit={wrong}")).expect("the name is known");
        assert!(query.page().is_err(), "{wrong}");
    }
    for wrong in ["1", "yes", "True", ""] {
        let query = read(&format!("pinned={wrong}")).expect("the name is known");
        assert!(query.boolean("pinned").is_err(), "{wrong}");
    }
}

#[test]
fn fields_are_those_of_the_resource() {
    assert_eq!(read("fields=title,id").ok().and_then(|query| query.fields().map(<[String]>::len)), Some(2));
    for wrong in ["fields=", "fields=id,", "fields=ID", "fields=id,workspace_id"] {
        assert_eq!(refusal(wrong), "422 /fields unknown_field", "{wrong}");
    }
}

#[test]
fn the_next_page_keeps_everything_but_the_cursor() {
    let query = read("q=a%26b&after=old&limit=2").expect("it is a valid query string");
    assert_eq!(query.with_after("n=w"), "q=a%26b&limit=2&after=n%3Dw");
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in ".*") {
        let _ = read(&text);
    }
}
