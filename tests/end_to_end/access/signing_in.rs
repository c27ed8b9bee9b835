//! Signing in: nothing is learned from trying, and trying has an end.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::hospitable;
use crate::harness::{Answer, Client, OWNER_EMAIL, OWNER_PASSWORD, Server};

const LOG_IN: &str = "/api/v1/auth/login";

fn attempt(email: &str, password: &str) -> Value {
    json!({ "email": email, "password": password })
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_account_look_the_same() {
    let server = hospitable().start().await;
    let anonymous = server.anonymous();
    let wrong = anonymous.post(LOG_IN, &attempt(OWNER_EMAIL, "wrong password")).await;
    let expected = wrong.appearance(&[]);
    assert_eq!(wrong.header("set-cookie"), "");
    wrong.expect_problem(401, "wrong_credentials");
    let long = format!("{}@example.org", "a".repeat(200));
    for (email, password) in [
        ("nobody@example.org", OWNER_PASSWORD),
        ("not an address", OWNER_PASSWORD),
        (&long, OWNER_PASSWORD),
        ("' OR 1=1 --", "' OR 1=1 --"),
        (OWNER_EMAIL, "CORRECT HORSE BATTERY STAPLE"),
        (OWNER_EMAIL, &OWNER_PASSWORD[1..]),
        (OWNER_EMAIL, &format!("{OWNER_PASSWORD}\0")),
        (OWNER_EMAIL, &format!("{OWNER_PASSWORD} ")),
        (OWNER_EMAIL, &"a".repeat(1024)),
    ] {
        let answer = anonymous.post(LOG_IN, &attempt(email, password)).await;
        assert_eq!(answer.appearance(&[]), expected, "{email:.40} {password:.40}");
    }
    for email in [OWNER_EMAIL.to_uppercase(), format!("  {OWNER_EMAIL} ")] {
        anonymous.post(LOG_IN, &attempt(&email, OWNER_PASSWORD)).await.expect(200);
    }
}

#[tokio::test]
async fn an_unknown_account_takes_as_long_as_a_wrong_password() {
    let server = hospitable().start().await;
    let anonymous = server.anonymous();
    let mut quickest = [Duration::MAX; 2];
    for number in 0..8 {
        let unknown = format!("nobody{number}@example.org");
        for (index, email) in [OWNER_EMAIL, &unknown].into_iter().enumerate() {
            let started = Instant::now();
            anonymous
                .post(LOG_IN, &attempt(email, "wrong password"))
                .await
                .expect_problem(401, "wrong_credentials");
            quickest[index] = quickest[index].min(started.elapsed());
        }
    }
    let ratio = quickest[1].as_secs_f64() / quickest[0].as_secs_f64();
    assert!((0.5..2.0).contains(&ratio), "{quickest:?}");
}

#[tokio::test]
async fn attempts_are_throttled_whatever_the_forwarded_headers_say() {
    let server = Server::builder().env("COLLOQUY_APPLICATION__SIGN_INS_PER_MINUTE", "5").start().await;
    let mut statuses = Vec::new();
    for number in 0..20 {
        let request = server
            .anonymous()
            .request(Method::POST, LOG_IN)
            .header("x-forwarded-for", format!("203.0.113.{number}"))
            .header("x-real-ip", format!("203.0.113.{number}"))
            .header("forwarded", format!("for=203.0.113.{number}"));
        let answer = Answer::of(request.json(&attempt(OWNER_EMAIL, "wrong password"))).await;
        if answer.status == 429 {
            assert!(answer.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds >= 1));
        }
        statuses.push(answer.status);
    }
    assert_eq!(statuses[..5], [401; 5]);
    assert!(statuses[5..].iter().filter(|status| **status == 429).count() >= 13, "{statuses:?}");
    let right = server.anonymous().post(LOG_IN, &attempt(OWNER_EMAIL, OWNER_PASSWORD)).await;
    right.expect_problem(429, "rate_limited");
    // An address may be shared: it has ten accounts' worth of attempts, whoever they are on.
    let mut others = Vec::new();
    for number in 0..60 {
        let other = attempt(&format!("other{number}@example.org"), "wrong password");
        others.push(server.anonymous().post(LOG_IN, &other).await.status);
    }
    assert!(others.contains(&401) && others.last() == Some(&429), "{others:?}");
}

#[tokio::test]
async fn an_account_is_throttled_wherever_the_attempts_come_from() {
    let server = Server::builder().env("COLLOQUY_APPLICATION__SIGN_INS_PER_MINUTE", "5").start().await;
    let mut statuses = Vec::new();
    for number in 0..60 {
        let from = IpAddr::V4(Ipv4Addr::new(127, 0, 2, number));
        let stranger = Client::from_elsewhere(server.address(), from);
        let spelling = if number % 2 == 0 { OWNER_EMAIL.to_uppercase() } else { format!(" {OWNER_EMAIL}") };
        statuses.push(stranger.post(LOG_IN, &attempt(&spelling, "wrong password")).await.status);
    }
    assert!(statuses.contains(&429), "{statuses:?}");
    assert_eq!(statuses.last(), Some(&429));
}

/// Uses up everybody's attempts on an account, from many addresses.
async fn attack(server: &Server, email: &str) {
    for number in 0..60 {
        let from = IpAddr::V4(Ipv4Addr::new(127, 0, 2, number));
        let stranger = Client::from_elsewhere(server.address(), from);
        stranger.post(LOG_IN, &attempt(email, "wrong password")).await;
    }
}

#[tokio::test]
async fn whoever_is_attacked_can_still_get_in_where_they_were_before() {
    let builder = Server::builder().env("COLLOQUY_APPLICATION__SIGN_INS_PER_MINUTE", "5");
    // Attempts come back one by one, within a day so slowly that the test is over before.
    let server = builder.env("COLLOQUY_APPLICATION__SIGN_INS_PER_DAY", "5").start().await;
    let owner = server.owner().await;
    attack(&server, OWNER_EMAIL).await;
    owner.get("/api/v1/me").await.expect(200);
    server.anonymous().post(LOG_IN, &attempt(OWNER_EMAIL, OWNER_PASSWORD)).await.expect(200);

    // A server that was started again knows the place as well, and also after signing out there.
    let out = server.anonymous().sign_in(OWNER_EMAIL, OWNER_PASSWORD).await;
    out.post("/api/v1/auth/logout", &json!({})).await.expect(204);
    let server = server.terminate().await.start().await;
    for email in [OWNER_EMAIL, "nobody@example.org"] {
        attack(&server, email).await;
    }
    let elsewhere = Client::from_elsewhere(server.address(), IpAddr::V4(Ipv4Addr::new(127, 0, 3, 1)));
    elsewhere.post(LOG_IN, &attempt(OWNER_EMAIL, OWNER_PASSWORD)).await.expect_problem(429, "rate_limited");
    // Whoever is there too does not learn from wrong passwords whose place it is, nor that there is an account.
    let here = server.anonymous();
    let mut seen = Vec::new();
    for email in [OWNER_EMAIL, "nobody@example.org"] {
        let answer = here.post(LOG_IN, &attempt(email, "wrong password")).await;
        assert!(answer.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds >= 1), "{answer:?}");
        seen.push((answer.status, answer.expect_problem(429, "rate_limited")["detail"].clone()));
    }
    assert_eq!(seen[0], seen[1]);
    here.post(LOG_IN, &attempt(OWNER_EMAIL, OWNER_PASSWORD)).await.expect(200);
}

#[tokio::test]
async fn what_strangers_ask_for_uses_up_no_attempts_to_sign_in() {
    let server = Server::builder().env("COLLOQUY_APPLICATION__SIGN_INS_PER_MINUTE", "5").start().await;
    let member = server.member("ada").await.in_browser();
    for number in 0..60 {
        let from = IpAddr::V4(Ipv4Addr::new(127, 0, 2, number));
        let stranger = Client::from_elsewhere(server.address(), from);
        stranger.post("/api/v1/auth/forgot-password", &json!({ "email": "ada@example.org" })).await;
        let body = json!({ "email": "ada@example.org", "password": OWNER_PASSWORD, "display_name": "Ada" });
        stranger.post("/api/v1/auth/register", &body).await;
    }
    let elsewhere = Client::from_elsewhere(server.address(), IpAddr::V4(Ipv4Addr::new(127, 0, 3, 1)));
    elsewhere.post(LOG_IN, &attempt("ada@example.org", OWNER_PASSWORD)).await.expect(200);
    // Nor do attempts to sign in keep anybody from changing their own account.
    attack(&server, "ada@example.org").await;
    let change = json!({ "current_password": OWNER_PASSWORD, "password": "violet lamp under seven bridges" });
    member.post("/api/v1/me/password", &change).await.expect(204);
}
