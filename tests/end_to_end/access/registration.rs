//! Making an account for oneself, and coming back without a password: closed where it is closed, and telling nobody who
//! has an account.

use std::time::Duration;

use serde_json::{Value, json};
use testing::mail_sink::MailSink;
use tokio::time::Instant;

use super::{account, hospitable, id};
use crate::harness::{Answer, Client, OWNER_EMAIL, OWNER_PASSWORD, Server, ServerBuilder};

const REGISTER: &str = "/api/v1/auth/register";
const VERIFY: &str = "/api/v1/auth/verify-email";
const FORGOT: &str = "/api/v1/auth/forgot-password";
const RESET: &str = "/api/v1/auth/reset-password";
const PASSWORD: &str = "violet lamp under seven bridges";

fn registration(mode: &str) -> ServerBuilder {
    hospitable().env("COLLOQUY_APPLICATION__IDENTITY__REGISTRATION", mode)
}

fn registrant(email: &str, name: &str) -> Value {
    json!({ "email": email, "password": PASSWORD, "display_name": name })
}

async fn signs_in(server: &Server, email: &str, password: &str) -> u16 {
    let body = json!({ "email": email, "password": password });
    server.anonymous().post("/api/v1/auth/login", &body).await.status
}

async fn accounts(server: &Server) -> usize {
    let list = server.owner().await.get("/api/v1/users").await.expect(200);
    list["items"].as_array().map_or(0, Vec::len)
}

/// What a client can tell an answer by, where it may have no body.
fn appearance(answer: &Answer) -> (u16, String, Vec<u8>) {
    (answer.status, answer.header("content-type").to_owned(), answer.bytes.clone())
}

fn refused(answer: Answer, pointer: &str, code: &str) {
    let problem = answer.expect_problem(422, "invalid_input");
    let error = &problem["errors"][0];
    assert_eq!((&error["pointer"], &error["code"]), (&json!(pointer), &json!(code)), "{problem}");
}

#[tokio::test]
async fn closed_registration_is_closed_on_every_path() {
    for builder in [hospitable(), registration("closed")] {
        let server =
            builder.env("COLLOQUY_APPLICATION__IDENTITY__REGISTRATION_DOMAINS", "example.org").start().await;
        let anonymous = server.anonymous();
        let options = anonymous.get("/api/v1/auth/options").await.expect(200);
        assert_eq!((&options["registration"], &options["password_reset"]), (&json!("closed"), &json!(false)));
        assert_eq!((&options["needs_setup"], &options["sign_in_providers"]), (&json!(false), &json!([])));
        let mut seen = Vec::new();
        for email in ["new@example.org", OWNER_EMAIL] {
            let answer = anonymous.post(REGISTER, &registrant(email, "Eve")).await;
            seen.push(answer.appearance(&[]));
            answer.expect_problem(403, "registration_closed");
        }
        assert_eq!(seen[0], seen[1], "whether the address is known does not show");
        let token = "a".repeat(43);
        for (path, body) in [
            (VERIFY, json!({ "token": token, "password": PASSWORD })),
            (RESET, json!({ "token": token, "password": PASSWORD })),
            ("/api/v1/auth/activate", json!({ "token": token, "password": PASSWORD })),
            ("/api/v1/auth/invitation", json!({ "token": token })),
            (
                "/api/v1/auth/accept-invitation",
                json!({ "token": token, "password": PASSWORD, "display_name": "Eve" }),
            ),
        ] {
            anonymous.post(path, &body).await.expect_problem(403, "link_invalid");
        }
        let setup =
            json!({ "token": token, "email": "e@example.org", "password": PASSWORD, "display_name": "E" });
        anonymous.post("/api/v1/setup", &setup).await.expect_problem(409, "already_set_up");
        anonymous
            .post("/api/v1/users", &registrant("e@example.org", "E"))
            .await
            .expect_problem(401, "unauthenticated");
        let command = json!({ "id": "1", "name": "user.create", "params": registrant("e@example.org", "E") });
        anonymous
            .post("/api/v1/batch", &json!({ "commands": [command] }))
            .await
            .expect_problem(401, "unauthenticated");
        let member = account(&server, "member").await;
        for name in ["registration.create", "user.create", "invitation.create", "workspace.create"] {
            let command = json!({ "id": "1", "name": name, "params": {} });
            let answer = member.post("/api/v1/batch", &json!({ "commands": [command] })).await.expect(200);
            let status = answer["results"][0]["status"].as_u64().unwrap_or_default();
            assert!((400..500).contains(&status), "{answer}");
        }
        assert_eq!(accounts(&server).await, 2);
    }
}

#[tokio::test]
async fn nobody_registers_before_there_is_an_owner() {
    let server = registration("open").without_owner().start().await;
    let anonymous = server.anonymous();
    let options = anonymous.get("/api/v1/auth/options").await.expect(200);
    assert_eq!((&options["registration"], &options["needs_setup"]), (&json!("closed"), &json!(true)));
    let early = anonymous.post(REGISTER, &registrant("eve@example.org", "Eve")).await;
    early.expect_problem(403, "registration_closed");
    assert_eq!(signs_in(&server, "eve@example.org", PASSWORD).await, 401);
}

#[tokio::test]
async fn who_registers_is_a_member_and_nothing_more() {
    let server = registration("open").start().await;
    let anonymous = server.anonymous();
    for field in
        ["role", "state", "workspace_id", "id", "home_workspace_id", "version", "password_hash", "link"]
    {
        let mut body = registrant("eve@example.org", "Eve");
        body[field] = json!("owner");
        refused(anonymous.post(REGISTER, &body).await, &format!("/{field}"), "unknown_field");
    }
    for (field, value, code) in [
        ("email", json!("nonsense"), "invalid"),
        ("password", json!("short"), "invalid"),
        ("password", json!("password123"), "weak_password"),
        ("display_name", json!("Eve\u{0}"), "invalid"),
        ("display_name", json!("Аda"), "mixed_scripts"),
        ("display_name", json!(["Eve"]), "invalid"),
    ] {
        let mut body = registrant("eve@example.org", "Eve");
        body[field] = value;
        refused(anonymous.post(REGISTER, &body).await, &format!("/{field}"), code);
    }
    let fresh = anonymous.post(REGISTER, &registrant("EVE@example.org", "Eve")).await;
    let known = anonymous.post(REGISTER, &registrant(OWNER_EMAIL, "Mallory")).await;
    assert_eq!(appearance(&fresh), appearance(&known));
    fresh.expect(202);
    let eve = anonymous.sign_in("eve@example.org", PASSWORD).await;
    let me = eve.get("/api/v1/me").await.expect(200);
    assert_eq!((&me["role"], &me["state"]), (&json!("member"), &json!("active")));
    assert_eq!(
        signs_in(&server, OWNER_EMAIL, OWNER_PASSWORD).await,
        200,
        "a known address keeps its password"
    );
    assert_eq!(signs_in(&server, OWNER_EMAIL, PASSWORD).await, 401);
    assert_eq!(accounts(&server).await, 2);
}

#[tokio::test]
async fn an_administrator_agrees_first_where_the_settings_say_so() {
    let sink = MailSink::start().await;
    let builder = registration("open").mail(&sink).env("COLLOQUY_APPLICATION__IDENTITY__APPROVAL", "true");
    let server = builder.start().await;
    server.anonymous().post(REGISTER, &registrant("eve@example.org", "Eve")).await.expect(202);
    let token = sink.nth_to("eve@example.org", 1).await.token();
    server.anonymous().post(VERIFY, &json!({ "token": token, "password": PASSWORD })).await.expect(200);
    let enter = async |password: &str| {
        let body = json!({ "email": "eve@example.org", "password": password });
        server.anonymous().post("/api/v1/auth/login", &body).await
    };
    enter(PASSWORD).await.expect_problem(403, "account_pending");
    enter("another password").await.expect_problem(401, "wrong_credentials");
    let owner = server.owner().await;
    let waiting = owner.get("/api/v1/users?state=pending").await.expect(200);
    let path = format!("/api/v1/users/{}", id(&waiting["items"][0]));
    owner.patch(&path, &json!({ "state": "active" })).await.expect(200);
    let welcome = sink.nth_to("eve@example.org", 2).await;
    assert!(welcome.text.contains("let you in") && welcome.text.contains("/login"), "{}", welcome.text);
    enter(PASSWORD).await.expect(200);
}

#[tokio::test]
async fn with_mail_an_address_is_proven_before_there_is_an_account() {
    let sink = MailSink::start().await;
    let server = registration("open").mail(&sink).start().await;
    let anonymous = server.anonymous();
    let fresh = anonymous.post(REGISTER, &registrant("eve@example.org", "Eve")).await;
    let known = anonymous.post(REGISTER, &registrant(OWNER_EMAIL, "Mallory")).await;
    assert_eq!(appearance(&fresh), appearance(&known));
    fresh.expect(202);
    let hint = sink.nth_to(OWNER_EMAIL, 1).await;
    assert!(hint.text.contains("account") && !hint.text.contains("token"), "{}", hint.text);
    let mail = sink.nth_to("eve@example.org", 1).await;
    assert!(mail.text.contains(&format!("http://{}/verify#token=", server.address())), "{}", mail.text);
    assert_eq!(accounts(&server).await, 1);
    assert_eq!(signs_in(&server, "eve@example.org", PASSWORD).await, 401);

    let token = mail.token();
    let verify = |password: Value| json!({ "token": token, "password": password });
    refused(anonymous.post(VERIFY, &json!({ "token": token })).await, "/password", "required");
    refused(
        anonymous.post(VERIFY, &verify(json!("what an attacker chose"))).await,
        "/password",
        "wrong_password",
    );
    anonymous.post(RESET, &verify(json!(PASSWORD))).await.expect_problem(403, "link_invalid");
    let verified = anonymous.post(VERIFY, &verify(json!(PASSWORD))).await.expect(200);
    assert_eq!(verified, json!({ "email": "eve@example.org", "state": "active" }));
    anonymous.post(VERIFY, &verify(json!(PASSWORD))).await.expect_problem(403, "link_invalid");
    assert_eq!(signs_in(&server, "eve@example.org", PASSWORD).await, 200);
    assert_eq!(accounts(&server).await, 2);
}

#[tokio::test]
async fn two_who_register_with_one_address_do_not_disturb_each_other() {
    let sink = MailSink::start().await;
    let server = registration("open").mail(&sink).start().await;
    let anonymous = server.anonymous();
    let mut theirs = registrant("ada@example.org", "Mallory");
    theirs["password"] = json!("the attacker knows this one");
    anonymous.post(REGISTER, &theirs).await.expect(202);
    let first = sink.nth_to("ada@example.org", 1).await.token();
    anonymous.post(REGISTER, &registrant("ada@example.org", "Ada")).await.expect(202);
    let second = sink.nth_to("ada@example.org", 2).await.token();
    // Whoever reads the mail follows the wrong link, and repeats their own password.
    refused(
        anonymous.post(VERIFY, &json!({ "token": first, "password": PASSWORD })).await,
        "/password",
        "wrong_password",
    );
    anonymous.post(VERIFY, &json!({ "token": second, "password": PASSWORD })).await.expect(200);
    let late = json!({ "token": first, "password": "the attacker knows this one" });
    anonymous.post(VERIFY, &late).await.expect_problem(409, "email_taken");
    assert_eq!(signs_in(&server, "ada@example.org", PASSWORD).await, 200);
    assert_eq!(signs_in(&server, "ada@example.org", "the attacker knows this one").await, 401);
}

#[tokio::test]
async fn only_certain_domains_register_where_the_settings_say_so() {
    let sink = MailSink::start().await;
    let server = registration("domains")
        .env("COLLOQUY_APPLICATION__IDENTITY__REGISTRATION_DOMAINS", "example.org,example.com")
        .mail(&sink)
        .start()
        .await;
    let anonymous = server.anonymous();
    for email in ["eve@evil.org", "eve@sub.example.org", "eve@example.org.evil.com", "eve@notexample.org"] {
        anonymous.post(REGISTER, &registrant(email, "Eve")).await.expect_problem(403, "domain_not_allowed");
    }
    for email in ["eve@example.org", "eve@EXAMPLE.com"] {
        anonymous.post(REGISTER, &registrant(email, "Eve")).await.expect(202);
        sink.nth_to(&email.to_lowercase(), 1).await;
    }
}

#[tokio::test]
async fn a_forgotten_password_comes_back_by_mail_and_tells_nobody_who_has_an_account() {
    let sink = MailSink::start().await;
    let server = hospitable().mail(&sink).start().await;
    let anonymous = server.anonymous();
    let member = account(&server, "member").await;
    let mut seen = Vec::new();
    for email in ["member@example.org", " MEMBER@example.org", "nobody@example.org", "not an address"] {
        let answer = anonymous.post(FORGOT, &json!({ "email": email })).await;
        seen.push(appearance(&answer));
        answer.expect(202);
    }
    assert!(seen.iter().all(|one| *one == seen[0]), "{seen:?}");
    let older = sink.nth_to("member@example.org", 1).await.token();
    let newer = sink.nth_to("member@example.org", 2).await.token();
    let reset = |token: &str| json!({ "token": token, "password": PASSWORD });
    anonymous.post(VERIFY, &reset(&newer)).await.expect_problem(403, "link_invalid");
    anonymous.post(RESET, &reset(&newer)).await.expect(204);
    anonymous.post(RESET, &reset(&newer)).await.expect_problem(403, "link_invalid");
    anonymous.post(RESET, &reset(&older)).await.expect_problem(403, "link_invalid");
    member.get("/api/v1/me").await.expect_problem(401, "unauthenticated");
    assert_eq!(signs_in(&server, "member@example.org", OWNER_PASSWORD).await, 401);
    assert_eq!(signs_in(&server, "member@example.org", PASSWORD).await, 200);
    let notice = sink.nth_to("member@example.org", 3).await;
    assert!(notice.text.contains("was changed"), "{}", notice.text);
    assert!(!server.log().contains(&newer) && !server.log().contains(&older));
}

#[tokio::test]
async fn asking_for_a_password_takes_as_long_for_nobody_as_for_somebody() {
    let sink = MailSink::start().await;
    let server = registration("open").mail(&sink).start().await;
    let anonymous = server.anonymous();
    for path in [FORGOT, REGISTER] {
        let mut quickest = [Duration::MAX; 2];
        for number in 0..10 {
            let unknown = format!("nobody{number}@example.org");
            for (index, email) in [OWNER_EMAIL, &unknown].into_iter().enumerate() {
                let body = if path == FORGOT { json!({ "email": email }) } else { registrant(email, "Eve") };
                let started = Instant::now();
                anonymous.post(path, &body).await.expect(202);
                quickest[index] = quickest[index].min(started.elapsed());
            }
        }
        // What is done for somebody alone takes milliseconds: a commit, a mail, or a hash.
        let (less, more) = (quickest[0].min(quickest[1]), quickest[0].max(quickest[1]));
        assert!(more < less * 2 + Duration::from_millis(2), "{path}: {quickest:?}");
    }
}

#[tokio::test]
async fn without_mail_nobody_waits_for_one() {
    let server = hospitable().start().await;
    let anonymous = server.anonymous();
    for email in [OWNER_EMAIL, "nobody@example.org"] {
        anonymous.post(FORGOT, &json!({ "email": email })).await.expect_problem(409, "no_mail");
    }
}

#[tokio::test]
async fn a_mail_server_with_no_time_is_asked_again() {
    let sink = MailSink::start().await;
    let server = hospitable().mail(&sink).start().await;
    sink.refuse(&["451 come back later"]);
    server.anonymous().post(FORGOT, &json!({ "email": OWNER_EMAIL })).await.expect(202);
    let token = sink.nth_to(OWNER_EMAIL, 1).await.token();
    server.anonymous().post(RESET, &json!({ "token": token, "password": PASSWORD })).await.expect(204);
}

#[tokio::test]
async fn a_new_address_counts_once_its_mail_was_read() {
    let sink = MailSink::start().await;
    let server = hospitable().mail(&sink).start().await;
    let member = account(&server, "member").await;
    let change = async |person: &Client, email: &str| {
        let body = json!({ "email": email, "current_password": OWNER_PASSWORD });
        person.patch("/api/v1/me", &body).await.expect(200)
    };
    let asked = change(&member, "new@example.org").await;
    assert_eq!(
        (&asked["email"], &asked["unconfirmed_email"]),
        (&json!("member@example.org"), &json!("new@example.org"))
    );
    // An address that somebody has: only they learn so.
    let taken = change(&member, OWNER_EMAIL).await;
    assert_eq!(taken["unconfirmed_email"], OWNER_EMAIL);
    assert!(!sink.nth_to(OWNER_EMAIL, 1).await.text.contains("token"));

    let link = sink.nth_to("new@example.org", 1).await.token();
    let verified = server.anonymous().post(VERIFY, &json!({ "token": link })).await.expect(200);
    assert_eq!(verified["email"], "new@example.org");
    server.anonymous().post(VERIFY, &json!({ "token": link })).await.expect_problem(403, "link_invalid");
    assert_eq!(signs_in(&server, "member@example.org", OWNER_PASSWORD).await, 401);
    assert_eq!(signs_in(&server, "new@example.org", OWNER_PASSWORD).await, 200);
    assert!(sink.nth_to("member@example.org", 1).await.text.contains("another e-mail address"));

    // A link that was asked for before the password changed is of no more use.
    change(&member, "later@example.org").await;
    let link = sink.nth_to("later@example.org", 1).await.token();
    let body = json!({ "current_password": OWNER_PASSWORD, "password": PASSWORD });
    member.post("/api/v1/me/password", &body).await.expect(204);
    server.anonymous().post(VERIFY, &json!({ "token": link })).await.expect_problem(403, "link_invalid");
}
