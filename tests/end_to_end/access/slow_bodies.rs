//! Whoever is shown out while they are still sending is not carried on by what they began.

use std::time::Duration;

use serde_json::{Value, json};

use super::{account, hospitable, id};
use crate::harness::{Answer, Client, RawHttp};

/// A request but for the last byte of its body.
struct HeldBack {
    connection: RawHttp,
    last: Vec<u8>,
}

impl HeldBack {
    async fn begin(client: &Client, path: &str, accept: &str, body: &Value) -> Self {
        let body = body.to_string();
        let first = format!("POST {path} HTTP/1.1\r\nhost: {}\r\naccept: {accept}\r\n", client.address());
        let proof = client
            .header_pairs()
            .into_iter()
            .map(|(name, value)| [name.as_str(), ": ", value.as_str(), "\r\n"].concat());
        let last = format!("content-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
        let head = format!("{first}{}{last}", proof.collect::<String>());
        let (first, last) = body.as_bytes().split_at(body.len() - 1);
        let mut connection = RawHttp::connect(client.address()).await;
        assert!(connection.write(head.as_bytes()).await && connection.write(first).await);
        Self { connection, last: last.to_vec() }
    }

    async fn end(mut self) -> Answer {
        self.connection.write(&self.last).await;
        self.connection.answer().await.expect("an answer")
    }
}

/// One of each kind of request whose body the server waits for.
async fn one_of_each(client: &Client, conversation: &str, name: &str) -> Vec<(&'static str, HeldBack)> {
    let email = format!("{name}@example.org");
    let somebody = json!({ "email": email, "display_name": name, "role": "member" });
    let batch = json!({ "commands": [{ "id": "1", "name": "conversation.create", "params": {} }] });
    let prompt = json!({ "model": "builtin/recall", "messages": [{ "role": "user", "content": "words" }] });
    let messages = format!("/api/v1/conversations/{conversation}/messages");
    let text = json!({ "text": "words" });
    let (json, events) = ("application/json", "text/event-stream");
    vec![
        ("a command", HeldBack::begin(client, "/api/v1/users", json, &somebody).await),
        ("a batch", HeldBack::begin(client, "/api/v1/batch", json, &batch).await),
        ("a message with its answer", HeldBack::begin(client, &messages, events, &text).await),
        ("a completion", HeldBack::begin(client, "/v1/chat/completions", json, &prompt).await),
    ]
}

#[tokio::test]
async fn a_body_that_ends_after_a_suspension_has_no_effect() {
    let server = hospitable().start().await;
    let owner = server.owner().await;
    let admin = account(&server, "admin").await;
    let me = admin.get("/api/v1/me").await.expect(200);
    let admin = admin.with_new_api_key().await;
    let conversation = admin.conversation().await;

    let good = one_of_each(&admin, &conversation, "early").await;
    for (what, held_back) in good {
        let answer = held_back.end().await;
        assert!(answer.status < 300, "{what}: {answer:?}");
    }
    let late = one_of_each(&admin, &conversation, "late").await;
    // All of them are waited for by now.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let suspended = json!({ "state": "suspended" });
    owner.patch(&format!("/api/v1/users/{}", id(&me)), &suspended).await.expect(200);
    for (what, held_back) in late {
        let answer = held_back.end().await;
        assert_eq!(answer.status, 401, "{what}: {answer:?}");
    }
    let people = owner.get("/api/v1/users").await.expect(200).to_string();
    assert!(people.contains("early@example.org") && !people.contains("late@example.org"), "{people}");
}

#[tokio::test]
async fn a_batch_goes_no_further_than_its_credential() {
    let server = hospitable().start().await;
    let owner = server.owner().await;
    let brief = owner.in_browser();
    let batch = json!({ "commands": [
        { "id": "1", "name": "conversation.create", "params": { "title": "before" } },
        { "id": "2", "name": "session.delete", "params": {} },
        { "id": "3", "name": "conversation.create", "params": { "title": "after" } },
    ] });
    let results = brief.post("/api/v1/batch", &batch).await.expect(200);
    let statuses: Vec<&Value> =
        results["results"].as_array().into_iter().flatten().map(|result| &result["status"]).collect();
    assert_eq!(statuses, [&json!(201), &json!(204), &json!(401)], "{results}");
    let titles = owner.get("/api/v1/conversations").await.expect(200).to_string();
    assert!(titles.contains("before") && !titles.contains("after"), "{titles}");
}
