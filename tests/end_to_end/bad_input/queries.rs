//! Query strings, paths and methods that lead nowhere.

use reqwest::Method;
use serde_json::json;

use super::{NOTHING, assert_alive, assert_points_at, id, messages_of, say};
use crate::harness::{Answer, RawHttp, Server};

#[tokio::test]
async fn a_query_parameter_that_is_wrong_or_unknown_is_refused_by_name() {
    let server = Server::start().await;
    let owner = server.owner().await.in_browser();
    let conversation = owner.conversation().await;
    let message = say(&owner, &conversation, json!({})).await;
    let elsewhere = owner.conversation().await;
    let foreign = say(&owner, &elsewhere, json!({})).await;
    let edits = format!("/api/v1/messages/{}/edits", id(&message));
    let messages = messages_of(&conversation);
    let lists =
        ["/api/v1/conversations", "/api/v1/api-keys", "/api/v1/users", "/api/v1/events", &messages, &edits];
    let cursor = owner.get("/api/v1/conversations?limit=1").await.expect(200)["next"].clone();
    let cursor = cursor.as_str().expect("a cursor").to_owned();
    for list in lists {
        for (query, pointer) in [
            ("surprise=1", "/surprise"),
            ("Limit=1", "/Limit"),
            ("%73urprise", "/surprise"),
            ("limit=0", "/limit"),
            ("limit=201", "/limit"),
            ("limit=-1", "/limit"),
            ("limit=+1", "/limit"),
            ("limit=1.0", "/limit"),
            ("limit=", "/limit"),
            ("limit=99999999999999999999", "/limit"),
            ("limit=1&limit=2", "/limit"),
            ("after=nonsense!", "/after"),
            ("after=%00", "/after"),
            ("fields=", "/fields"),
            ("fields=password_hash", "/fields"),
            ("fields=id,,title", "/fields"),
        ] {
            let answer = owner.get(&format!("{list}?{query}")).await;
            assert_eq!(answer.status, 422, "{list}?{query}: {answer:?}");
            assert_points_at(answer, pointer);
        }
        if list != "/api/v1/conversations" {
            let foreign_cursor = owner.get(&format!("{list}?after={cursor}")).await;
            assert_points_at(foreign_cursor, "/after");
        }
        for query in ["limit=%", "limit=%zz", "limit=%ff", "%c0%80=1"] {
            owner.get(&format!("{list}?{query}")).await.expect_problem(400, "query_string");
        }
    }
    for (path, pointer) in [
        ("/api/v1/conversations?pinned=maybe".to_owned(), "/pinned"),
        ("/api/v1/conversations?archived=1".to_owned(), "/archived"),
        ("/api/v1/conversations?q=".to_owned(), "/q"),
        (format!("/api/v1/conversations?q={}", "a".repeat(201)), "/q"),
        ("/api/v1/conversations?q=a%00b".to_owned(), "/q"),
        (format!("{messages}?branch=other"), "/branch"),
        (format!("{messages}?leaf=nonsense"), "/leaf"),
        (format!("{messages}?leaf={NOTHING}"), "/leaf"),
        (format!("{messages}?leaf={}", id(&foreign)), "/leaf"),
        (format!("{messages}?branch=all&leaf={}", id(&message)), "/leaf"),
        (format!("/api/v1/messages/{}?fields=secret", id(&message)), "/fields"),
        (format!("/api/v1/conversations/{conversation}?limit=1"), "/limit"),
        ("/api/v1/me?surprise=1".to_owned(), "/surprise"),
        ("/api/v1/models?surprise=1".to_owned(), "/surprise"),
    ] {
        let answer = owner.get(&path).await;
        assert_eq!(answer.status, 422, "{path}: {answer:?}");
        assert_points_at(answer, pointer);
    }
    let on_a_command = owner.post("/api/v1/conversations?dry_run=true", &json!({})).await;
    assert_points_at(on_a_command, "/dry_run");
}

#[tokio::test]
async fn an_identifier_that_cannot_be_looks_exactly_like_one_that_nothing_has() {
    let server = Server::start().await;
    let owner = server.owner().await.in_browser();
    let malformed = [
        "nonsense",
        "0",
        "-1",
        "%00",
        "%27%20OR%201%3D1",
        "..%2f..%2fetc%2fpasswd",
        "%0d%0aX-Injected:%201",
        "0192f000-0000-7000-8000-00000000000g",
        "0192f00000007000800000000000000",
        "%7B0192f000-0000-7000-8000-000000000000%7D",
        &"a".repeat(300),
    ];
    for (method, path) in [
        (Method::GET, "/api/v1/conversations/{}"),
        (Method::PATCH, "/api/v1/conversations/{}"),
        (Method::DELETE, "/api/v1/conversations/{}"),
        (Method::GET, "/api/v1/conversations/{}/messages"),
        (Method::GET, "/api/v1/messages/{}"),
        (Method::GET, "/api/v1/messages/{}/edits"),
        (Method::DELETE, "/api/v1/messages/{}"),
        (Method::POST, "/api/v1/messages/{}/regenerate"),
        (Method::GET, "/api/v1/runs/{}"),
        (Method::GET, "/api/v1/runs/{}/events"),
        (Method::POST, "/api/v1/runs/{}/cancel"),
        (Method::DELETE, "/api/v1/api-keys/{}"),
    ] {
        let ask = async |name: &str| {
            let mut request = owner.request(method.clone(), &path.replace("{}", name));
            if method != Method::GET {
                request = request.json(&json!({}));
            }
            Answer::of(request).await
        };
        let instance = |answer: &Answer| answer.json()["instance"].as_str().unwrap_or_default().to_owned();
        let random = ask(NOTHING).await;
        let expected = random.appearance(&[&instance(&random)]);
        random.expect_problem(404, "not_found");
        for name in malformed {
            let answer = ask(name).await;
            assert_eq!(answer.appearance(&[&instance(&answer)]), expected, "{method} {path} with {name:.60}");
            assert_eq!(answer.header("x-injected"), "");
        }
    }
    assert_alive(&owner).await;
}

#[tokio::test]
async fn a_path_that_leads_nowhere_is_a_plain_404() {
    let server = Server::start().await;
    let owner = server.owner().await;
    for path in [
        "/api",
        "/api/v1",
        "/api/v2/conversations",
        "/api/v1/conversation",
        "/api/v1/conversations/",
        "/api/v1//conversations",
        "/API/V1/conversations",
        "/api/v1/conversations/../conversations",
        "/api/v1/%2e%2e/%2e%2e/etc/passwd",
        "/api/v1/me/x",
        "/.env",
        "/data/colloquy.db",
        "/%ff%fe",
        "/a%00b",
    ] {
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\n\r\n",
            owner.address(),
            owner.key()
        );
        let answer = RawHttp::ask(owner.address(), request.as_bytes()).await.expect("an answer");
        assert_eq!(answer.status, 404, "{path}");
        answer.expect_problem(404, "not_found");
    }
}

#[tokio::test]
async fn a_method_that_a_path_does_not_have_is_refused_with_those_that_it_has() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let conversation = owner.conversation().await;
    for (path, allowed) in [
        ("/api/v1/conversations".to_owned(), vec!["GET", "HEAD", "POST"]),
        (format!("/api/v1/conversations/{conversation}"), vec!["DELETE", "GET", "HEAD", "PATCH"]),
        (format!("/api/v1/conversations/{conversation}/fork"), vec!["POST"]),
        ("/api/v1/auth/login".to_owned(), vec!["POST"]),
        ("/api/v1/batch".to_owned(), vec!["POST"]),
        ("/api/v1/me".to_owned(), vec!["DELETE", "GET", "HEAD", "PATCH"]),
        ("/health/live".to_owned(), vec!["GET", "HEAD"]),
    ] {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get"] {
            if allowed.contains(&method) {
                continue;
            }
            let method = Method::from_bytes(method.as_bytes()).expect("a method");
            let request = owner.request(method.clone(), &path).header("x-echo", "do-not-echo-me");
            let answer = Answer::of(request).await;
            assert_eq!(answer.status, 405, "{method} {path}: {answer:?}");
            let mut named: Vec<&str> = answer.header("allow").split(", ").collect();
            named.sort_unstable();
            assert_eq!(named, allowed, "{method} {path}");
            assert!(!String::from_utf8_lossy(&answer.bytes).contains("do-not-echo-me"));
            answer.expect_problem(405, "method_not_allowed");
        }
    }
    assert_eq!(
        owner.get("/api/v1/conversations").await.expect(200)["items"].as_array().map(Vec::len),
        Some(1)
    );
}

#[tokio::test]
async fn head_says_what_get_would_without_a_body() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let conversation = owner.conversation().await;
    for path in ["/api/v1/conversations".to_owned(), format!("/api/v1/conversations/{conversation}")] {
        let (get, head) = (owner.get(&path).await, Answer::of(owner.request(Method::HEAD, &path)).await);
        assert_eq!((head.status, head.bytes.len()), (200, 0));
        for name in ["content-type", "content-length", "etag", "link"] {
            assert_eq!(head.header(name), get.header(name), "{name} of {path}");
        }
    }
}
