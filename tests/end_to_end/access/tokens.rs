//! Programs: access tokens, refresh tokens, and everything that is neither.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Method;
use serde_json::{Value, json};

use super::{hospitable, id, key_with, with_headers};
use crate::harness::{Answer, Client, OWNER_EMAIL, OWNER_PASSWORD, Server, Socket};

const TOKEN: &str = "/api/v1/auth/token";
const REFRESH: &str = "/api/v1/auth/refresh";

/// Signs a program in; the whole answer.
async fn tokens(server: &Server) -> Value {
    let body = json!({ "email": OWNER_EMAIL, "password": OWNER_PASSWORD });
    server.anonymous().post(TOKEN, &body).await.expect(200)
}

fn text<'a>(tokens: &'a Value, name: &str) -> &'a str {
    tokens[name].as_str().unwrap_or_else(|| panic!("no {name}: {tokens}"))
}

fn program(server: &Server, tokens: &Value) -> Client {
    Client::new(server.address(), Some(text(tokens, "access_token").to_owned()))
}

async fn refresh(server: &Server, token: &str) -> Answer {
    server.anonymous().post(REFRESH, &json!({ "refresh_token": token })).await
}

#[tokio::test]
async fn a_program_signs_in_and_does_what_its_person_may() {
    let server = hospitable().start().await;
    let body = json!({ "email": OWNER_EMAIL, "password": OWNER_PASSWORD, "device": "The cron job" });
    let answer = server.anonymous().post(TOKEN, &body).await;
    assert_eq!(answer.header("set-cookie"), "", "programs have no cookie");
    assert_eq!(answer.header("cache-control"), "no-store");
    let tokens = answer.expect(200);
    assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&json!("Bearer"), &json!(600)));
    assert_eq!(tokens["user"]["email"], OWNER_EMAIL);
    assert!(text(&tokens, "refresh_token").starts_with("clr_"));

    let program = program(&server, &tokens);
    let me = program.get("/api/v1/me").await.expect(200);
    assert_eq!(
        (&me["id"], &me["csrf_token"], &me["scopes"]),
        (&tokens["user"]["id"], &Value::Null, &Value::Null)
    );
    program.conversation().await;
    let sessions = program.get("/api/v1/me/sessions").await.expect(200);
    let session = &sessions["items"][0];
    assert_eq!((&session["kind"], &session["current"]), (&json!("program"), &json!(true)));
    assert_eq!(session["device"], "The cron job");

    let mut by_header = program.socket().await;
    assert_eq!(by_header.command("conversation.create", json!({})).await["type"], "result");
    let mut socket = Socket::connect(server.address(), "/api/v1/ws", &[]).await.expect("an upgrade");
    socket.send(&json!({ "type": "hello", "id": "1", "token": text(&tokens, "access_token") })).await;
    let welcome = socket.reply_to("1").await;
    assert_eq!(welcome["type"], "welcome", "{welcome}");
    assert_eq!(welcome["expires_at"], me["expires_at"]);

    let next = refresh(&server, text(&tokens, "refresh_token")).await.expect(200);
    let again = json!({ "type": "authenticate", "id": "2", "token": text(&next, "access_token") });
    // Times of tokens are whole seconds: until the next one both say the same.
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let next = refresh(&server, text(&next, "refresh_token")).await.expect(200);
    socket.send(&again).await;
    socket.reply_to("2").await;
    socket.send(&json!({ "type": "authenticate", "id": "3", "token": text(&next, "access_token") })).await;
    let prolonged = socket.reply_to("3").await;
    assert!(prolonged["expires_at"].as_str() > welcome["expires_at"].as_str(), "{welcome} {prolonged}");
    assert_eq!(socket.command("conversation.create", json!({})).await["type"], "result");

    program.post("/api/v1/auth/logout", &json!({})).await.expect(204);
    assert_eq!((socket.closed().await, by_header.closed().await), (4401, 4401));
    program.get("/api/v1/me").await.expect_problem(401, "unauthenticated");
    refresh(&server, text(&next, "refresh_token")).await.expect_problem(401, "invalid_refresh_token");
}

/// A token with another header and other claims, with the signature of a good one or of the test's making.
fn forged(header: &Value, claims: &Value, signature: &str) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{signature}", part(header), part(claims))
}

fn decoded(part: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64")).expect("JSON")
}

fn with(object: &Value, name: &str, value: Value) -> Value {
    let mut object = object.clone();
    object[name] = value;
    object
}

fn without(object: &Value, name: &str) -> Value {
    let mut object = object.clone();
    object.as_object_mut().expect("an object").remove(name);
    object
}

/// Every way in which a token can be almost right.
fn almost_right(token: &str, another: &str) -> Vec<String> {
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, signature] = parts[..] else { panic!("a token has three parts: {token}") };
    let (head, body) = (decoded(header), decoded(claims));
    let other_signature = another.rsplit('.').next().expect("a signature");
    let exp = body["exp"].as_i64().expect("a number");
    let mut wrong = vec![
        forged(&json!({ "alg": "none" }), &body, ""),
        forged(&with(&head, "alg", json!("none")), &body, ""),
        forged(&with(&head, "alg", json!("NonE")), &body, signature),
        forged(&with(&head, "alg", json!("HS256")), &body, signature),
        forged(&with(&head, "alg", json!("RS256")), &body, signature),
        forged(&with(&head, "kid", json!("0192f000-0000-7000-8000-000000000000")), &body, signature),
        forged(&with(&head, "kid", json!("../../../dev/null")), &body, signature),
        forged(&without(&head, "kid"), &body, signature),
        forged(&without(&head, "typ"), &body, signature),
        forged(&with(&head, "typ", json!("JWT")), &body, signature),
        forged(&with(&head, "jku", json!("http://169.254.169.254/keys")), &body, signature),
        forged(&with(&head, "x5u", json!("https://evil.example/chain")), &body, signature),
        forged(&with(&head, "jwk", json!({ "kty": "OKP", "crv": "Ed25519", "x": "AAAA" })), &body, signature),
        forged(&with(&head, "crit", json!(["exp"])), &body, signature),
        forged(&without(&head, "alg"), &body, signature),
        format!("{header}.{claims}.{other_signature}"),
        format!("{header}.{claims}."),
        format!("{header}.{claims}"),
        format!("{header}..{signature}"),
        format!("{claims}.{header}.{signature}"),
        format!("{token}{token}"),
        format!("{token}.{signature}"),
        format!("{token}="),
        token[..token.len() - 1].to_owned(),
        token[..token.len() / 2].to_owned(),
        token[1..].to_owned(),
        token.to_uppercase(),
        format!("eyJ{}", "A".repeat(4_000)),
        "eyJ".to_owned(),
        "eyJ..".to_owned(),
    ];
    for changed in [
        with(&body, "exp", json!(exp + 86_400)),
        with(&body, "exp", json!((exp + 60).to_string())),
        with(&body, "exp", json!(u64::MAX)),
        with(&body, "exp", json!(exp - 86_400)),
        without(&body, "exp"),
        with(&body, "aud", json!("another")),
        with(&body, "iss", json!("https://evil.example")),
        with(&body, "sub", json!("0192f000-0000-7000-8000-000000000000")),
        with(&body, "role", json!("owner")),
    ] {
        wrong.push(forged(&head, &changed, signature));
    }
    wrong
}

#[tokio::test]
async fn a_token_that_is_almost_right_is_none_at_all() {
    let server = hospitable().start().await;
    let (one, other) = (tokens(&server).await, tokens(&server).await);
    let (token, another) = (text(&one, "access_token"), text(&other, "access_token"));
    let unknown = with_headers(&server, Method::GET, "/api/v1/me", &[]).await.appearance(&[]);
    for wrong in almost_right(token, another) {
        let bearer = format!("Bearer {wrong}");
        let answer = with_headers(&server, Method::GET, "/api/v1/me", &[("authorization", &bearer)]).await;
        assert_eq!(answer.appearance(&[]), unknown, "{wrong:.120}");
        let mut socket = Socket::connect(server.address(), "/api/v1/ws", &[]).await.expect("an upgrade");
        socket.send(&json!({ "type": "hello", "id": "1", "token": wrong })).await;
        assert_eq!(socket.reply_to("1").await["problem"]["status"], 401, "{wrong:.120}");
        assert_eq!(socket.closed().await, 4401, "{wrong:.120}");
    }
    program(&server, &one).get("/api/v1/me").await.expect(200);
    assert!(!server.log().contains(token), "tokens are not logged");
}

#[tokio::test]
async fn a_credential_in_the_wrong_place_counts_for_nothing() {
    let server = hospitable().start().await;
    let owner = server.owner().await;
    let given = tokens(&server).await;
    let (access, renewing) = (text(&given, "access_token"), text(&given, "refresh_token"));
    let (_, _) = key_with(&owner, &["read"]).await;
    let session = server.anonymous().sign_in(OWNER_EMAIL, OWNER_PASSWORD).await;
    let cookie = session.header_pairs()[0].1.clone();
    let opaque = cookie.split_once('=').expect("a cookie").1.to_owned();
    for (name, value) in [
        ("authorization", format!("Bearer {renewing}")),
        ("authorization", format!("Bearer {opaque}")),
        ("authorization", format!("Basic {access}")),
        ("authorization", access.to_owned()),
        ("x-api-key", access.to_owned()),
        ("x-api-key", renewing.to_owned()),
        ("cookie", format!("colloquy={access}")),
        ("cookie", format!("colloquy={renewing}")),
        ("cookie", format!("colloquy={}", owner.key())),
        ("cookie", format!("__Host-colloquy={opaque}")),
        ("x-access-token", access.to_owned()),
    ] {
        let answer = with_headers(&server, Method::GET, "/api/v1/me", &[(name, &value)]).await;
        assert_eq!(answer.status, 401, "{name}: {value:.40}");
    }
    for name in ["access_token", "token", "authorization", "jwt"] {
        let path = format!("/api/v1/me?{name}={access}");
        server.anonymous().get(&path).await.expect_problem(401, "unauthenticated");
    }
    for wrong in [access, &opaque, owner.key(), "clr_", ""] {
        let answer = refresh(&server, wrong).await;
        assert!([401, 422].contains(&answer.status), "{wrong:.40}: {answer:?}");
    }
    let both = [("authorization", format!("Bearer {access}")), ("x-api-key", owner.key().to_owned())];
    let both: Vec<(&str, &str)> = both.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(
        with_headers(&server, Method::GET, "/api/v1/me", &both).await.status,
        401,
        "which one counts?"
    );
    program(&server, &given).get("/api/v1/me").await.expect(200);
}

#[tokio::test]
async fn two_tabs_that_refresh_at_once_survive_and_a_thief_does_not() {
    let server = hospitable().start().await;
    let given = tokens(&server).await;
    let first = text(&given, "refresh_token");
    let at_once = futures_util::future::join_all((0..8).map(|_| refresh(&server, first))).await;
    let renewed: Vec<Value> = at_once.into_iter().map(|answer| answer.expect(200)).collect();
    let second = text(&renewed[0], "refresh_token");
    assert!(renewed.iter().all(|next| next["refresh_token"] == second), "one family has one token");
    assert_ne!(first, second);
    let mut socket = program(&server, &renewed[0]).socket().await;

    tokio::time::sleep(Duration::from_secs(7)).await;
    assert_eq!(refresh(&server, first).await.expect(200)["refresh_token"], second, "within ten seconds");
    program(&server, &renewed[0]).get("/api/v1/me").await.expect(200);
    tokio::time::sleep(Duration::from_secs(4)).await;
    refresh(&server, first).await.expect_problem(401, "invalid_refresh_token");
    assert_eq!(socket.closed().await, 4401);
    for next in &renewed {
        program(&server, next).get("/api/v1/me").await.expect_problem(401, "unauthenticated");
    }
    refresh(&server, second).await.expect_problem(401, "invalid_refresh_token");
}

#[tokio::test]
async fn pages_of_others_get_no_tokens() {
    let server = hospitable().start().await;
    let given = tokens(&server).await;
    let bodies = [
        (TOKEN, json!({ "email": OWNER_EMAIL, "password": OWNER_PASSWORD })),
        (REFRESH, json!({ "refresh_token": given["refresh_token"] })),
    ];
    for (path, body) in &bodies {
        for origin in ["https://evil.example", "null", ""] {
            let request = server.anonymous().request(Method::POST, path).header("origin", origin).json(body);
            Answer::of(request).await.expect_problem(403, "foreign_origin");
        }
        let unknown = with(body, "role", json!("owner"));
        server.anonymous().post(path, &unknown).await.expect_problem(422, "invalid_input");
        server.anonymous().post(&format!("{path}?a=b"), body).await.expect_problem(422, "invalid_input");
    }
}

#[tokio::test]
async fn a_wrong_password_gives_no_tokens_and_looks_like_no_account() {
    let server = hospitable().start().await;
    let attempt = async |email: &str, password: &str| {
        server.anonymous().post(TOKEN, &json!({ "email": email, "password": password })).await
    };
    let wrong = attempt(OWNER_EMAIL, "a wrong password").await;
    let unknown = attempt("nobody@example.org", OWNER_PASSWORD).await;
    assert_eq!(wrong.appearance(&[]), unknown.appearance(&[]));
    wrong.expect_problem(401, "wrong_credentials");
    let session = tokens(&server).await;
    assert!(!id(&session["user"]).is_empty());
}
