//! Signing in through a real `OpenID` provider.

use reqwest::{Method, Url};
use serde_json::{Value, json};

use super::hospitable;
use crate::harness::{Answer, Browser, Client, OWNER_EMAIL, OWNER_PASSWORD, OidcProvider, Server, new_id};

const IDENTITIES: &str = "/api/v1/me/external-identities";
const BEGIN: &str = "/api/v1/auth/oidc/corporate/begin";

/// A provider, and a server that takes in whoever comes from it.
async fn open() -> (OidcProvider, Server) {
    let provider = OidcProvider::start().await;
    let server = provider.settings(hospitable(), &[("ALLOW_REGISTRATION", "true")]).start().await;
    (provider, server)
}

/// The address with another value of a parameter.
fn with(url: &str, name: &str, value: Option<&str>) -> String {
    let mut url = Url::parse(url).expect("an address");
    let others: Vec<(String, String)> =
        url.query_pairs().filter(|(known, _)| known != name).map(|(a, b)| (a.into(), b.into())).collect();
    url.query_pairs_mut().clear().extend_pairs(others).extend_pairs(value.map(|value| (name, value)));
    url.into()
}

/// Begins to add the provider to somebody's account; where to send the browser.
async fn begin_link(person: &Client, browser: &mut Browser, body: &Value) -> String {
    let answer = person.post(&format!("{IDENTITIES}/corporate"), body).await;
    browser.take(&answer);
    answer.expect(200)["url"].as_str().expect("an address").to_owned()
}

#[tokio::test]
async fn somebody_new_gets_an_account_and_comes_back_to_it() {
    let (provider, server) = open().await;
    let options = server.anonymous().get("/api/v1/auth/options").await.expect(200);
    assert_eq!(options["sign_in_providers"], json!([{"name": "corporate", "label": "Corporate login"}]));
    provider.person("1", "Ada@example.org", true, &[]).await;
    let mut browser = Browser::new(&server);
    assert_eq!(browser.sign_in().await, "/");
    let ada = browser.person().await.expect("a session");
    let me = ada.get("/api/v1/me").await.expect(200);
    assert_eq!((&me["email"], &me["role"]), (&json!("ada@example.org"), &json!("member")));
    let linked = ada.get(IDENTITIES).await.expect(200);
    assert_eq!(linked["items"][0]["issuer"], provider.issuer());
    assert_eq!(linked["items"][0]["label"], "Corporate login");
    // Whatever the address is now: the name at the provider is what counts.
    provider.person("1", "countess@example.org", true, &[]).await;
    let mut elsewhere = Browser::new(&server);
    elsewhere.sign_in().await;
    let again = elsewhere.person().await.expect("a session").get("/api/v1/me").await.expect(200);
    assert_eq!(again["id"], me["id"]);
    // The account has no password, so nobody guesses one.
    let attempt = json!({"email": "ada@example.org", "password": OWNER_PASSWORD});
    server.anonymous().post("/api/v1/auth/login", &attempt).await.expect_problem(401, "wrong_credentials");
}

#[tokio::test]
async fn the_cookie_of_the_way_is_short_lived_and_out_of_reach_of_pages() {
    let (provider, server) = open().await;
    provider.person("1", "ada@example.org", true, &[]).await;
    let mut browser = Browser::new(&server);
    let leaving = browser.get(&server.anonymous().url(&format!("{BEGIN}?next=/settings"))).await;
    let cookie = leaving.header("set-cookie").to_owned();
    for attribute in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=600"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    let url = Url::parse(leaving.header("location")).expect("an address");
    let sent: Vec<String> = url.query_pairs().map(|(name, _)| name.into_owned()).collect();
    for needed in ["state", "nonce", "code_challenge", "redirect_uri"] {
        assert!(sent.contains(&needed.to_owned()), "{url}");
    }
    assert!(url.query_pairs().any(|pair| pair == ("code_challenge_method".into(), "S256".into())), "{url}");
    let url = browser.visit(url.as_str()).await;
    assert_eq!(browser.come_back(&url).await, "/settings");
    assert!(browser.person().await.is_some());
    // It is used up: the same address leads nowhere any more, here or elsewhere.
    assert_eq!(browser.come_back(&url).await, "/login#error=sign_in_expired");
}

#[tokio::test]
async fn nothing_that_does_not_fit_lets_anybody_in() {
    let (provider, server) = open().await;
    provider.person("1", "ada@example.org", true, &[]).await;
    // What is changed on the way there.
    for name in ["nonce", "code_challenge"] {
        let mut browser = Browser::new(&server);
        let url = browser.leave().await;
        let other = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        let url = browser.visit(&with(&url, name, Some(other))).await;
        assert_eq!(browser.come_back(&url).await, "/login#error=sign_in_provider_refused", "{name}");
        assert!(browser.person().await.is_none(), "{name}");
    }
    // What is changed on the way back.
    for (name, value, error) in [
        ("state", Some("another"), "sign_in_mismatch"),
        ("state", None, "sign_in_mismatch"),
        ("iss", Some("https://evil.example"), "sign_in_provider_refused"),
        ("iss", None, "sign_in_provider_refused"),
        ("code", Some("another"), "sign_in_provider_refused"),
        ("code", None, "sign_in_provider_refused"),
        ("error", Some("server_error"), "sign_in_denied"),
    ] {
        let mut browser = Browser::new(&server);
        let url = browser.leave().await;
        let url = browser.visit(&url).await;
        let end = browser.come_back(&with(&url, name, value)).await;
        assert_eq!(end, format!("/login#error={error}"), "{name} {value:?}");
        assert!(browser.person().await.is_none(), "{name} {value:?}");
    }
    let owner = server.owner().await;
    let accounts = owner.get("/api/v1/users").await.expect(200);
    assert_eq!(accounts["items"].as_array().map(Vec::len), Some(1), "{accounts}");
    let told = owner.get("/api/v1/audit?name=session.refused&limit=100").await.expect(200);
    let told =
        told["items"].as_array().into_iter().flatten().filter_map(|it| it["detail"]["reason"].as_str());
    let told: Vec<&str> = told.collect();
    let count = |reason| told.iter().filter(|told| **told == reason).count();
    assert_eq!((count("mismatch"), count("refused_by_provider"), told.len()), (2, 7, 9), "{told:?}");
}

#[tokio::test]
async fn a_code_counts_once_and_only_where_it_was_asked_for() {
    let (provider, server) = open().await;
    provider.person("1", "ada@example.org", true, &[]).await;
    // Somebody else's browser is sent to the end of our way: it would be signed in as us.
    let mut attacker = Browser::new(&server);
    let url = attacker.leave().await;
    let url = attacker.visit(&url).await;
    let mut victim = Browser::new(&server);
    assert_eq!(victim.come_back(&url).await, "/login#error=sign_in_expired");
    victim.leave().await;
    assert_eq!(victim.come_back(&url).await, "/login#error=sign_in_mismatch");
    assert!(victim.person().await.is_none());
    // The cookie is copied before it is used: the code has been used then.
    let mut copy = Browser::new(&server);
    let leaving = copy.get(&server.anonymous().url(BEGIN)).await;
    let url = copy.visit(leaving.header("location")).await;
    let mut first = Browser::new(&server);
    first.take(&leaving);
    assert_eq!(first.come_back(&url).await, "/");
    assert_eq!(copy.come_back(&url).await, "/login#error=sign_in_provider_refused");
    assert!(copy.person().await.is_none());
}

#[tokio::test]
async fn who_is_refused_there_is_not_let_in_here() {
    let (provider, server) = open().await;
    provider.refuse().await;
    let mut browser = Browser::new(&server);
    assert_eq!(browser.sign_in().await, "/login#error=sign_in_denied");
    assert!(browser.person().await.is_none());
}

#[tokio::test]
async fn an_address_counts_only_where_it_is_verified_and_the_settings_say_so() {
    let provider = OidcProvider::with_claims_in_token().await;
    let closed = provider.settings(hospitable(), &[]).start().await;
    provider.person("1", OWNER_EMAIL, true, &[]).await;
    assert_eq!(Browser::new(&closed).sign_in().await, "/login#error=account_exists");
    provider.person("2", "ada@example.org", true, &[]).await;
    assert_eq!(Browser::new(&closed).sign_in().await, "/login#error=registration_closed");
    let further = [
        ("ALLOW_REGISTRATION", "true"),
        ("LINK_BY_VERIFIED_EMAIL", "true"),
        ("ALLOWED_DOMAINS", "example.org"),
    ];
    let open = provider.settings(hospitable(), &further).start().await;
    for (sub, email, is_verified, end) in [
        ("3", OWNER_EMAIL, false, "/login#error=email_unverified"),
        ("4", "ada@example.org", false, "/login#error=email_unverified"),
        ("5", "eve@example.com", true, "/login#error=registration_closed"),
        ("6", "ada@example.org", true, "/"),
        // Nobody has proven that an account with a password has the right address.
        ("7", OWNER_EMAIL, true, "/login#error=account_exists"),
        ("8", "ada@example.org", true, "/"),
    ] {
        provider.person(sub, email, is_verified, &["staff"]).await;
        assert_eq!(Browser::new(&open).sign_in().await, end, "{email} {is_verified}");
    }
    // Put together once, the address no longer matters.
    let mut seen = Vec::new();
    for sub in ["6", "8"] {
        provider.person(sub, "somebody@example.com", false, &[]).await;
        let mut browser = Browser::new(&open);
        assert_eq!(browser.sign_in().await, "/");
        seen.push(browser.person().await.expect("a session").get("/api/v1/me").await.expect(200));
    }
    assert_eq!((&seen[0]["email"], &seen[0]["id"]), (&json!("ada@example.org"), &seen[1]["id"]));
}

#[tokio::test]
async fn nobody_waits_for_somebody_in_an_account_with_their_address() {
    let provider = OidcProvider::start().await;
    let further = [("ALLOW_REGISTRATION", "true"), ("LINK_BY_VERIFIED_EMAIL", "true")];
    let server = provider.settings(hospitable(), &further).start().await;
    let owner = server.owner().await.in_browser();
    // Made for the address by an administrator, with a password, and without one and agreed to.
    let body = |name: &str| json!({ "email": format!("{name}@example.org"), "display_name": name, "role": "member" });
    let mut with_password = body("victim1");
    with_password["password"] = json!(OWNER_PASSWORD);
    owner.post("/api/v1/users", &with_password).await.expect(201);
    let pending = owner.post("/api/v1/users", &body("victim2")).await.expect(201);
    let path = format!("/api/v1/users/{}", pending["id"].as_str().expect("an id"));
    owner.patch(&path, &json!({ "state": "active" })).await.expect(200);
    // Or given to the account of somebody who came from the provider: this server sends no mail that would prove it.
    provider.person("1", "eve@example.org", true, &[]).await;
    let mut browser = Browser::new(&server);
    assert_eq!(browser.sign_in().await, "/");
    let eve = browser.person().await.expect("a session");
    let change = json!({ "email": "victim3@example.org" });
    eve.patch("/api/v1/me", &change).await.expect_problem(409, "no_mail");
    for (sub, name, end) in [
        ("2", "victim1", "/login#error=account_exists"),
        ("3", "victim2", "/login#error=account_exists"),
        ("4", "victim3", "/"),
    ] {
        provider.person(sub, &format!("{name}@example.org"), true, &[]).await;
        assert_eq!(Browser::new(&server).sign_in().await, end, "{name}");
    }
    let me = eve.get("/api/v1/me").await.expect(200);
    assert_eq!(me["email"], "eve@example.org");
}

#[tokio::test]
async fn groups_give_roles_at_each_sign_in_and_leave_owners_alone() {
    let provider = OidcProvider::start().await;
    let further = [
        ("ALLOW_REGISTRATION", "true"),
        ("LINK_BY_VERIFIED_EMAIL", "true"),
        ("ROLES__IT", "admin"),
        ("ROLES__READERS", "viewer"),
    ];
    let server = provider.settings(hospitable(), &further).start().await;
    let mut sessions: Vec<Client> = Vec::new();
    for (groups, role) in [
        (["it", "readers"].as_slice(), "admin"),
        (&["readers"], "viewer"),
        (&["IT"], "member"),
        (&["it"], "admin"),
        (&[], "member"),
    ] {
        provider.person("1", "ada@example.org", true, groups).await;
        let mut browser = Browser::new(&server);
        assert_eq!(browser.sign_in().await, "/");
        let ada = browser.person().await.expect("a session");
        sessions.push(ada.clone());
        for session in &sessions {
            let me = session.get("/api/v1/me").await.expect(200);
            assert_eq!(me["role"], role, "{groups:?}");
        }
    }
    provider.person("2", OWNER_EMAIL, true, &["readers"]).await;
    let owner = server.anonymous().sign_in(OWNER_EMAIL, OWNER_PASSWORD).await;
    let mut browser = Browser::new(&server);
    let url = begin_link(&owner, &mut browser, &json!({"current_password": OWNER_PASSWORD})).await;
    let url = browser.visit(&url).await;
    assert_eq!(browser.come_back(&url).await, "/");
    assert_eq!(browser.sign_in().await, "/");
    let me = browser.person().await.expect("a session").get("/api/v1/me").await.expect(200);
    assert_eq!((&me["email"], &me["role"]), (&json!(OWNER_EMAIL), &json!("owner")));
}

#[tokio::test]
async fn a_suspended_account_stays_outside() {
    let (provider, server) = open().await;
    provider.person("1", "ada@example.org", true, &[]).await;
    let mut browser = Browser::new(&server);
    browser.sign_in().await;
    let ada = browser.person().await.expect("a session");
    let id = ada.get("/api/v1/me").await.expect(200)["id"].as_str().expect("an id").to_owned();
    let owner = server.owner().await;
    let suspend = owner.request(Method::PATCH, &format!("/api/v1/users/{id}"));
    Answer::of(suspend.json(&json!({"state": "suspended"}))).await.expect(200);
    let mut again = Browser::new(&server);
    assert_eq!(again.sign_in().await, "/login#error=account_suspended");
    assert!(again.person().await.is_none());
}

#[tokio::test]
async fn a_provider_that_is_away_keeps_nobody_from_signing_in_otherwise() {
    let (provider, server) = open().await;
    let mut browser = Browser::new(&server);
    provider.person("1", "ada@example.org", true, &[]).await;
    let url = browser.leave().await;
    let url = browser.visit(&url).await;
    provider.stop().await;
    assert_eq!(browser.come_back(&url).await, "/login#error=sign_in_provider_away");
    server.anonymous().sign_in(OWNER_EMAIL, OWNER_PASSWORD).await;
    // A provider that has never answered.
    let gone = OidcProvider::start().await;
    let server = gone.settings(hospitable(), &[]).start().await;
    gone.stop().await;
    let away = server.anonymous().get(BEGIN).await;
    assert_ne!(away.header("retry-after"), "");
    away.expect_problem(503, "sign_in_provider_away");
    let shown = Browser::new(&server).get(&server.anonymous().url(BEGIN)).await;
    assert_eq!((shown.status, shown.header("location")), (302, "/login#error=sign_in_provider_away"));
    server.anonymous().sign_in(OWNER_EMAIL, OWNER_PASSWORD).await;
    server.anonymous().get("/api/v1/auth/oidc/unknown/begin").await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn nobody_is_sent_to_other_servers_afterwards() {
    let (_provider, server) = open().await;
    let anonymous = server.anonymous();
    for elsewhere in
        ["https://evil.example", "//evil.example", "/%5Cevil.example", "%2F%2Fevil.example", "javascript:1"]
    {
        let answer = anonymous.get(&format!("{BEGIN}?next={elsewhere}")).await;
        answer.expect_problem(422, "invalid_input");
    }
    let owner = server.anonymous().sign_in(OWNER_EMAIL, OWNER_PASSWORD).await;
    let body = json!({"current_password": OWNER_PASSWORD, "next": "//evil.example"});
    owner.post(&format!("{IDENTITIES}/corporate"), &body).await.expect_problem(422, "invalid_input");
}

#[tokio::test]
async fn who_is_signed_in_adds_a_provider_and_takes_it_away() {
    let provider = OidcProvider::start().await;
    let server = provider.settings(hospitable(), &[]).start().await;
    let owner = server.anonymous().sign_in(OWNER_EMAIL, OWNER_PASSWORD).await;
    let link = format!("{IDENTITIES}/corporate");
    // It takes a session, its token, and the password.
    let body = json!({"current_password": OWNER_PASSWORD, "next": "/settings"});
    server.anonymous().post(&link, &body).await.expect_problem(401, "unauthenticated");
    server.owner().await.post(&link, &body).await.expect_problem(403, "forbidden");
    let wrong = json!({"current_password": "wrong password"});
    owner.post(&link, &wrong).await.expect_problem(422, "invalid_input");
    // What the provider calls the address does not matter here.
    provider.person("1", "root@example.com", false, &[]).await;
    let mut browser = Browser::new(&server);
    let url = begin_link(&owner, &mut browser, &body).await;
    let url = browser.visit(&url).await;
    assert_eq!(browser.come_back(&url).await, "/settings");
    assert!(browser.person().await.is_none(), "adding a provider signs nobody in");
    let linked = owner.get(IDENTITIES).await.expect(200)["items"][0].clone();
    assert_eq!(linked["subject"], "1");
    let mut elsewhere = Browser::new(&server);
    assert_eq!(elsewhere.sign_in().await, "/");
    let me = elsewhere.person().await.expect("a session").get("/api/v1/me").await.expect(200);
    assert_eq!(me["email"], OWNER_EMAIL);
    // The same person at the provider cannot belong to somebody else as well.
    let member = server.member(&format!("m{}", &new_id()[..8])).await;
    let name = member.get("/api/v1/me").await.expect(200)["email"].as_str().expect("an address").to_owned();
    let member = server.anonymous().sign_in(&name, OWNER_PASSWORD).await;
    let mut other = Browser::new(&server);
    let url = begin_link(&member, &mut other, &body).await;
    let url = other.visit(&url).await;
    assert_eq!(other.come_back(&url).await, "/settings#error=identity_taken");
    assert_eq!(member.get(IDENTITIES).await.expect(200)["items"], json!([]));
    // Taken away, it no longer lets anybody in.
    let of = |password: &str| json!({"issuer": linked["issuer"], "subject": linked["subject"], "current_password": password});
    let delete =
        |person: &Client, body: Value| Answer::of(person.request(Method::DELETE, IDENTITIES).json(&body));
    delete(&member, of(OWNER_PASSWORD)).await.expect_problem(404, "not_found");
    delete(&owner, of("wrong password")).await.expect_problem(422, "invalid_input");
    delete(&owner, of(OWNER_PASSWORD)).await.expect(204);
    assert_eq!(Browser::new(&server).sign_in().await, "/login#error=email_unverified");
}

#[tokio::test]
async fn adding_a_provider_ends_with_the_session_that_began_it() {
    let provider = OidcProvider::start().await;
    let server = provider.settings(hospitable(), &[]).start().await;
    provider.person("1", "root@example.com", true, &[]).await;
    let owner = server.anonymous().sign_in(OWNER_EMAIL, OWNER_PASSWORD).await;
    let mut browser = Browser::new(&server);
    let url = begin_link(&owner, &mut browser, &json!({"current_password": OWNER_PASSWORD})).await;
    let url = browser.visit(&url).await;
    owner.post("/api/v1/auth/logout", &json!({})).await.expect(204);
    assert_eq!(browser.come_back(&url).await, "/#error=unauthenticated");
    let again = server.anonymous().sign_in(OWNER_EMAIL, OWNER_PASSWORD).await;
    assert_eq!(again.get(IDENTITIES).await.expect(200)["items"], json!([]));
}

#[tokio::test]
async fn the_only_way_in_is_not_taken_away() {
    let (provider, server) = open().await;
    provider.person("1", "ada@example.org", true, &[]).await;
    let mut browser = Browser::new(&server);
    browser.sign_in().await;
    let ada = browser.person().await.expect("a session");
    let linked = ada.get(IDENTITIES).await.expect(200)["items"][0].clone();
    let body = json!({"issuer": linked["issuer"], "subject": linked["subject"]});
    let answer = Answer::of(ada.request(Method::DELETE, IDENTITIES).json(&body)).await;
    answer.expect_problem(409, "last_way_in");
}
