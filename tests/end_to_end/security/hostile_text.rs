//! Class 14: whatever stands in a text, a query or a path, no answer is the server's fault, and what is stored comes back as
//! it was sent.

use serde_json::json;

use super::document::Documents;
use super::world::{NOTHING, hospitable};
use crate::harness::{Answer, OWNER_EMAIL, OWNER_PASSWORD};

/// What breaks those who build statements, headers, paths, patterns or pages out of text.
fn hostile() -> Vec<String> {
    let mut texts: Vec<String> = [
        "' OR '1'='1' --",
        "'; DROP TABLE users; --",
        "\" UNION SELECT * FROM sessions --",
        "$1 ?1 :a @b {} %s %n",
        "%00%0d%0aSet-Cookie: a=b",
        "a\r\nX-Injected: yes",
        "nul\u{0}inside",
        "\u{202E}gnp.exe\u{2066}",
        "../../etc/passwd",
        "{{7*7}}${7*7}<%= 7*7 %>",
        "<script>alert(1)</script><img src=x onerror=alert(1)>",
        "\\u0000\\ud800",
        "%_[]^$.*+?(){}|\\",
        "\"words\" AND NEAR(a b) NOT c* col:d",
        "🏳️‍🌈👩‍👩‍👧‍👦 \u{FFFD}\u{FEFF}",
        "",
        " ",
    ]
    .map(str::to_owned)
    .to_vec();
    texts.push("x".repeat(10_000));
    texts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_text_in_a_body_is_the_servers_fault() {
    let server = hospitable().start().await;
    let client = server.anonymous().sign_in(OWNER_EMAIL, OWNER_PASSWORD).await;
    let documents = Documents::of(&client).await;
    let mut asked = 0;
    for operation in documents.operations() {
        let Some(schema) = &operation.body else { continue };
        let path = operation.path_with(|_| NOTHING.to_owned());
        for (field, _) in documents.properties(schema).iter().filter(|(_, schema)| documents.is_text(schema))
        {
            for text in hostile() {
                let mut body = documents.example(schema);
                body[field.as_str()] = json!(text);
                let answer = operation.ask(&client, &path, Some(&body)).await;
                assert!(answer.status < 500, "{} {path} {field} = {text:?}: {answer:?}", operation.method);
                assert!(!answer.headers.contains_key("x-injected"), "{path} {field}");
                asked += 1;
            }
        }
    }
    assert!(asked > 400, "only {asked} texts were sent");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_text_in_an_address_is_the_servers_fault() {
    let server = hospitable().start().await;
    let client = server.owner().await;
    let documents = Documents::of(&client).await;
    for operation in documents.operations().iter().filter(|operation| !operation.is_unsafe()) {
        if operation.name == "run.follow" {
            continue;
        }
        for text in hostile() {
            let hex: Vec<String> = text.bytes().take(2_000).map(|byte| format!("%{byte:02X}")).collect();
            let escaped = hex.concat();
            if !operation.in_path.is_empty() {
                let path = operation.path_with(|_| escaped.clone());
                let answer = Answer::of(client.request(operation.method.clone(), &path)).await;
                assert!((400..500).contains(&answer.status), "{path}: {answer:?}");
            }
            for (name, _) in &operation.in_query {
                let path = format!("{}?{name}={escaped}", operation.path_with(|_| NOTHING.to_owned()));
                let answer = client.get(&path).await;
                assert!(answer.status < 500, "{path}: {answer:?}");
            }
        }
    }
}

#[tokio::test]
async fn what_is_stored_comes_back_as_it_was_sent() {
    let server = hospitable().start().await;
    let client = server.owner().await;
    for text in hostile() {
        let made = client.post("/api/v1/conversations", &json!({ "system_prompt": text })).await;
        if made.status == 201 {
            let made = made.json();
            assert_eq!(made["system_prompt"], text);
            let path = format!("/api/v1/conversations/{}", made["id"].as_str().expect("an id"));
            assert_eq!(client.get(&path).await.expect(200)["system_prompt"], text);
        } else {
            made.expect_problem(422, "invalid_input");
        }
    }
}
