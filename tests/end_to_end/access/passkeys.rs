//! Passkeys, on devices made of software.

use passkey::authenticator::{Authenticator, UiHint, UserCheck, UserValidationMethod};
use passkey::client::{Client as Agent, DefaultClientData};
use passkey::crypto::rust_crypto::RustCryptoBackend;
use passkey::types::Passkey;
use passkey::types::ctap2::{Aaguid, Ctap2Error};
use passkey::types::webauthn::{CredentialCreationOptions, CredentialRequestOptions};
use reqwest::{Method, Url};
use serde_json::{Value, json};

use super::{account, hospitable, id};
use crate::harness::{Answer, Client, OWNER_EMAIL, OWNER_PASSWORD, Server};

const SITE: &str = "https://chat.example.org";
const PASSKEYS: &str = "/api/v1/me/passkeys";
const CHALLENGE: &str = "/api/v1/auth/passkey/challenge";
const LOG_IN: &str = "/api/v1/auth/passkey/login";

/// A device that holds one passkey, in the browser of somebody.
#[derive(Clone)]
struct Device {
    passkey: Option<Passkey>,
    /// Whether it makes sure that it is the right person who holds it.
    verifies: bool,
    /// The page on which the browser is.
    site: &'static str,
}

struct Holder {
    verifies: bool,
}

#[async_trait::async_trait]
impl UserValidationMethod for Holder {
    type PasskeyItem = Passkey;

    async fn check_user<'a>(
        &self,
        _: UiHint<'a, Passkey>,
        _: bool,
        _: bool,
    ) -> Result<UserCheck, Ctap2Error> {
        Ok(UserCheck { presence: true, verification: self.verifies })
    }

    fn is_verification_enabled(&self) -> Option<bool> {
        self.verifies.then_some(true)
    }

    fn is_presence_enabled(&self) -> bool {
        true
    }
}

impl Device {
    const fn new() -> Self {
        Self { passkey: None, verifies: true, site: SITE }
    }

    /// Makes a passkey; what the browser gives.
    async fn make(&mut self, options: &Value) -> Value {
        let mut authenticator = self.authenticator();
        authenticator.set_make_credentials_with_signature_counter(true);
        let mut agent = Agent::new(authenticator);
        let asked: CredentialCreationOptions =
            serde_json::from_value(json!({"publicKey": options})).expect("options of the standard");
        let made = agent.register(&self.origin(), asked, DefaultClientData).await.expect("a passkey");
        self.passkey.clone_from(agent.authenticator().store());
        serde_json::to_value(made).expect("JSON")
    }

    /// Answers a challenge; what the browser gives.
    async fn sign(&mut self, options: &Value) -> Value {
        let mut agent = Agent::new(self.authenticator());
        let asked: CredentialRequestOptions =
            serde_json::from_value(json!({"publicKey": options})).expect("options of the standard");
        let signed = agent.authenticate(&self.origin(), asked, DefaultClientData).await.expect("a signature");
        self.passkey.clone_from(agent.authenticator().store());
        serde_json::to_value(signed).expect("JSON")
    }

    fn authenticator(&self) -> Authenticator<Option<Passkey>, Holder, RustCryptoBackend> {
        let holder = Holder { verifies: self.verifies };
        Authenticator::new(Aaguid::new_empty(), self.passkey.clone(), holder, RustCryptoBackend)
    }

    fn origin(&self) -> Url {
        Url::parse(self.site).expect("an address")
    }
}

async fn start() -> Server {
    hospitable().env("COLLOQUY_SERVER__PUBLIC_URL", SITE).start().await
}

/// The options that a browser gets, and what has to be given back with the answer.
fn parts(challenge: &Value) -> (Value, Value) {
    (challenge["options"].clone(), challenge["state"].clone())
}

async fn begin(person: &Client) -> (Value, Value) {
    let body = json!({"current_password": OWNER_PASSWORD});
    parts(&person.post(&format!("{PASSKEYS}/challenge"), &body).await.expect(200))
}

async fn challenge(server: &Server) -> (Value, Value) {
    parts(&server.anonymous().post(CHALLENGE, &json!({})).await.expect(200))
}

/// Adds a passkey to somebody's account.
async fn add(person: &Client, device: &mut Device, name: &str) -> Value {
    let (options, state) = begin(person).await;
    let body = json!({"state": state, "name": name, "credential": device.make(&options).await});
    person.post(PASSKEYS, &body).await.expect(201)
}

async fn sign_in(server: &Server, device: &mut Device) -> Answer {
    let (options, state) = challenge(server).await;
    let body = json!({"state": state, "credential": device.sign(&options).await});
    server.anonymous().post(LOG_IN, &body).await
}

async fn owner(server: &Server) -> Client {
    server.anonymous().sign_in(OWNER_EMAIL, OWNER_PASSWORD).await
}

#[tokio::test]
async fn a_passkey_takes_the_place_of_everything_else() {
    let server = start().await;
    let owner = owner(&server).await;
    assert_eq!(server.anonymous().get("/api/v1/auth/options").await.expect(200)["passkeys"], true);
    let mut device = Device::new();
    let added = add(&owner, &mut device, "Phone").await;
    assert_eq!((&added["name"], &added["last_used_at"]), (&json!("Phone"), &Value::Null));
    for _ in 0..2 {
        let answer = sign_in(&server, &mut device).await;
        assert!(answer.header("set-cookie").contains("HttpOnly"), "{answer:?}");
        let signed_in = server.anonymous().with_session(&answer);
        assert_eq!(signed_in.get("/api/v1/me").await.expect(200)["email"], OWNER_EMAIL);
    }
    let listed = owner.get(PASSKEYS).await.expect(200)["items"][0].clone();
    assert!(listed["last_used_at"].is_string(), "{listed}");
}

#[tokio::test]
async fn an_administrator_removes_the_passkeys_of_a_lost_device() {
    let server = start().await;
    let (owner, member) = (owner(&server).await, account(&server, "member").await);
    let mut device = Device::new();
    add(&member, &mut device, "Phone").await;
    let signed_in = server.anonymous().with_session(&sign_in(&server, &mut device).await);
    let member_id = id(&member.get("/api/v1/me").await.expect(200)).to_owned();
    owner.delete(&format!("/api/v1/users/{member_id}/second-factors")).await.expect(204);
    signed_in.get("/api/v1/me").await.expect_problem(401, "unauthenticated");
    sign_in(&server, &mut device).await.expect_problem(401, "wrong_passkey");
    let back = server.anonymous().sign_in("member@example.org", OWNER_PASSWORD).await;
    assert_eq!(back.get(PASSKEYS).await.expect(200)["items"], json!([]));
}

#[tokio::test]
async fn an_answer_counts_once_and_for_its_challenge() {
    let server = start().await;
    let owner = owner(&server).await;
    let mut device = Device::new();
    let (options, state) = begin(&owner).await;
    let credential = device.make(&options).await;
    let body = json!({"state": state, "name": "Phone", "credential": credential});
    let (_, other) = begin(&owner).await;
    let crossed = json!({"state": other, "name": "Phone", "credential": credential});
    owner.post(PASSKEYS, &crossed).await.expect_problem(422, "invalid_input");
    owner.post(PASSKEYS, &body).await.expect(201);
    owner.post(PASSKEYS, &body).await.expect_problem(422, "invalid_input");
    let anonymous = server.anonymous();
    let (options, state) = challenge(&server).await;
    let signed = device.sign(&options).await;
    let (_, other) = challenge(&server).await;
    let crossed = json!({"state": other, "credential": signed});
    anonymous.post(LOG_IN, &crossed).await.expect_problem(401, "wrong_passkey");
    // A challenge is used up by a wrong answer too.
    let later = json!({"state": other, "credential": device.sign(&options).await});
    anonymous.post(LOG_IN, &later).await.expect_problem(401, "wrong_passkey");
    let body = json!({"state": state, "credential": signed});
    let at_once = futures_util::future::join_all((0..6).map(|_| anonymous.post(LOG_IN, &body))).await;
    let mut statuses: Vec<u16> = at_once.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401, 401, 401, 401, 401]);
    anonymous.post(LOG_IN, &body).await.expect_problem(401, "wrong_passkey");
    let made_up = json!({"state": "AAAA", "credential": signed});
    anonymous.post(LOG_IN, &made_up).await.expect_problem(401, "wrong_passkey");
}

#[tokio::test]
async fn the_page_of_somebody_else_gets_nothing_that_counts() {
    let server = start().await;
    let owner = owner(&server).await;
    // A page that only looks like ours has the browser make a passkey for itself.
    let mut deceived = Device { site: "https://chat.example.com", ..Device::new() };
    let (mut options, state) = begin(&owner).await;
    options["rp"]["id"] = "chat.example.com".into();
    let body = json!({"state": state, "name": "Phone", "credential": deceived.make(&options).await});
    owner.post(PASSKEYS, &body).await.expect_problem(422, "invalid_input");
    let mut device = Device::new();
    add(&owner, &mut device, "Phone").await;
    let (mut options, state) = challenge(&server).await;
    options["rpId"] = "chat.example.com".into();
    let body = json!({"state": state, "credential": deceived.sign(&options).await});
    server.anonymous().post(LOG_IN, &body).await.expect_problem(401, "wrong_passkey");
    // Another page of the same domain is no page of ours either.
    let mut neighbour = Device { site: "https://evil.chat.example.org", ..device.clone() };
    sign_in(&server, &mut neighbour).await.expect_problem(401, "wrong_passkey");
    sign_in(&server, &mut device).await.expect(200);
}

#[tokio::test]
async fn the_device_has_to_know_who_holds_it() {
    let server = start().await;
    let owner = owner(&server).await;
    let mut device = Device { verifies: false, ..Device::new() };
    let (mut options, state) = begin(&owner).await;
    options["authenticatorSelection"]["userVerification"] = "discouraged".into();
    let body = json!({"state": state, "name": "Phone", "credential": device.make(&options).await});
    owner.post(PASSKEYS, &body).await.expect_problem(422, "invalid_input");
    let mut device = Device::new();
    add(&owner, &mut device, "Phone").await;
    device.verifies = false;
    let (mut options, state) = challenge(&server).await;
    options["userVerification"] = "discouraged".into();
    let body = json!({"state": state, "credential": device.sign(&options).await});
    server.anonymous().post(LOG_IN, &body).await.expect_problem(401, "wrong_passkey");
}

#[tokio::test]
async fn a_copied_device_is_noticed() {
    let server = start().await;
    let owner = owner(&server).await;
    let mut device = Device::new();
    add(&owner, &mut device, "Phone").await;
    let mut copy = device.clone();
    for _ in 0..2 {
        sign_in(&server, &mut device).await.expect(200);
    }
    sign_in(&server, &mut copy).await.expect_problem(401, "wrong_passkey");
}

#[tokio::test]
async fn signatures_of_others_do_not_count() {
    let server = start().await;
    let owner = owner(&server).await;
    let ada = account(&server, "member").await;
    let (mut of_owner, mut of_ada) = (Device::new(), Device::new());
    add(&owner, &mut of_owner, "Phone").await;
    add(&ada, &mut of_ada, "Phone").await;
    let anonymous = server.anonymous();
    let change = async |change: fn(&mut Value, &Value)| {
        let (options, state) = challenge(&server).await;
        let signed = of_owner.clone().sign(&options).await;
        let mut changed = of_ada.clone().sign(&options).await;
        change(&mut changed, &signed);
        let body = json!({"state": state, "credential": changed});
        anonymous.post(LOG_IN, &body).await.expect_problem(401, "wrong_passkey");
    };
    // One's own signature under the name of somebody else's passkey, and for somebody else.
    change(|mine, theirs| mine["rawId"] = theirs["rawId"].clone()).await;
    change(|mine, theirs| mine["response"]["userHandle"] = theirs["response"]["userHandle"].clone()).await;
    change(|mine, _| mine["response"]["userHandle"] = Value::Null).await;
    change(|mine, theirs| mine["response"]["signature"] = theirs["response"]["signature"].clone()).await;
    change(|mine, _| mine["response"]["signature"] = "".into()).await;
    change(|mine, _| mine["rawId"] = "AAAA".into()).await;
    change(|mine, _| mine["rawId"] = "not base64!".into()).await;
    let (_, state) = challenge(&server).await;
    for nonsense in [json!({}), json!({"rawId": 1}), json!({"rawId": "AAAA", "response": {}})] {
        let body = json!({"state": state, "credential": nonsense});
        anonymous.post(LOG_IN, &body).await.expect_problem(422, "invalid_input");
    }
}

#[tokio::test]
async fn passkeys_are_added_named_and_removed_by_their_person() {
    let server = start().await;
    let owner = owner(&server).await;
    let key = owner.with_new_api_key().await;
    key.get(PASSKEYS).await.expect_problem(403, "forbidden");
    let wrong = json!({"current_password": "wrong password"});
    owner.post(&format!("{PASSKEYS}/challenge"), &wrong).await.expect_problem(422, "invalid_input");
    let ada = account(&server, "member").await;
    let mut device = Device::new();
    // What one person began is not for another.
    let (options, state) = begin(&owner).await;
    let body = json!({"state": state, "name": "Phone", "credential": device.make(&options).await});
    ada.post(PASSKEYS, &body).await.expect_problem(422, "invalid_input");
    let passkey = owner.post(PASSKEYS, &body).await.expect(201);
    let path = format!("{PASSKEYS}/{}", id(&passkey));
    let rename = async |person: &Client, body: Value| {
        Answer::of(person.request(Method::PATCH, &path).json(&body)).await
    };
    rename(&ada, json!({"name": "Mine"})).await.expect_problem(404, "not_found");
    rename(&owner, json!({"name": "a\nb"})).await.expect_problem(422, "invalid_input");
    rename(&owner, json!({"name": "Key ring"})).await.expect(200);
    assert_eq!(owner.get(PASSKEYS).await.expect(200)["items"][0]["name"], "Key ring");
    let delete = async |person: &Client, body: Value| {
        Answer::of(person.request(Method::DELETE, &path).json(&body)).await
    };
    let body = json!({"current_password": OWNER_PASSWORD});
    delete(&ada, body.clone()).await.expect_problem(404, "not_found");
    delete(&owner, wrong).await.expect_problem(422, "invalid_input");
    sign_in(&server, &mut device).await.expect(200);
    delete(&owner, body).await.expect(204);
    sign_in(&server, &mut device).await.expect_problem(401, "wrong_passkey");
    assert_eq!(owner.get(PASSKEYS).await.expect(200)["items"], json!([]));
}

#[tokio::test]
async fn who_is_suspended_does_not_get_in() {
    let server = start().await;
    let ada = account(&server, "member").await;
    let mut device = Device::new();
    add(&ada, &mut device, "Phone").await;
    let me = ada.get("/api/v1/me").await.expect(200);
    let owner = server.owner().await;
    let suspend = owner.request(Method::PATCH, &format!("/api/v1/users/{}", id(&me)));
    Answer::of(suspend.json(&json!({"state": "suspended"}))).await.expect(200);
    sign_in(&server, &mut device).await.expect_problem(401, "wrong_passkey");
}

#[tokio::test]
async fn a_server_that_is_called_by_a_number_has_none() {
    let server = hospitable().start().await;
    assert_eq!(server.anonymous().get("/api/v1/auth/options").await.expect(200)["passkeys"], false);
    let answer = server.anonymous().post(CHALLENGE, &json!({})).await;
    answer.expect_problem(409, "passkeys_impossible");
    let body = json!({"current_password": OWNER_PASSWORD});
    let answer = owner(&server).await.post(&format!("{PASSKEYS}/challenge"), &body).await;
    answer.expect_problem(409, "passkeys_impossible");
}
