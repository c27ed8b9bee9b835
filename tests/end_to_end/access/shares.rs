//! Links: one branch to whoever has the secret, and nothing to anybody else.

use std::time::{Duration, SystemTime};

use domain::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use super::{NOTHING, hospitable, id};
use crate::harness::{Answer, Client, Server, eventually};

async fn open(server: &Server, share: &str, token: Option<&str>, tag: Option<&str>) -> Answer {
    let mut request = server.anonymous().request(Method::GET, &format!("/api/v1/shared/{share}"));
    if let Some(token) = token {
        request = request.header("x-share-token", token);
    }
    if let Some(tag) = tag {
        request = request.header("if-none-match", tag);
    }
    Answer::of(request).await
}

/// A conversation with a word on another branch than the active one.
async fn conversation(alice: &Client) -> String {
    let conversation = alice.conversation_with(&json!({ "title": "Roses" })).await;
    let path = format!("/api/v1/conversations/{conversation}/messages");
    for text in ["a hidden branch", "Which soil?"] {
        let body = json!({ "text": text, "parent_id": null, "reply": false });
        alice.post(&path, &body).await.expect(201);
    }
    conversation
}

async fn share(alice: &Client, conversation: &str, body: &Value) -> (String, String) {
    let made = alice.post(&format!("/api/v1/conversations/{conversation}/shares"), body).await.expect(201);
    let token = made["token"].as_str().expect("a token").to_owned();
    assert_eq!(made["link"], format!("/share/{}#{token}", id(&made)));
    (id(&made).to_owned(), token)
}

#[tokio::test]
async fn a_link_shows_the_active_branch_and_nothing_else() {
    let server = hospitable().start().await;
    let alice = server.member("alice").await;
    let conversation = conversation(&alice).await;
    let (live, token) = share(&alice, &conversation, &json!({ "kind": "live" })).await;
    let (kept, other) = share(&alice, &conversation, &json!({ "kind": "snapshot" })).await;
    let shown = open(&server, &live, Some(&token), None).await;
    assert_eq!(shown.header("cache-control"), "no-store");
    let tag = shown.header("etag").to_owned();
    let text = String::from_utf8_lossy(&shown.bytes).into_owned();
    let shown = shown.expect(200);
    assert_eq!(
        (&shown["title"], &shown["kind"], &shown["is_whole"]),
        (&json!("Roses"), &json!("live"), &json!(true))
    );
    assert_eq!(shown["messages"].as_array().map(Vec::len), Some(1));
    for hidden in ["a hidden branch", "alice@example.org", &conversation] {
        assert!(!text.contains(hidden), "{text}");
    }
    assert_eq!(open(&server, &live, Some(&token), Some(&tag)).await.status, 304);
    let more = json!({ "text": "And water?", "reply": false });
    alice.post(&format!("/api/v1/conversations/{conversation}/messages"), &more).await.expect(201);
    let now = open(&server, &live, Some(&token), Some(&tag)).await.expect(200);
    assert_eq!(now["messages"].as_array().map(Vec::len), Some(2));
    let then = open(&server, &kept, Some(&other), None).await.expect(200);
    assert_eq!(then["messages"].as_array().map(Vec::len), Some(1));
    // The page is there, and cannot load anything from elsewhere.
    let page = server.anonymous().get(&format!("/share/{live}")).await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-security-policy").contains("default-src 'none'"));
    // A snapshot goes with its conversation.
    alice.delete(&format!("/api/v1/conversations/{conversation}")).await.expect(204);
    open(&server, &kept, Some(&other), None).await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn a_link_that_does_not_count_looks_like_none() {
    let server = hospitable().start().await;
    let (alice, bob) = (server.member("alice").await, server.member("bob").await);
    let conversation = conversation(&alice).await;
    let live = json!({ "kind": "live" });
    let (counts, token) = share(&alice, &conversation, &live).await;
    let (revoked, revoked_token) = share(&alice, &conversation, &live).await;
    let (expired, expired_token) = share(&alice, &conversation, &expiring()).await;
    let links = format!("/api/v1/conversations/{conversation}/shares");
    bob.get(&links).await.expect_problem(404, "not_found");
    bob.post(&links, &live).await.expect_problem(404, "not_found");
    bob.delete(&format!("/api/v1/shares/{counts}")).await.expect_problem(404, "not_found");
    alice.delete(&format!("/api/v1/shares/{revoked}")).await.expect(204);
    let unknown = open(&server, NOTHING, Some(&token), None).await.appearance(&[NOTHING]);
    assert_eq!(unknown.0, 404);
    eventually("the end of a link", || async {
        (open(&server, &expired, Some(&expired_token), None).await.status == 404).then_some(())
    })
    .await;
    let long = "x".repeat(4_000);
    for (share, token) in [
        (&counts, None),
        (&counts, Some("")),
        (&counts, Some(revoked_token.as_str())),
        (&counts, Some(&token[1..])),
        (&counts, Some(long.as_str())),
        (&revoked, Some(revoked_token.as_str())),
        (&expired, Some(expired_token.as_str())),
    ] {
        assert_eq!(open(&server, share, token, None).await.appearance(&[share]), unknown);
    }
    let twice = server.anonymous().request(Method::GET, &format!("/api/v1/shared/{counts}"));
    let twice = twice.header("x-share-token", &token).header("x-share-token", "other");
    assert_eq!(Answer::of(twice).await.status, 404);
    let in_query = format!("/api/v1/shared/{counts}?token={token}");
    server.anonymous().get(&in_query).await.expect_problem(422, "invalid_input");
    open(&server, &counts, Some(&token), None).await.expect(200);
}

/// A link that ends in a few seconds.
#[expect(clippy::disallowed_methods, reason = "the server's clock is this machine's")]
fn expiring() -> Value {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a time of day").as_micros();
    let now = Timestamp::from_micros(i64::try_from(now).expect("a time of day"));
    json!({ "kind": "live", "expires_at": now.plus(Duration::from_secs(3)).to_string() })
}

#[tokio::test]
async fn a_link_leads_nowhere_while_its_maker_is_away() {
    let server = hospitable().start().await;
    let (owner, alice) = (server.owner().await, server.member("alice").await);
    let conversation = conversation(&alice).await;
    let mut links = Vec::new();
    for kind in ["live", "snapshot"] {
        links.push(share(&alice, &conversation, &json!({ "kind": kind })).await);
    }
    let account = format!("/api/v1/users/{}", id(&alice.get("/api/v1/me").await.expect(200)));
    let opens = async |status: u16, why: &str| {
        for (link, token) in &links {
            assert_eq!(open(&server, link, Some(token), None).await.status, status, "{why}");
        }
    };
    for (change, status) in [
        (json!({ "state": "suspended" }), 404),
        (json!({ "state": "active" }), 200),
        // A viewer makes no links.
        (json!({ "role": "viewer" }), 404),
        (json!({ "role": "member" }), 200),
    ] {
        owner.patch(&account, &change).await.expect(200);
        opens(status, &change.to_string()).await;
    }
    owner.delete(&account).await.expect(204);
    opens(404, "deleted").await;
}

#[tokio::test]
async fn links_are_bounded_and_can_be_switched_off() {
    let off = hospitable().env("COLLOQUY_APPLICATION__IDENTITY__LINK_SHARING", "false").start().await;
    let alice = off.member("alice").await;
    let path = format!("/api/v1/conversations/{}/shares", conversation(&alice).await);
    alice.post(&path, &json!({ "kind": "live" })).await.expect_problem(403, "forbidden");

    let server = hospitable().start().await;
    let alice = server.member("alice").await;
    let large = conversation(&alice).await;
    let path = format!("/api/v1/conversations/{large}");
    let text = "x".repeat(500 * 1024);
    for _ in 0..9 {
        alice.post(&format!("{path}/messages"), &json!({ "text": text, "reply": false })).await.expect(201);
    }
    let links = format!("{path}/shares");
    alice.post(&links, &json!({ "kind": "snapshot" })).await.expect_problem(413, "conversation_too_large");
    let (live, token) = share(&alice, &large, &json!({ "kind": "live" })).await;
    let shown = open(&server, &live, Some(&token), None).await.expect(200);
    assert_eq!(shown["is_whole"], false);
    assert_eq!(shown["messages"].as_array().map(Vec::len), Some(8), "the newest part");
    for (field, value) in
        [("expires_at", json!("2020-01-01T00:00:00Z")), ("owner_id", json!(NOTHING)), ("token", json!("x"))]
    {
        let mut body = json!({ "kind": "live" });
        body[field] = value;
        alice.post(&links, &body).await.expect_problem(422, "invalid_input");
    }
    // One address does not look as often as it likes.
    eventually("a limit", || async {
        (open(&server, &live, Some("wrong"), None).await.status == 429).then_some(())
    })
    .await;
}
