//! Class 9: what the server decides is not for a body to say.

use serde_json::{Value, json};

use super::document::Documents;
use super::world::{NOTHING, hospitable};
use crate::harness::{OWNER_EMAIL, OWNER_PASSWORD};

/// What only the server decides.
const DECIDED: [&str; 22] = [
    "id",
    "owner_id",
    "workspace_id",
    "home_workspace_id",
    "user_id",
    "created_by",
    "role",
    "scopes",
    "state",
    "status",
    "version",
    "created_at",
    "updated_at",
    "edited_at",
    "message_count",
    "token_hash",
    "key_hash",
    "password_hash",
    "is_admin",
    "title_origin",
    "usage",
    "flags",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_body_says_what_the_server_decides() {
    let server = hospitable().start().await;
    let client = server.anonymous().sign_in(OWNER_EMAIL, OWNER_PASSWORD).await;
    let documents = Documents::of(&client).await;
    let mut asked = 0;
    for operation in documents.operations() {
        // It speaks OpenAI's protocol, in which unknown fields are ignored.
        let Some(schema) = operation.body.as_ref().filter(|_| operation.name != "completion.create") else {
            continue;
        };
        let properties = documents.properties(schema);
        let path = operation.path_with(|_| NOTHING.to_owned());
        let mut fields = DECIDED.to_vec();
        fields.push("__proto__");
        for field in fields.into_iter().filter(|field| !properties.contains_key(*field)) {
            let mut body = documents.example(schema);
            body[field] = json!(NOTHING);
            let answer = operation.ask(&client, &path, Some(&body)).await;
            let what = format!("{} {path} with {field}: {answer:?}", operation.method);
            assert_eq!(answer.status, 422, "{what}");
            let pointers = answer.json()["errors"].to_string();
            assert!(pointers.contains(&format!("\"/{field}\"")), "{what}");
            asked += 1;
        }
    }
    assert!(asked > 200, "only {asked} fields were tried");
}

/// Whether a schema is that of an object whose fields are all known: others are what a browser or a model understands.
fn is_ours(schema: &Value) -> bool {
    schema["properties"].is_object() && schema["additionalProperties"] == false
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_object_inside_of_a_body_or_a_command_says_what_the_server_decides() {
    let server = hospitable().start().await;
    let client = server.anonymous().sign_in(OWNER_EMAIL, OWNER_PASSWORD).await;
    let documents = Documents::of(&client).await;
    let mut asked = 0;
    for operation in documents.operations() {
        let Some(schema) = operation.body.as_ref().filter(|_| operation.name != "completion.create") else {
            continue;
        };
        let path = operation.path_with(|_| NOTHING.to_owned());
        for (place, body) in with_decided(&documents, schema) {
            let answer = operation.ask(&client, &path, Some(&body)).await;
            assert_eq!(answer.status, 422, "{} {path} with {place:?}: {answer:?}", operation.method);
            asked += 1;
        }
    }
    for command in documents.commands() {
        for (place, params) in with_decided(&documents, &command.parameters) {
            let commands = json!({ "commands": [{ "id": "1", "name": command.name, "params": params }] });
            let answer = client.post("/api/v1/batch", &commands).await.expect(200);
            let result = &answer["results"][0];
            assert_eq!(result["status"], 422, "{} with {place:?}: {result}", command.name);
            asked += 1;
        }
    }
    assert!(asked > 60, "only {asked} fields were tried");
}

/// What fits a schema but for one field too many in an object inside of it.
fn with_decided(documents: &Documents, schema: &Value) -> Vec<(Vec<String>, Value)> {
    let mut found = Vec::new();
    for place in documents.places(schema, &is_ours).into_iter().filter(|place| !place.is_empty()) {
        for field in ["id", "owner_id", "workspace_id", "role", "__proto__"] {
            let mut body = documents.example_with(schema, &place, &Value::Null);
            let pointer = place.iter().fold(String::new(), |pointer, name| pointer + "/" + name);
            let inside = documents.example(&documents.at(schema, &place));
            let known = documents.properties(&documents.at(schema, &place)).contains_key(field);
            let (Some(hole), false) = (body.pointer_mut(&pointer), known) else { continue };
            *hole = inside;
            hole[field] = json!(NOTHING);
            found.push(([place.as_slice(), &[field.to_owned()]].concat(), body));
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_command_says_what_the_server_decides() {
    let server = hospitable().start().await;
    let client = server.owner().await;
    let documents = Documents::of(&client).await;
    for command in documents.commands() {
        let properties = documents.properties(&command.parameters);
        for field in DECIDED.into_iter().filter(|field| !properties.contains_key(*field)) {
            let mut params = documents.example(&command.parameters);
            params[field] = json!(NOTHING);
            let commands = json!({ "commands": [{ "id": "1", "name": command.name, "params": params }] });
            let answer = client.post("/api/v1/batch", &commands).await.expect(200);
            let result = &answer["results"][0];
            assert_eq!(result["status"], 422, "{} with {field}: {result}", command.name);
        }
    }
}
