//! Class 14: whatever stands in a text, a query or a path, no answer is the server's fault, and what is stored comes back as
//! it was sent.

use serde_json::json;

use super::document::Documents;
use super::world::{NOT_AN_ID, NOTHING, furnish, furnish_administrator, hospitable};
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
    // What is there already, so that a text gets as far as it can.
    let mut person = furnish(client).await;
    furnish_administrator(&mut person).await;
    let (mut asked, mut taken) = (0, 0);
    for operation in documents.operations() {
        let Some(schema) = &operation.body else { continue };
        let path = operation.path_with(|name| match name {
            name if NOT_AN_ID.contains(&name) => "words".to_owned(),
            name => person.thing(name).to_owned(),
        });
        for place in documents.places(schema, &|schema| documents.is_text(schema)) {
            for text in hostile() {
                let mut body = documents.example_with(schema, &place, &json!(text));
                for (name, id) in &person.things {
                    if body.get(name).is_some() && place != [*name] {
                        body[*name] = json!(id);
                    }
                }
                let answer = operation.ask(&person.client, &path, Some(&body)).await;
                let what = format!("{} {path} {place:?} = {text:.80?}: {answer:?}", operation.method);
                assert!(answer.status < 500, "{what}");
                assert!(answer.status != 401 || !operation.is_for_people, "{what}");
                assert!(!answer.headers.contains_key("x-injected"), "{what}");
                asked += 1;
                taken += usize::from(answer.status < 300);
            }
        }
    }
    assert!(asked > 400, "only {asked} texts were sent");
    assert!(taken > 100, "only {taken} texts were taken");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_text_in_a_command_on_a_socket_is_the_servers_fault() {
    let server = hospitable().start().await;
    let client = server.anonymous().sign_in(OWNER_EMAIL, OWNER_PASSWORD).await;
    let documents = Documents::of(&client).await;
    let mut person = furnish(client).await;
    furnish_administrator(&mut person).await;
    let mut socket = person.client.socket().await;
    let (mut asked, mut taken) = (0, 0);
    for command in documents.commands() {
        for place in documents.places(&command.parameters, &|schema| documents.is_text(schema)) {
            for text in hostile() {
                let mut params = documents.example_with(&command.parameters, &place, &json!(text));
                for (name, id) in &person.things {
                    if params.get(name).is_some() && place != [*name] {
                        params[*name] = json!(id);
                    }
                }
                let answer = socket.command(&command.name, params).await;
                let status = answer["problem"]["status"].as_u64().unwrap_or(200);
                assert!(status < 500, "{} {place:?} = {text:.80?}: {answer}", command.name);
                asked += 1;
                taken += usize::from(status == 200);
            }
        }
    }
    assert!(asked > 300, "only {asked} texts were sent");
    assert!(taken > 100, "only {taken} texts were taken");
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
