//! No one gets in where they do not belong, and whoever is shown out is out at once.

mod browsers;
mod credentials;
mod invitations;
mod isolation;
mod oidc;
mod passkeys;
mod password_links;
mod people;
mod permissions;
mod projects;
mod providers;
mod registration;
mod second_factors;
mod sessions;
mod shares;
mod signing_in;
mod slow_bodies;
mod tokens;
mod workspaces;

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, Client, OWNER_PASSWORD, Server, ServerBuilder};

/// An identifier that nothing has.
const NOTHING: &str = "0192f000-0000-7000-8000-000000000000";

/// A server on which a test may sign in as often as it likes.
fn hospitable() -> ServerBuilder {
    Server::builder().env("COLLOQUY_APPLICATION__SIGN_INS_PER_MINUTE", "100000")
}

/// Signs in a new account with this role, with a cookie.
async fn account(server: &Server, role: &str) -> Client {
    let email = format!("{role}@example.org");
    let body = json!({ "email": email, "display_name": role, "role": role, "password": OWNER_PASSWORD });
    server.owner().await.in_browser().post("/api/v1/users", &body).await.expect(201);
    server.anonymous().sign_in(&email, OWNER_PASSWORD).await
}

/// The same person with a key of these scopes; the key's id comes with it.
async fn key_with(person: &Client, scopes: &[&str]) -> (Client, String) {
    person.with_new_api_key_of(&json!({ "name": "scoped", "scopes": scopes })).await
}

/// A request with these headers and no other credential.
async fn with_headers(server: &Server, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = server.anonymous().request(method.clone(), path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if method != Method::GET {
        request = request.json(&json!({}));
    }
    Answer::of(request).await
}

fn id(value: &Value) -> &str {
    value["id"].as_str().expect("an id")
}
