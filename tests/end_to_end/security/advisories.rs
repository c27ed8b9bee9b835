//! Holes that were published for comparable products; `tests/advisories.md` lists them.

use reqwest::Method;
use serde_json::json;
use testing::upstream::{Script, Upstream};

use super::document::Documents;
use super::world::{NOTHING, account, hospitable};
use crate::harness::Answer;

#[tokio::test]
async fn completions_keep_nothing_in_the_conversations_of_others() {
    let server = hospitable().start().await;
    let (hers, his) = (account(&server, "alice", "member").await, account(&server, "bob", "member").await);
    let conversation = hers.conversation_with(&json!({ "title": "Hers" })).await;
    let path = format!("/api/v1/conversations/{conversation}");
    let before = hers.get(&path).await.expect(200);
    let key = his.with_new_api_key().await;
    let ask = async |conversation: &str| {
        let body = json!({ "model": "builtin/recall", "messages": [{ "role": "user", "content": "go on" }] });
        let request = key.request(Method::POST, "/v1/chat/completions").json(&body);
        Answer::of(request.header("x-colloquy-conversation", conversation)).await
    };
    let answer = ask(&conversation).await;
    assert_eq!(answer.status, 404, "{answer:?}");
    assert_eq!(answer.appearance(&[&conversation]), ask(NOTHING).await.appearance(&[NOTHING]));
    assert_eq!(before, hers.get(&path).await.expect(200));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_as_narrow_in_either_header() {
    let server = hospitable().start().await;
    let owner = server.owner().await;
    let documents = Documents::of(&owner).await;
    let made = owner
        .in_browser()
        .post("/api/v1/api-keys", &json!({ "name": "narrow", "scopes": ["read"] }))
        .await
        .expect(201);
    let key = made["key"].as_str().expect("a key");
    let mut refused = 0;
    for operation in documents.operations().iter().filter(|operation| operation.is_for_people) {
        if matches!(operation.name.as_str(), "event.list" | "run.follow") {
            continue;
        }
        let path = operation.path_with(|_| NOTHING.to_owned());
        let body = operation.body.as_ref().map(|schema| documents.example(schema));
        let ask = async |name: &str, value: String| {
            let request = server.anonymous().request(operation.method.clone(), &path).header(name, value);
            Answer::of(match &body {
                Some(body) => request.json(body),
                None => request,
            })
            .await
            .status
        };
        let statuses =
            [ask("authorization", format!("Bearer {key}")).await, ask("x-api-key", key.to_owned()).await];
        assert_eq!(statuses[0], statuses[1], "{} {path}", operation.method);
        refused += usize::from(statuses[0] == 403);
    }
    assert!(refused > 20, "only {refused} operations were refused");
}

#[tokio::test]
async fn no_unexpected_body_ends_the_server() {
    let server = hospitable().start().await;
    let owner = server.owner().await;
    let documents = Documents::of(&owner).await;
    for operation in documents.operations().iter().filter(|operation| operation.is_unsafe()) {
        if matches!(operation.name.as_str(), "session.delete" | "session.revoke_others") {
            continue;
        }
        let path = operation.path_with(|_| NOTHING.to_owned());
        for body in ["", "null", "{}", "[]", "{\"arg\":null}", "{\"arg\":{\"a\":1}}", "\"text\"", "1"] {
            let request = owner.request(operation.method.clone(), &path);
            let answer = Answer::of(request.header("content-type", "application/json").body(body)).await;
            assert!(answer.status < 500, "{} {path} {body:?}: {answer:?}", operation.method);
        }
    }
    assert_eq!(owner.get("/health/ready").await.status, 200);
}

#[tokio::test]
async fn no_header_says_who_somebody_is() {
    let server = hospitable().start().await;
    let owner = server.owner().await;
    let me = owner.get("/api/v1/me").await.expect(200);
    let (id, email) = (me["id"].as_str().expect("an id"), me["email"].as_str().expect("an address"));
    for (name, value) in [
        ("x-user-id", id),
        ("x-forwarded-user", email),
        ("x-forwarded-email", email),
        ("remote-user", email),
        ("x-remote-user", email),
        ("x-auth-request-email", email),
        ("x-webauth-user", email),
        ("x-original-url", "/health/live"),
        ("x-lobe-chat-auth", "eyJhcGlLZXkiOiJ4In0="),
        ("authorization", "Basic b3duZXI6"),
        ("authorization", "Bearer undefined"),
        ("authorization", "Bearer null"),
        ("cookie", "colloquy=undefined"),
        ("cookie", "colloquy="),
    ] {
        let answer =
            Answer::of(server.anonymous().request(Method::GET, "/api/v1/me").header(name, value)).await;
        assert_eq!(answer.status, 401, "{name}: {value}: {answer:?}");
    }
}

#[tokio::test]
async fn no_request_chooses_where_a_providers_key_goes() {
    let (upstream, elsewhere) = (Upstream::start().await, Upstream::start().await);
    upstream.script("m", Script::answer("from where it should be"));
    elsewhere.script("m", Script::answer("from elsewhere"));
    let server = hospitable().provider("mock", &upstream, "m").start().await;
    let owner = server.owner().await;
    let address = elsewhere.base_url();
    for name in [
        "api_base",
        "base_url",
        "apiBase",
        "baseURL",
        "api_url",
        "endpoint",
        "host",
        "proxy",
        "custom_llm_provider",
    ] {
        let mut body = json!({ "model": "mock/m", "messages": [{ "role": "user", "content": "Hi" }] });
        body[name] = json!(address);
        let answer = owner.post("/v1/chat/completions", &body).await;
        assert!(answer.status < 500, "{name}: {answer:?}");
        assert!(!String::from_utf8_lossy(&answer.bytes).contains("from elsewhere"), "{name}");
    }
    assert!(elsewhere.last_request().is_none(), "the key has left the house");
    assert!(upstream.last_request().is_some());
}
