//! Class 13: what a page of somebody else can have a browser send changes nothing.

use serde_json::{Value, json};

use super::document::{Documents, Operation};
use super::world::{NOTHING, hospitable};
use crate::harness::{Answer, Client, OWNER_EMAIL, OWNER_PASSWORD, Server};

/// The headers of a signed-in browser: its cookie, and what goes with it from a page of ours.
struct Browser {
    cookie: String,
    csrf_token: String,
    origin: String,
}

impl Browser {
    async fn signed_in(server: &Server) -> (Client, Self) {
        let body = json!({ "email": OWNER_EMAIL, "password": OWNER_PASSWORD });
        let answer = server.anonymous().post("/api/v1/auth/login", &body).await;
        let client = server.anonymous().with_session(&answer);
        let browser = Self {
            cookie: answer.header("set-cookie").split(';').next().unwrap_or_default().to_owned(),
            csrf_token: answer.json()["csrf_token"].as_str().expect("a token").to_owned(),
            origin: format!("http://{}", client.address()),
        };
        (client, browser)
    }
}

async fn ask(
    anyone: &Client,
    operation: &Operation,
    body: Option<&Value>,
    headers: &[(&str, &str)],
) -> Answer {
    let path = operation.path_with(|_| NOTHING.to_owned());
    let mut request = anyone.request(operation.method.clone(), &path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Answer::of(match body {
        Some(body) => request.json(body),
        None => request,
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_change_by_cookie_needs_our_origin_and_our_token() {
    let server = hospitable().start().await;
    let (client, browser) = Browser::signed_in(&server).await;
    let documents = Documents::of(&client).await;
    let (anyone, cookie) = (server.anonymous(), ("cookie", browser.cookie.as_str()));
    let token = ("x-csrf-token", browser.csrf_token.as_str());
    let own = ("origin", browser.origin.as_str());
    let mut asked = 0;
    for operation in documents.operations().iter().filter(|it| it.is_unsafe() && it.is_for_people) {
        let body = operation.body.as_ref().map(|schema| documents.example(schema));
        for (headers, slug) in [
            (vec![cookie, token], "foreign_origin"),
            (vec![cookie, token, ("origin", "null")], "foreign_origin"),
            (vec![cookie, token, ("origin", "https://evil.example")], "foreign_origin"),
            (vec![cookie, token, ("origin", "http://127.0.0.1.evil.example")], "foreign_origin"),
            (vec![cookie, own], "csrf_token"),
            (vec![cookie, own, ("x-csrf-token", "AAAAAAAAAAAAAAAAAAAAAA")], "csrf_token"),
            (vec![cookie, own, ("x-csrf-token", "")], "csrf_token"),
        ] {
            let answer = ask(&anyone, operation, body.as_ref(), &headers).await;
            let what = format!("{} {} {headers:?}: {answer:?}", operation.method, operation.path);
            assert_eq!(answer.status, 403, "{what}");
            // The routes of OpenAI's protocol have its errors.
            let is_ours = operation.path.starts_with("/api/");
            assert!(!is_ours || answer.json()["type"] == format!("/problems/{slug}"), "{what}");
            asked += 1;
        }
    }
    assert!(asked > 100, "only {asked} requests were sent");
    // The session is what it was.
    assert_eq!(client.get("/api/v1/me").await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_route_lets_other_pages_read_and_none_lets_them_sign_anybody_in() {
    let server = hospitable().start().await;
    let (client, Browser { cookie, .. }) = Browser::signed_in(&server).await;
    let documents = Documents::of(&client).await;
    for operation in documents.operations() {
        let body = operation.body.as_ref().map(|schema| documents.example(schema));
        let headers = [("cookie", cookie.as_str()), ("origin", "https://evil.example")];
        let is_stream = operation.name == "event.list";
        if is_stream || operation.name.starts_with("health.") {
            continue;
        }
        let answer = ask(&server.anonymous(), &operation, body.as_ref(), &headers).await;
        let shared: Vec<_> =
            answer.headers.keys().filter(|name| name.as_str().starts_with("access-control-")).collect();
        assert!(shared.is_empty(), "{} {}: {shared:?}", operation.method, operation.path);
        if operation.is_unsafe() && !operation.is_for_people {
            assert_eq!(answer.status, 403, "{} {}: {answer:?}", operation.method, operation.path);
        }
        let preflight = Answer::of(
            server
                .anonymous()
                .request(reqwest::Method::OPTIONS, &operation.path_with(|_| NOTHING.to_owned()))
                .header("origin", "https://evil.example")
                .header("access-control-request-method", operation.method.as_str()),
        )
        .await;
        assert!(!preflight.headers.contains_key("access-control-allow-origin"), "{preflight:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_answers_to_known_names_only_and_with_the_headers_that_bind_browsers() {
    let server = hospitable().start().await;
    let client = server.owner().await;
    let documents = Documents::of(&client).await;
    for operation in documents.operations() {
        let body = operation.body.as_ref().map(|schema| documents.example(schema));
        let answer = ask(&server.anonymous(), &operation, body.as_ref(), &[("host", "evil.example")]).await;
        assert_eq!(answer.status, 421, "{} {}: {answer:?}", operation.method, operation.path);
        let answer = ask(&server.anonymous(), &operation, body.as_ref(), &[]).await;
        for (name, part) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("content-security-policy", "default-src 'none'"),
            ("cache-control", "no-"),
        ] {
            assert!(answer.header(name).contains(part), "{} {}: {name}", operation.method, operation.path);
        }
        let is_counted = !operation.name.starts_with("health.");
        assert_eq!(answer.headers.contains_key("ratelimit"), is_counted, "{}: {answer:?}", operation.path);
        assert_eq!(answer.headers.contains_key("ratelimit-policy"), is_counted, "{}", operation.path);
    }
}
