//! People in two workspaces, each with one of everything that has an id.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, Client, OWNER_PASSWORD, Server, ServerBuilder};

/// An identifier that nothing has.
pub const NOTHING: &str = "0192f000-0000-7000-8000-000000000000";

/// Another one, for what somebody does not have.
const ABSENT: &str = "0192f000-0000-7000-8000-000000000001";

/// Names in paths that are no identifiers of anybody's.
pub const NOT_AN_ID: [&str; 2] = ["model", "provider"];

/// A server whose limits do not get in the way, and on which passwords are hashed quickly.
pub fn hospitable() -> ServerBuilder {
    Server::builder()
        .env("COLLOQUY_APPLICATION__SIGN_INS_PER_MINUTE", "100000")
        .env("COLLOQUY_APPLICATION__SIGN_INS_PER_DAY", "1000000")
        .env("COLLOQUY_APPLICATION__ARGON2_MEMORY_KIB", "8192")
        .env("COLLOQUY_APPLICATION__ARGON2_PASSES", "1")
}

/// Somebody, with one of everything.
pub struct Person {
    /// Signed in with a cookie.
    pub client: Client,
    /// Their things by the names that paths, queries and bodies have for them.
    pub things: BTreeMap<&'static str, String>,
}

impl Person {
    /// Whether they have the thing that a parameter names.
    pub fn has(&self, parameter: &str) -> bool {
        self.thing(parameter) != ABSENT
    }

    /// Whether a thing of theirs is none of somebody's business. People of one workspace know it and one another.
    pub fn keeps(&self, parameter: &str, from: &Self) -> bool {
        let is_colleague = self.thing("workspace_id") == from.thing("workspace_id");
        let is_known = is_colleague && matches!(parameter, "user_id" | "user" | "workspace_id");
        self.has(parameter) && !is_known && self.thing(parameter) != from.thing(parameter)
    }

    /// The thing that a parameter names.
    pub fn thing(&self, parameter: &str) -> &str {
        let kind = match parameter {
            "parent_id" | "leaf" | "active_leaf_id" | "leaf_id" => "message_id",
            "project" => "project_id",
            "tag" => "tag_id",
            "user" => "user_id",
            "conversation" => "conversation_id",
            other => other,
        };
        self.things.get(kind).unwrap_or_else(|| panic!("teach this test what a {parameter} is"))
    }
}

/// An account with a role in the owner's workspace.
pub async fn account(server: &Server, name: &str, role: &str) -> Client {
    let email = format!("{name}@example.org");
    let body = json!({ "email": email, "display_name": name, "role": role, "password": OWNER_PASSWORD });
    server.owner().await.in_browser().post("/api/v1/users", &body).await.expect(201);
    server.anonymous().sign_in(&email, OWNER_PASSWORD).await
}

/// Somebody who owns another workspace and belongs to no other.
pub async fn stranger(server: &Server, name: &str) -> Client {
    let founder = server.anonymous().sign_in(crate::harness::OWNER_EMAIL, OWNER_PASSWORD).await;
    let workspace = founder.post("/api/v1/workspaces", &json!({ "name": "Elsewhere" })).await.expect(201);
    founder.post("/api/v1/me/workspace", &json!({ "workspace_id": workspace["id"] })).await;
    let invitations = format!("/api/v1/workspaces/{}/invitations", text(&workspace["id"]));
    let email = format!("{name}@example.com");
    let invited = founder.post(&invitations, &json!({ "email": email, "role": "owner" })).await.expect(201);
    let link = text(&invited["link"]);
    let token = link.split_once("token=").expect("a token in the link").1;
    let body = json!({ "token": token, "password": OWNER_PASSWORD, "display_name": name });
    let answer = server.anonymous().post("/api/v1/auth/accept-invitation", &body).await;
    assert!(answer.status < 300, "{answer:?}");
    let left = format!("/api/v1/workspaces/{}/leave", text(&workspace["id"]));
    let left = founder.post(&left, &json!({})).await;
    assert!(left.status < 300, "{left:?}");
    server.anonymous().sign_in(&email, OWNER_PASSWORD).await
}

/// Gives somebody one of everything that their role allows.
pub async fn furnish(client: Client) -> Person {
    let mut things = BTreeMap::new();
    let me = client.get("/api/v1/me").await.expect(200);
    things.insert("user_id", text(&me["id"]));
    things.insert("workspace_id", text(&me["workspace_id"]));
    let sessions = client.get("/api/v1/me/sessions").await.expect(200);
    things.insert("session_id", text(&sessions["items"][0]["id"]));
    let conversation = client.conversation_with(&json!({ "title": "Secret plans" })).await;
    let exchange = client.send(&conversation, "The heliotrope password is swordfish").await;
    client.finished(exchange["reply"]["id"].as_str().expect("an id")).await;
    things.insert("message_id", text(&exchange["message"]["id"]));
    things.insert("run_id", text(&exchange["run"]["id"]));
    let tag = client.post("/api/v1/tags", &json!({ "name": "Heliotrope" })).await.expect(201);
    things.insert("tag_id", text(&tag["id"]));
    let tagged = format!("/api/v1/conversations/{conversation}/tags/{}", things["tag_id"]);
    Answer::of(client.request(Method::PUT, &tagged).json(&json!({}))).await.expect(200);
    let annotations = format!("/api/v1/messages/{}/annotations", things["message_id"]);
    let note = client.post(&annotations, &json!({ "kind": "note", "note": "As I feared" })).await.expect(201);
    things.insert("annotation_id", text(&note["id"]));
    let key = client.in_browser().post("/api/v1/api-keys", &json!({ "name": "k" })).await.expect(201);
    things.insert("api_key_id", text(&key["id"]));
    let project = client.post("/api/v1/projects", &json!({ "name": "Plans" })).await.expect(201);
    things.insert("project_id", text(&project["id"]));
    let shares = format!("/api/v1/conversations/{conversation}/shares");
    let share = client.post(&shares, &json!({ "kind": "snapshot" })).await.expect(201);
    things.insert("share_id", text(&share["id"]));
    things.insert("conversation_id", conversation);
    for unknown in ["passkey_id", "invitation_id", "provider_id"] {
        things.insert(unknown, ABSENT.to_owned());
    }
    Person { client, things }
}

/// Adds what only administrators have.
pub async fn furnish_administrator(person: &mut Person) {
    let path = format!("/api/v1/workspaces/{}/invitations", person.thing("workspace_id"));
    let body = json!({ "email": "guest@example.net", "role": "viewer" });
    let invited = person.client.post(&path, &body).await.expect(201);
    person.things.insert("invitation_id", text(&invited["id"]));
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}
