//! Sessions on several nodes: what ends on one ends on all, and two may renew one session at once.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use testing::upstream::{Script, Upstream};
use tokio::time::Instant;

use super::{SLACK, id, nodes, words};
use crate::harness::{Answer, Client, Cluster, OWNER_EMAIL, OWNER_PASSWORD, TOKENS, eventually};

/// The contract.
const FELT_IN: Duration = Duration::from_secs(5);

/// Signs a program in at a node.
async fn program(cluster: &Cluster, node: usize) -> (Client, Value) {
    let body = json!({ "email": OWNER_EMAIL, "password": OWNER_PASSWORD });
    let server = cluster.node(node);
    let tokens = server.anonymous().post("/api/v1/auth/token", &body).await.expect(200);
    (Client::new(server.address(), tokens["access_token"].as_str().map(str::to_owned)), tokens)
}

/// Begins an answer at the second node, revokes the session that watches it at the first, and gives how long that took
/// to be felt.
async fn felt_after(cluster: &Cluster, upstream: &Upstream, watching: &Client, session_id: &str) -> Duration {
    let owner = cluster.owner().await;
    let browser = cluster.node(0).anonymous().sign_in(OWNER_EMAIL, OWNER_PASSWORD).await;
    let conversation = watching.conversation_with(&json!({ "model": "mock/m", "title": "Fixed" })).await;
    let exchange = watching.send(&conversation, "Tell me").await;
    let channel = format!("run:{}", id(&exchange["run"]));
    let mut socket = watching.socket().await;
    socket.subscribe(&channel, None).await;
    let stream = watching.events(&format!("/api/v1/runs/{}/events", id(&exchange["run"])), None).await;
    let journal = watching.events("/api/v1/events", None).await;
    assert_eq!((stream.status, journal.status), (200, 200));
    upstream.release(1);

    let since = Instant::now();
    browser.delete(&format!("/api/v1/me/sessions/{session_id}")).await.expect(204);
    let (code, _, _) = tokio::join!(socket.closed(), stream.rest(), journal.rest());
    assert_eq!(code, 4401);
    eventually("the end of the session", || async {
        (watching.get("/api/v1/me").await.status == 401).then_some(())
    })
    .await;
    let felt = since.elapsed();
    upstream.release(100);
    let answer = owner.finished(id(&exchange["reply"])).await;
    assert_eq!((words(&answer), &answer["status"]), (TOKENS.concat().as_str(), &json!("complete")));
    felt
}

async fn current(person: &Client) -> String {
    let listed = person.get("/api/v1/me/sessions").await.expect(200);
    let mut sessions = listed["items"].as_array().expect("a list").iter();
    id(sessions.find(|session| session["current"] == true).expect("the one that asks")).to_owned()
}

#[tokio::test]
async fn a_session_that_is_revoked_on_one_node_ends_on_the_other_and_its_answer_is_kept() {
    let upstream = Upstream::start().await;
    upstream.script("m", Script::tokens(TOKENS).gated());
    let cluster = Cluster::of(nodes(&upstream)).start().await;
    let browser = cluster.node(1).anonymous().sign_in(OWNER_EMAIL, OWNER_PASSWORD).await;
    let (program, tokens) = program(&cluster, 1).await;
    for watching in [&browser, &program] {
        let session_id = current(watching).await;
        let felt = felt_after(&cluster, &upstream, watching, &session_id).await;
        assert!(felt < FELT_IN + SLACK, "{felt:?}");
    }
    for node in [0, 1] {
        let refused = json!({ "refresh_token": tokens["refresh_token"] });
        let answer = cluster.node(node).anonymous().post("/api/v1/auth/refresh", &refused).await;
        answer.expect_problem(401, "invalid_refresh_token");
    }
}

#[tokio::test]
async fn two_tabs_that_refresh_at_once_on_two_nodes_both_survive() {
    let upstream = Upstream::start().await;
    let cluster = Cluster::of(nodes(&upstream)).start().await;
    for _ in 0..5 {
        let (_, tokens) = program(&cluster, 0).await;
        let body = json!({ "refresh_token": tokens["refresh_token"] });
        let renew = async |node: usize| {
            cluster.node(node).anonymous().post("/api/v1/auth/refresh", &body).await.expect(200)
        };
        let (a, b, c, d) = tokio::join!(renew(0), renew(1), renew(0), renew(1));
        for next in [&a, &b, &c, &d] {
            assert_eq!(next["refresh_token"], a["refresh_token"]);
            for node in [0, 1] {
                let token = next["access_token"].as_str().map(str::to_owned);
                Client::new(cluster.node(node).address(), token).get("/api/v1/me").await.expect(200);
            }
        }
    }
}

#[tokio::test]
async fn a_session_that_looks_at_another_workspace_does_so_on_both_nodes() {
    let upstream = Upstream::start().await;
    let cluster = Cluster::of(nodes(&upstream)).start().await;
    let here = cluster.node(0).anonymous().sign_in(OWNER_EMAIL, OWNER_PASSWORD).await;
    let made = here.post("/api/v1/workspaces", &json!({ "name": "Second" })).await.expect(201);
    // The cookie is of one server; the other node is the same server under another port.
    let there = here.at(cluster.node(1).address());
    let mut socket = there.socket().await;
    let since = Instant::now();
    here.post("/api/v1/me/workspace", &json!({ "workspace_id": id(&made) })).await.expect(200);
    assert_eq!(socket.closed().await, 4401);
    assert!(since.elapsed() < FELT_IN + SLACK, "{:?}", since.elapsed());
    for person in [&here, &there] {
        eventually("the other workspace", || async {
            let me = person.get("/api/v1/me").await.expect(200);
            (me["workspace_id"] == made["id"]).then_some(())
        })
        .await;
    }
}

/// A member with a session at the second node, and the same person with a key.
async fn member(cluster: &Cluster, owner: &Client, name: &str) -> (Client, Client) {
    let email = format!("{name}@example.org");
    let body = json!({ "email": email, "display_name": name, "role": "member", "password": OWNER_PASSWORD });
    owner.in_browser().post("/api/v1/users", &body).await.expect(201);
    let browser = cluster.node(1).anonymous().sign_in(&email, OWNER_PASSWORD).await;
    let key = browser.with_new_api_key().await;
    (browser, key)
}

#[tokio::test]
async fn whoever_loses_their_authority_on_one_node_has_lost_it_on_the_other() {
    let upstream = Upstream::start().await;
    let cluster = Cluster::of(nodes(&upstream)).start().await;
    let owner = cluster.owner().await;
    for (way, method, change) in [
        ("suspended", Method::PATCH, json!({ "state": "suspended" })),
        ("demoted", Method::PATCH, json!({ "role": "viewer" })),
        ("deleted", Method::DELETE, json!({})),
    ] {
        let (browser, key) = member(&cluster, &owner, way).await;
        let me = browser.get("/api/v1/me").await.expect(200);
        let (mut by_cookie, mut by_key) = (browser.socket().await, key.socket().await);
        let journal = browser.events("/api/v1/events", None).await;
        let since = Instant::now();
        let request = owner.request(method, &format!("/api/v1/users/{}", id(&me))).json(&change);
        let answer = Answer::of(request).await;
        assert!([200, 204].contains(&answer.status), "{way}: {answer:?}");
        let closed = tokio::join!(by_cookie.closed(), by_key.closed(), journal.rest());
        assert_eq!((closed.0, closed.1), (4401, 4401), "{way}");
        for person in [&browser, &key] {
            eventually("the loss of authority", || async {
                let me = person.get("/api/v1/me").await;
                let is_felt = if way == "demoted" { me.json()["role"] == "viewer" } else { me.status == 401 };
                is_felt.then_some(())
            })
            .await;
        }
        assert!(since.elapsed() < FELT_IN + SLACK, "{way}: {:?}", since.elapsed());
    }
}

#[tokio::test]
async fn a_password_that_is_changed_on_one_node_ends_the_other_sessions_on_both() {
    let upstream = Upstream::start().await;
    let cluster = Cluster::of(nodes(&upstream)).start().await;
    let owner = cluster.owner().await;
    let (there, key) = member(&cluster, &owner, "ada").await;
    let here = cluster.node(0).anonymous().sign_in("ada@example.org", OWNER_PASSWORD).await;
    let (mut ends, mut stays, mut by_key) = (there.socket().await, here.socket().await, key.socket().await);
    let since = Instant::now();
    let change = json!({ "current_password": OWNER_PASSWORD, "password": "another horse, another battery" });
    here.post("/api/v1/me/password", &change).await.expect(204);
    assert_eq!(ends.closed().await, 4401);
    assert!(since.elapsed() < FELT_IN + SLACK, "{:?}", since.elapsed());
    eventually("the end of the other session", || async {
        (there.get("/api/v1/me").await.status == 401).then_some(())
    })
    .await;
    for socket in [&mut stays, &mut by_key] {
        assert_eq!(socket.command("conversation.create", json!({})).await["type"], "result");
    }
}
