//! Codes of a device beside the password.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::Method;
use serde_json::{Value, json};
use testing::mail_sink::MailSink;
use totp_rs::{Builder, Secret, Totp};

use super::{NOTHING, account, hospitable, id};
use crate::harness::{Answer, Client, OWNER_EMAIL, OWNER_PASSWORD, Server};

const TOTP: &str = "/api/v1/me/totp";
const RECOVERY: &str = "/api/v1/me/recovery-codes";
const LOG_IN: &str = "/api/v1/auth/login";

/// A device that shows codes.
struct Device(Totp);

impl Device {
    fn of(base32: &str) -> Self {
        let secret = Secret::try_from_base32(base32).expect("a secret in Base32");
        Self(Builder::new().with_secret(secret).build().expect("a device"))
    }

    /// What it shows, some steps of 30 seconds from now.
    fn shows(&self, steps: i64) -> String {
        let moment = now().cast_signed() + steps * 30;
        self.0.generate(moment.cast_unsigned()).to_string()
    }
}

#[expect(clippy::disallowed_methods, reason = "the server of the test has the time of this machine")]
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970").as_secs()
}

/// Waits until at least `rest` seconds of the present step are left, so that it does not end within what follows.
async fn within_a_step(rest: u64) {
    let left = 30 - now() % 30;
    if left < rest {
        tokio::time::sleep(Duration::from_secs(left)).await;
    }
}

async fn put(person: &Client, body: &Value) -> Answer {
    Answer::of(person.request(Method::PUT, TOTP).json(body)).await
}

async fn delete(person: &Client, body: &Value) -> Answer {
    Answer::of(person.request(Method::DELETE, TOTP).json(body)).await
}

async fn log_in(server: &Server, code: Option<&str>) -> Answer {
    let mut body = json!({"email": OWNER_EMAIL, "password": OWNER_PASSWORD});
    if let Some(code) = code {
        body["code"] = code.into();
    }
    server.anonymous().post(LOG_IN, &body).await
}

/// Begins to set up a device.
async fn begin(person: &Client) -> (String, Device) {
    let begun = person.post(TOTP, &json!({"current_password": OWNER_PASSWORD})).await.expect(200);
    let device = Device::of(begun["secret"].as_str().expect("a secret"));
    (begun["state"].as_str().expect("a state").to_owned(), device)
}

/// Sets up a device; it, and the recovery codes. The code of the step before the present one is used.
async fn set_up(person: &Client) -> (Device, Vec<String>) {
    within_a_step(10).await;
    let (state, device) = begin(person).await;
    let enabled = put(person, &json!({"state": state, "code": device.shows(-1)})).await.expect(200);
    let codes = enabled["recovery_codes"].as_array().expect("recovery codes").iter();
    (device, codes.map(|code| code.as_str().expect("a code").to_owned()).collect())
}

async fn owner(server: &Server) -> Client {
    server.anonymous().sign_in(OWNER_EMAIL, OWNER_PASSWORD).await
}

#[tokio::test]
async fn a_code_is_asked_for_once_a_device_has_shown_one() {
    let server = hospitable().start().await;
    let owner = owner(&server).await;
    assert_eq!(owner.get(TOTP).await.expect(200), json!({"enabled_at": null, "recovery_codes": 0}));
    let begun = owner.post(TOTP, &json!({"current_password": OWNER_PASSWORD})).await.expect(200);
    let url = begun["url"].as_str().expect("an address");
    assert!(url.starts_with("otpauth://totp/Colloquy:owner%40example.org?"), "{url}");
    // Nothing has changed yet.
    log_in(&server, None).await.expect(200);
    let (device, codes) = set_up(&owner).await;
    assert_eq!(codes.len(), 10);
    let shown = owner.get(TOTP).await.expect(200);
    assert!(shown["enabled_at"].is_string() && shown["recovery_codes"] == 10, "{shown}");
    log_in(&server, None).await.expect_problem(401, "second_factor_required");
    let wrong = json!({"email": OWNER_EMAIL, "password": "wrong password"});
    server.anonymous().post(LOG_IN, &wrong).await.expect_problem(401, "wrong_credentials");
    log_in(&server, Some(&device.shows(0))).await.expect(200);
    let second = owner.post(TOTP, &json!({"current_password": OWNER_PASSWORD})).await;
    second.expect_problem(409, "totp_enabled");
}

#[tokio::test]
async fn a_code_counts_once_and_not_for_long() {
    let server = hospitable().start().await;
    let (device, _) = set_up(&owner(&server).await).await;
    // The one that enabled it was used with that.
    for steps in [-1, -2, 2, 20] {
        let answer = log_in(&server, Some(&device.shows(steps))).await;
        answer.expect_problem(401, "wrong_credentials");
    }
    within_a_step(10).await;
    let code = device.shows(0);
    let spaced = format!("{} {}", &code[..3], &code[3..]);
    log_in(&server, Some(&spaced)).await.expect(200);
    log_in(&server, Some(&code)).await.expect_problem(401, "wrong_credentials");
    // The clock of a device may be a step ahead; then what it showed before no longer counts.
    log_in(&server, Some(&device.shows(1))).await.expect(200);
    log_in(&server, Some(&device.shows(0))).await.expect_problem(401, "wrong_credentials");
    for nonsense in ["000000x", "12345", "１２３４５６", "0", "' OR 1=1"] {
        log_in(&server, Some(nonsense)).await.expect_problem(401, "wrong_credentials");
    }
}

#[tokio::test]
async fn of_many_attempts_with_one_code_one_gets_in() {
    let server = hospitable().start().await;
    let (device, codes) = set_up(&owner(&server).await).await;
    within_a_step(15).await;
    for code in [device.shows(0), codes[0].clone()] {
        let body = json!({"email": OWNER_EMAIL, "password": OWNER_PASSWORD, "code": code});
        let anonymous = server.anonymous();
        let attempts = (0..6).map(|_| anonymous.post(LOG_IN, &body));
        let answers = futures_util::future::join_all(attempts).await;
        let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses[0], 200, "{statuses:?}");
        assert!(statuses[1..].iter().all(|status| matches!(status, 401 | 409)), "{statuses:?}");
    }
}

#[tokio::test]
async fn codes_cannot_be_guessed_at_leisure() {
    let server = Server::builder().env("COLLOQUY_APPLICATION__SIGN_INS_PER_MINUTE", "12").start().await;
    set_up(&owner(&server).await).await;
    let mut statuses = Vec::new();
    for code in 0..20 {
        statuses.push(log_in(&server, Some(&format!("{code:06}"))).await.status);
    }
    assert_eq!(statuses.last(), Some(&429), "{statuses:?}");
}

#[tokio::test]
async fn recovery_codes_take_the_place_of_a_device_once() {
    let server = hospitable().start().await;
    let owner = owner(&server).await;
    let (_, codes) = set_up(&owner).await;
    log_in(&server, Some(&codes[0])).await.expect(200);
    log_in(&server, Some(&codes[0])).await.expect_problem(401, "wrong_credentials");
    let written = codes[1].to_uppercase().replace('-', " ");
    log_in(&server, Some(&written)).await.expect(200);
    assert_eq!(owner.get(TOTP).await.expect(200)["recovery_codes"], 8);
    let body = json!({"current_password": OWNER_PASSWORD, "code": codes[2]});
    let replaced = owner.post(RECOVERY, &body).await.expect(200);
    let fresh = replaced["recovery_codes"][0].as_str().expect("a code");
    log_in(&server, Some(&codes[3])).await.expect_problem(401, "wrong_credentials");
    log_in(&server, Some(fresh)).await.expect(200);
    assert_eq!(owner.get(TOTP).await.expect(200)["recovery_codes"], 9);
}

#[tokio::test]
async fn what_protects_an_account_is_not_taken_away_without_it() {
    let server = hospitable().start().await;
    let owner = owner(&server).await;
    let key = owner.with_new_api_key().await;
    let wrong = json!({"current_password": "wrong password"});
    owner.post(TOTP, &wrong).await.expect_problem(422, "invalid_input");
    owner.post(TOTP, &json!({})).await.expect_problem(422, "invalid_input");
    let body = json!({"current_password": OWNER_PASSWORD});
    key.post(TOTP, &body).await.expect_problem(403, "forbidden");
    key.get(TOTP).await.expect_problem(403, "forbidden");
    let off = json!({"current_password": OWNER_PASSWORD, "code": "123456"});
    delete(&owner, &off).await.expect_problem(409, "totp_not_enabled");
    owner.post(RECOVERY, &off).await.expect_problem(409, "totp_not_enabled");
    let (_, codes) = set_up(&owner).await;
    for (password, code) in [(OWNER_PASSWORD, "000000"), ("wrong password", &codes[0]), (OWNER_PASSWORD, "")]
    {
        let body = json!({"current_password": password, "code": code});
        delete(&owner, &body).await.expect_problem(422, "invalid_input");
        owner.post(RECOVERY, &body).await.expect_problem(422, "invalid_input");
    }
    log_in(&server, None).await.expect_problem(401, "second_factor_required");
    delete(&owner, &json!({"current_password": OWNER_PASSWORD, "code": codes[0]})).await.expect(204);
    log_in(&server, None).await.expect(200);
    assert_eq!(owner.get(TOTP).await.expect(200), json!({"enabled_at": null, "recovery_codes": 0}));
}

#[tokio::test]
async fn a_device_is_set_up_by_whoever_began() {
    let server = hospitable().start().await;
    let owner = owner(&server).await;
    server.member("ada").await;
    let ada = server.anonymous().sign_in("ada@example.org", OWNER_PASSWORD).await;
    within_a_step(10).await;
    let (state, device) = begin(&ada).await;
    let of_ada = json!({"state": state, "code": device.shows(0)});
    put(&owner, &of_ada).await.expect_problem(422, "invalid_input");
    let mut changed = state.clone().into_bytes();
    changed[40] = if changed[40] == b'A' { b'B' } else { b'A' };
    for state in [String::from_utf8(changed).expect("text"), state[..60].to_owned(), "AAAA".to_owned()] {
        let body = json!({"state": state, "code": device.shows(0)});
        put(&ada, &body).await.expect_problem(422, "invalid_input");
    }
    put(&ada, &json!({"state": state, "code": device.shows(3)})).await.expect_problem(422, "invalid_input");
    put(&ada, &of_ada).await.expect(200);
    put(&ada, &of_ada).await.expect_problem(409, "totp_enabled");
}

#[tokio::test]
async fn an_administrator_removes_what_somebody_has_lost() {
    let sink = MailSink::start().await;
    let server = hospitable().mail(&sink).start().await;
    let owner = owner(&server).await;
    let (admin, member) = (account(&server, "admin").await, account(&server, "member").await);
    for person in [&owner, &member] {
        set_up(person).await;
    }
    let mut paths = Vec::new();
    for person in [&owner, &admin, &member] {
        let me = person.get("/api/v1/me").await.expect(200);
        paths.push(format!("/api/v1/users/{}/second-factors", id(&me)));
    }
    let [of_owner, of_admin, of_member] = paths.as_slice() else { unreachable!("three people") };
    member.delete(of_admin).await.expect_problem(403, "forbidden");
    admin.delete(of_owner).await.expect_problem(403, "forbidden");
    admin.delete(of_admin).await.expect_problem(409, "yourself");
    admin.delete(&format!("/api/v1/users/{NOTHING}/second-factors")).await.expect_problem(404, "not_found");
    let member_id = member.get("/api/v1/me").await.expect(200)["id"].clone();

    admin.delete(of_member).await.expect(204);
    member.get(TOTP).await.expect_problem(401, "unauthenticated");
    let back = server.anonymous().sign_in("member@example.org", OWNER_PASSWORD).await;
    assert_eq!(back.get(TOTP).await.expect(200), json!({"enabled_at": null, "recovery_codes": 0}));
    let mail = sink.nth_to("member@example.org", 1).await;
    assert!(mail.text.contains("An administrator removed"), "{}", mail.text);
    let entries = owner.get("/api/v1/audit?name=totp.disabled").await.expect(200);
    let entry = &entries["items"][0];
    let admin_id = admin.get("/api/v1/me").await.expect(200)["id"].clone();
    assert_eq!((&entry["actor_id"], &entry["user_id"]), (&admin_id, &member_id), "{entry}");
    // There is nothing left to remove, so nobody is signed out for it.
    admin.delete(of_member).await.expect(204);
    back.get(TOTP).await.expect(200);
    // For the owner the operator does it, where the database is.
    log_in(&server, None).await.expect_problem(401, "second_factor_required");
    let stopped = server.terminate().await;
    let mut command = hospitable().command(stopped.folder());
    let done =
        command.args(["user", "reset-second-factors", OWNER_EMAIL]).output().await.expect("the program");
    assert!(done.status.success(), "{done:?}");
    log_in(&stopped.start().await, None).await.expect(200);
}

#[tokio::test]
async fn secrets_stand_nowhere_as_they_are() {
    let server = hospitable().start().await;
    let owner = owner(&server).await;
    let (device, codes) = set_up(&owner).await;
    let base32 = device.0.secret().to_base32();
    log_in(&server, Some(&codes[0])).await.expect(200);
    // A repetition gets the same codes; what is kept for it cannot be read.
    let body = json!({"current_password": OWNER_PASSWORD, "code": codes[1]});
    let replaced = owner.post_once("once", RECOVERY, &body).await.expect(200);
    assert_eq!(owner.post_once("once", RECOVERY, &body).await.expect(200), replaced);
    let fresh = replaced["recovery_codes"][0].as_str().expect("a code");
    let told = format!("{}{}", server.log(), server.printed());
    for secret in [base32.as_str(), &codes[0], &codes[1], fresh] {
        assert!(!told.contains(secret), "the log holds {secret}");
    }
    let data = server.folder().join("data");
    let files = std::fs::read_dir(data).into_iter().flatten().flatten();
    for file in files.filter(|file| file.path().is_file()) {
        let bytes = std::fs::read(file.path()).expect("a file of the database");
        for secret in [device.0.secret().as_bytes(), base32.as_bytes(), codes[1].as_bytes(), fresh.as_bytes()]
        {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret), "{:?}", file.path());
        }
    }
}
