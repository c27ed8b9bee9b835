//! Sessions: where somebody is signed in, and how that ends.

use std::net::{IpAddr, Ipv4Addr};

use reqwest::Method;
use serde_json::{Value, json};
use testing::upstream::{Script, Upstream};

use super::{NOTHING, account, hospitable, id, key_with};
use crate::harness::{Answer, Client, OWNER_EMAIL, OWNER_PASSWORD, Server, eventually};

const SESSIONS: &str = "/api/v1/me/sessions";
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0";

/// Signs in with a browser of this name.
async fn browser(server: &Server, user_agent: &str) -> Client {
    let body = json!({ "email": OWNER_EMAIL, "password": OWNER_PASSWORD });
    let request = server.anonymous().request(Method::POST, "/api/v1/auth/login");
    let answer = Answer::of(request.header("user-agent", user_agent).json(&body)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    server.anonymous().with_session(&answer)
}

async fn listed(person: &Client) -> Vec<Value> {
    person.get(SESSIONS).await.expect(200)["items"].as_array().expect("a list").clone()
}

async fn current(person: &Client) -> Value {
    let sessions = listed(person).await;
    sessions.into_iter().find(|session| session["current"] == true).expect("the one that asks")
}

#[tokio::test]
async fn people_see_where_they_are_signed_in_and_sign_out_there() {
    let upstream = Upstream::start().await;
    upstream.script("m", Script::tokens(["one ", "two ", "three"]).gated());
    let server = hospitable().provider("mock", &upstream, "m").start().await;
    let (home, away) = (browser(&server, FIREFOX).await, browser(&server, "<script>alert(1)</script>").await);
    let (ours, theirs) = (current(&home).await, current(&away).await);
    assert_eq!((&ours["device"], &ours["kind"]), (&json!("Firefox on Linux"), &json!("browser")));
    assert_eq!((&ours["address"], &theirs["device"]), (&json!("127.0.0.1"), &Value::Null));
    assert_ne!(id(&ours), id(&theirs));
    let text = format!("{:?}", listed(&home).await);
    for secret in ["token", "hash", "script"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }

    let conversation = away.conversation_with(&json!({ "model": "mock/m", "title": "Fixed" })).await;
    let exchange = away.send(&conversation, "Tell me").await;
    let mut socket = away.socket().await;
    socket.subscribe(&format!("run:{}", id(&exchange["run"])), None).await;
    let stream = away.events(&format!("/api/v1/runs/{}/events", id(&exchange["run"])), None).await;
    assert_eq!(stream.status, 200);
    upstream.release(1);

    let path = format!("{SESSIONS}/{}", id(&theirs));
    home.delete(&path).await.expect(204);
    away.get("/api/v1/me").await.expect_problem(401, "unauthenticated");
    assert_eq!(socket.closed().await, 4401);
    stream.rest().await;
    upstream.release(10);
    let answer = home.finished(id(&exchange["reply"])).await;
    assert_eq!(
        (&answer["status"], &answer["parts"][0]["text"]),
        (&json!("complete"), &json!("one two three"))
    );

    let gone = home.delete(&path).await;
    let unknown = home.delete(&format!("{SESSIONS}/{NOTHING}")).await;
    assert_eq!(gone.appearance(&[id(&theirs)]), unknown.appearance(&[NOTHING]));
    gone.expect_problem(404, "not_found");
    home.get("/api/v1/me").await.expect(200);
}

#[tokio::test]
async fn signing_out_everywhere_else_leaves_the_one_that_asks() {
    let server = hospitable().start().await;
    let (home, away) = (browser(&server, FIREFOX).await, browser(&server, FIREFOX).await);
    let program = server
        .anonymous()
        .post("/api/v1/auth/token", &json!({ "email": OWNER_EMAIL, "password": OWNER_PASSWORD }))
        .await
        .expect(200);
    let key = home.with_new_api_key().await;
    let program = Client::new(server.address(), program["access_token"].as_str().map(str::to_owned));
    let (mut spared, mut closed, mut ended) =
        (home.socket().await, away.socket().await, program.socket().await);
    home.delete(SESSIONS).await.expect(204);
    assert_eq!((closed.closed().await, ended.closed().await), (4401, 4401));
    for gone in [&away, &program] {
        gone.get("/api/v1/me").await.expect_problem(401, "unauthenticated");
    }
    assert_eq!(spared.command("conversation.create", json!({})).await["type"], "result");
    assert_eq!(listed(&home).await.len(), 1);
    key.get("/api/v1/me").await.expect(200);
}

#[tokio::test]
async fn a_key_and_a_stranger_see_and_end_no_sessions() {
    let server = hospitable().start().await;
    let (bob, carol) = (account(&server, "member").await, account(&server, "viewer").await);
    let theirs = current(&bob).await;
    let path = format!("{SESSIONS}/{}", id(&theirs));
    let owner = server.owner().await;
    for method in [Method::GET, Method::DELETE] {
        Answer::of(owner.request(method, SESSIONS)).await.expect_problem(403, "forbidden");
    }
    let (key, _) = key_with(&bob, &["read", "write"]).await;
    key.delete(&path).await.expect_problem(403, "forbidden");
    let elsewhere = carol.delete(&path).await;
    let unknown = carol.delete(&format!("{SESSIONS}/{NOTHING}")).await;
    assert_eq!(elsewhere.appearance(&[id(&theirs)]), unknown.appearance(&[NOTHING]));
    elsewhere.expect_problem(404, "not_found");
    assert!(listed(&carol).await.iter().all(|session| id(session) != id(&theirs)));
    bob.get("/api/v1/me").await.expect(200);
}

#[tokio::test]
async fn every_sign_in_has_a_session_of_its_own_whatever_was_presented() {
    let server = hospitable().start().await;
    let body = json!({ "email": OWNER_EMAIL, "password": OWNER_PASSWORD });
    let chosen = "A".repeat(43);
    let mut cookies = Vec::new();
    for cookie in [String::new(), format!("colloquy={chosen}"), String::new()] {
        let before = cookies.last().cloned().unwrap_or(cookie);
        let request = server.anonymous().request(Method::POST, "/api/v1/auth/login").header("cookie", before);
        let answer = Answer::of(request.json(&body)).await;
        let set = answer.header("set-cookie").to_owned();
        for flag in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age="] {
            assert!(set.contains(flag), "{flag} in {set}");
        }
        assert!(!set.contains("Domain"), "{set}");
        cookies.push(set.split(';').next().expect("a cookie").to_owned());
    }
    assert!(!cookies.iter().any(|cookie| cookie.contains(&chosen)));
    cookies.sort();
    cookies.dedup();
    assert_eq!(cookies.len(), 3);
}

#[tokio::test]
async fn the_place_of_last_use_is_written_down_in_a_while() {
    let server = hospitable().env("COLLOQUY_APPLICATION__LAST_USE_MS", "300").start().await;
    let home = browser(&server, FIREFOX).await;
    let key = home.with_new_api_key().await;
    let before = current(&home).await;
    let elsewhere = IpAddr::V4(Ipv4Addr::new(127, 0, 3, 7));
    let moved = Client::from_elsewhere(server.address(), elsewhere);
    for person in [&home, &key] {
        let mut request = moved.request(Method::GET, "/api/v1/conversations");
        for (name, value) in person.header_pairs() {
            request = request.header(name, value);
        }
        assert_eq!(Answer::of(request).await.status, 200);
    }
    let aside = browser(&server, FIREFOX).await;
    eventually("the place of last use", || async {
        let sessions = listed(&aside).await;
        let after = sessions.iter().find(|session| id(session) == id(&before)).expect("the session");
        let is_later = after["last_used_at"].as_str() > before["last_used_at"].as_str();
        (is_later && after["address"] == json!(elsewhere)).then_some(())
    })
    .await;
    let keys = aside.get("/api/v1/api-keys").await.expect(200);
    assert!(keys["items"][0]["last_used_at"].is_string(), "{keys}");
}

#[tokio::test]
async fn only_a_workspace_of_ones_own_can_be_looked_at() {
    let server = hospitable().start().await;
    let home = browser(&server, FIREFOX).await;
    let me = home.get("/api/v1/me").await.expect(200);
    let switch = async |person: &Client, workspace: &str| {
        person.post("/api/v1/me/workspace", &json!({ "workspace_id": workspace })).await
    };
    switch(&home, NOTHING).await.expect_problem(404, "not_found");
    let own = me["workspace_id"].as_str().expect("an id");
    assert_eq!(switch(&home, own).await.expect(200)["role"], "owner");
    switch(&home.with_new_api_key().await, own).await.expect_problem(403, "forbidden");
}
