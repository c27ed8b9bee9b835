//! Credentials: none, wrong ones, and those that have ended.

use reqwest::Method;
use serde_json::json;

use super::{NOTHING, hospitable, id, key_with, with_headers};
use crate::harness::{Answer, Client, OWNER_EMAIL, OWNER_PASSWORD, RawHttp, Server, Socket, eventually};

const ANYONE: &[&str] = &[
    "/health/live",
    "/health/ready",
    "/api/v1/setup",
    "/api/v1/auth/login",
    "/api/v1/auth/token",
    "/api/v1/auth/refresh",
    "/api/v1/auth/options",
    "/api/v1/auth/register",
    "/api/v1/auth/verify-email",
    "/api/v1/auth/forgot-password",
    "/api/v1/auth/reset-password",
    "/api/v1/auth/activate",
    "/api/v1/auth/passkey/challenge",
    "/api/v1/auth/passkey/login",
    "/api/v1/auth/oidc/{provider}/begin",
    "/api/v1/auth/oidc/callback",
    "/api/v1/auth/invitation",
    "/api/v1/auth/accept-invitation",
    "/api/v1/shared/{share_id}",
    "/api/openapi.json",
    "/api/asyncapi.json",
];

#[tokio::test]
async fn without_a_credential_every_route_but_the_public_ones_says_401() {
    let server = Server::start().await;
    let anonymous = server.anonymous();
    let document = anonymous.get("/api/openapi.json").await.expect(200);
    let mut tried = 0;
    for (path, operations) in document["paths"].as_object().expect("paths") {
        if ANYONE.contains(&path.as_str()) {
            continue;
        }
        for method in operations.as_object().expect("operations").keys() {
            let Ok(method) = Method::from_bytes(method.to_uppercase().as_bytes()) else { continue };
            if ![Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE].contains(&method) {
                continue;
            }
            let concrete: String = path
                .split('/')
                .map(|segment| if segment.starts_with('{') { NOTHING } else { segment })
                .collect::<Vec<_>>()
                .join("/");
            let answer = with_headers(&server, method.clone(), &concrete, &[]).await;
            assert_eq!(answer.status, 401, "{method} {path}: {answer:?}");
            assert!(answer.header("www-authenticate").starts_with("Bearer"), "{method} {path}");
            tried += 1;
        }
    }
    assert!(tried > 20, "{tried}");
}

#[tokio::test]
async fn a_credential_that_is_not_exactly_right_is_none_at_all() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let key = owner.key().to_owned();
    let session = server.anonymous().sign_in(OWNER_EMAIL, OWNER_PASSWORD).await;
    let pairs = session.header_pairs();
    let cookie = pairs[0].1.clone();
    let token = cookie.split_once('=').expect("a cookie").1.to_owned();
    let flipped = format!("{}{}", &key[..key.len() - 1], if key.ends_with('A') { 'B' } else { 'A' });
    let wrong = [
        key[..key.len() - 1].to_owned(),
        format!("{key}A"),
        format!("{key}{key}"),
        key[4..].to_owned(),
        key.to_uppercase(),
        key.to_lowercase(),
        flipped,
        format!("clq_{token}"),
        token.clone(),
        "clq_".to_owned(),
        "clq_*".to_owned(),
        "null".to_owned(),
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.".to_owned(),
        format!("clq_{}", "a".repeat(4000)),
    ];
    let unknown = with_headers(&server, Method::GET, "/api/v1/me", &[]).await.appearance(&[]);
    assert_eq!(unknown.0, 401);
    for text in &wrong {
        for headers in [vec![("authorization", format!("Bearer {text}"))], vec![("x-api-key", text.clone())]]
        {
            let headers: Vec<(&str, &str)> =
                headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let answer = with_headers(&server, Method::GET, "/api/v1/me", &headers).await;
            assert_eq!(answer.appearance(&[]), unknown, "{text:.80}");
        }
    }
    for authorization in [
        key.clone(),
        format!("Basic {key}"),
        format!("Token {key}"),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        format!("Bearer {key} {key}"),
        format!("Bearer {key},Bearer {key}"),
        format!("bearer={key}"),
    ] {
        let answer =
            with_headers(&server, Method::GET, "/api/v1/me", &[("authorization", &authorization)]).await;
        assert_eq!(answer.appearance(&[]), unknown, "{authorization}");
    }
    let good = format!("Bearer {key}");
    for headers in [
        vec![("authorization", good.as_str()), ("authorization", "Bearer clq_wrong")],
        vec![("authorization", good.as_str()), ("authorization", "Basic eDp5")],
        vec![("authorization", "Bearer clq_wrong"), ("x-api-key", key.as_str())],
        vec![("authorization", good.as_str()), ("x-api-key", "clq_wrong")],
        vec![("x-api-key", key.as_str()), ("x-api-key", "clq_wrong")],
        vec![("authorization", "Bearer clq_wrong"), ("cookie", cookie.as_str())],
    ] {
        let answer = with_headers(&server, Method::GET, "/api/v1/me", &headers).await;
        assert_eq!(answer.status, 401, "{headers:?}");
    }
    for value in [
        format!("colloquy={key}"),
        format!("colloquy={}", &token[1..]),
        "colloquy=".to_owned(),
        format!("__Host-colloquy={token}"),
    ] {
        let answer = with_headers(&server, Method::GET, "/api/v1/me", &[("cookie", &value)]).await;
        assert_eq!(answer.status, 401, "{value}");
    }
    for (name, value) in
        [("authorization", good.as_str()), ("x-api-key", key.as_str()), ("cookie", cookie.as_str())]
    {
        assert_eq!(
            with_headers(&server, Method::GET, "/api/v1/me", &[(name, value)]).await.status,
            200,
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_key_in_a_query_string_counts_for_nothing() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let key = owner.key();
    for name in ["api_key", "key", "token", "access_token", "authorization", "x-api-key"] {
        let path = format!("/api/v1/conversations?{name}={key}");
        server.anonymous().get(&path).await.expect_problem(401, "unauthenticated");
        let address = server.address();
        let mut socket =
            Socket::connect(address, &format!("/api/v1/ws?{name}={key}"), &[]).await.expect("an upgrade");
        socket.send(&json!({ "type": "subscribe", "id": "1", "channel": "user:me" })).await;
        assert_eq!(socket.closed().await, 4401, "{name}");
    }
    assert!(!server.log().contains(key), "a key that was sent in the wrong place is not logged");
}

#[tokio::test]
async fn a_revoked_key_is_out_at_once_and_so_are_its_sockets_and_streams() {
    let server = hospitable().start().await;
    let owner = server.owner().await;
    let (doomed, key_id) = key_with(&owner, &["read", "write"]).await;
    let (spared, _) = key_with(&owner, &["read", "write"]).await;
    let mut socket = doomed.socket().await;
    socket.subscribe("user:me", None).await;
    let mut bystander = spared.socket().await;
    let events = doomed.events("/api/v1/events", None).await;
    assert_eq!(events.status, 200);
    doomed.get("/api/v1/me").await.expect(200);

    owner.in_browser().delete(&format!("/api/v1/api-keys/{key_id}")).await.expect(204);
    doomed.get("/api/v1/me").await.expect_problem(401, "unauthenticated");
    doomed.post("/api/v1/conversations", &json!({})).await.expect_problem(401, "unauthenticated");
    let error = socket.expect_type("error").await;
    assert_eq!(error["problem"]["status"], 401, "{error}");
    assert_eq!(socket.closed().await, 4401);
    events.rest().await;
    Socket::connect(server.address(), "/api/v1/ws", &doomed.header_pairs()).await.err().expect("no upgrade");
    let created = bystander.command("conversation.create", json!({})).await;
    assert_eq!(created["type"], "result", "another key of the same person goes on");
    owner.in_browser().delete(&format!("/api/v1/api-keys/{key_id}")).await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn signing_out_ends_this_session_its_sockets_and_no_other() {
    let server = hospitable().start().await;
    let session = server.anonymous().sign_in(OWNER_EMAIL, OWNER_PASSWORD).await;
    let other = server.anonymous().sign_in(OWNER_EMAIL, OWNER_PASSWORD).await;
    let (mut socket, mut bystander) = (session.socket().await, other.socket().await);
    let out = session.post("/api/v1/auth/logout", &json!({})).await;
    assert_eq!(out.status, 204);
    assert!(out.header("set-cookie").starts_with("colloquy=;"), "{}", out.header("set-cookie"));
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    session.get("/api/v1/me").await.expect_problem(401, "unauthenticated");
    assert_eq!(socket.closed().await, 4401);
    other.get("/api/v1/me").await.expect(200);
    assert_eq!(bystander.command("conversation.create", json!({})).await["type"], "result");
}

#[tokio::test]
async fn a_key_ends_when_it_says_and_its_socket_with_it() {
    let server = hospitable().start().await;
    let owner = server.owner().await.in_browser();
    let now = eventually("a time that is not about to be another day", || async {
        let key = owner.post("/api/v1/api-keys", &json!({ "name": "clock" })).await.expect(201);
        let now = key["created_at"].as_str().expect("a time").to_owned();
        (&now[11..19] < "23:59:50").then_some(now)
    })
    .await;
    let soon = format!("{}{:02}{}", &now[..17], 0, "Z");
    let body = json!({ "name": "past", "expires_at": soon });
    owner.post("/api/v1/api-keys", &body).await.expect_problem(422, "invalid_input");

    let expires_at = in_seconds(&now, 3);
    let made = owner
        .post("/api/v1/api-keys", &json!({ "name": "brief", "expires_at": expires_at }))
        .await
        .expect(201);
    let brief = Client::new(server.address(), Some(made["key"].as_str().expect("a key").to_owned()));
    let mut socket = brief.socket().await;
    assert_eq!(socket.welcome["expires_at"], made["expires_at"]);
    assert_eq!(socket.closed().await, 4401);
    eventually("the end of the key", || async {
        (brief.get("/api/v1/me").await.status == 401).then_some(())
    })
    .await;
}

/// A time some seconds after another on the same day.
fn in_seconds(time: &str, seconds: u32) -> String {
    let number = |range: std::ops::Range<usize>| time[range].parse::<u32>().expect("digits");
    let total = number(11..13) * 3600 + number(14..16) * 60 + number(17..19) + seconds;
    format!("{}{:02}:{:02}:{:02}Z", &time[..11], total / 3600, total / 60 % 60, total % 60)
}

#[tokio::test]
async fn only_the_name_under_which_the_server_is_known_is_answered() {
    let server = Server::builder().env("COLLOQUY_SERVER__ALLOWED_HOSTS", "chat.example.org").start().await;
    let owner = server.owner().await;
    let ask = async |head: String| {
        let request = format!("GET {head}authorization: Bearer {}\r\n\r\n", owner.key());
        RawHttp::ask(server.address(), request.as_bytes()).await.expect("an answer")
    };
    let path = "/api/v1/me HTTP/1.1\r\n";
    for host in [
        "evil.example",
        "evil.example:80",
        "chat.example.org.evil.example",
        "127.0.0.1.nip.io",
        "169.254.169.254",
    ] {
        let answer = ask(format!("{path}host: {host}\r\n")).await;
        assert_eq!(answer.status, 421, "{host}");
        answer.expect_problem(421, "unknown_host");
    }
    ask(format!("http://evil.example{path}host: 127.0.0.1\r\n")).await.expect_problem(421, "unknown_host");
    for head in [
        path.to_owned(),
        format!("{path}host: \r\n"),
        format!("{path}host: a b\r\n"),
        format!("{path}host: 127.0.0.1\r\nhost: evil.example\r\n"),
    ] {
        let answer = ask(head.clone()).await;
        assert_eq!(answer.status, 400, "{head:?}: {answer:?}");
    }
    for host in ["localhost", "127.0.0.1:9", "[::1]", "chat.example.org", "CHAT.example.org:8443"] {
        assert_eq!(ask(format!("{path}host: {host}\r\n")).await.status, 200, "{host}");
    }
    let forwarded = [("x-forwarded-host", "evil.example"), ("forwarded", "host=evil.example")];
    let answer = with_headers(&server, Method::GET, "/health/live", &forwarded).await;
    assert_eq!(answer.status, 200);
    assert!(!format!("{answer:?}").contains("evil"));
}

#[tokio::test]
async fn a_person_cannot_end_the_credential_of_another() {
    let server = hospitable().start().await;
    let (alice, bob) = (server.member("alice").await, server.member("bob").await);
    let (hers, key_id) = key_with(&alice, &["read"]).await;
    bob.in_browser().delete(&format!("/api/v1/api-keys/{key_id}")).await.expect_problem(404, "not_found");
    let owner = server.owner().await;
    owner.in_browser().delete(&format!("/api/v1/api-keys/{key_id}")).await.expect_problem(404, "not_found");
    hers.get("/api/v1/me").await.expect(200);
    let logout = Answer::of(hers.request(Method::POST, "/api/v1/auth/logout").json(&json!({}))).await;
    logout.expect_problem(409, "no_session");
    let listed = bob.in_browser().get("/api/v1/api-keys").await.expect(200);
    assert!(listed["items"].as_array().is_some_and(|keys| keys.iter().all(|key| id(key) != key_id)));
}
