//! The OpenAPI 3.1 document, made from the route table and the types.

mod links;
mod names;
mod operation;
mod schemas;

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::route::Route;
use schemas::Schemas;

/// The document.
pub fn document(table: &[Arc<Route>]) -> Value {
    let mut schemas = Schemas::new();
    let mut paths: Map<String, Value> = Map::new();
    for route in table {
        let mut operation = operation::describe(route, &mut schemas);
        if let Some(links) = links::of(route.operation, table) {
            operation["responses"]["201"]["links"] = links;
        }
        let item = paths.entry(route.path).or_insert_with(|| json!({}));
        item[route.method.as_str().to_ascii_lowercase()] = operation;
    }
    let problem = schemas.answer(crate::route::schema_of::<crate::problem::ProblemBody>);
    let mut document = json!({
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": "Colloquy",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "A self-hosted chat with any language model: durable, searchable, yours.",
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": tags(),
        "paths": paths,
        "components": {
            "schemas": {},
            "responses": {"Problem": {
                "description": "Something is wrong; the problem says what (RFC 9457).",
                "content": {crate::problem::MEDIA_TYPE: {"schema": problem}},
            }},
            "securitySchemes": {
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "__Host-colloquy",
                    "description": "The cookie that signing in sets; named `colloquy` on plain-HTTP loopback. \
                                    Unsafe methods also need X-CSRF-Token and a matching Origin.",
                },
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "clq_… or JWT",
                    "description": "An API key, or an access token of a program: POST /api/v1/auth/token gives one for ten \
                                    minutes and a refresh token, with which POST /api/v1/auth/refresh gives the \
                                    next. Switching the workspace ends it as well.",
                },
                "api_key": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "X-Api-Key",
                    "description": "An API key.",
                },
            },
        },
    });
    document["components"]["schemas"] = schemas.into_components();
    names::shorten(&mut document);
    document
}

/// The document as text, with a line break at the end.
pub fn text(document: &Value) -> String {
    format!("{document:#}\n")
}

/// The names that `fields=` may hold on this route.
pub fn field_names(route: &Route) -> Vec<String> {
    let Some(schema_of) = route.sparse else { return Vec::new() };
    let mut schemas = Schemas::new();
    let schema = schemas.answer(schema_of);
    let properties =
        schemas.resolve(&schema).and_then(|schema| schema.get("properties")).and_then(Value::as_object);
    properties.map(|properties| properties.keys().cloned().collect()).unwrap_or_default()
}

fn tags() -> Value {
    json!([
        {"name": "conversations", "description": "Conversations: trees of messages."},
        {"name": "messages", "description": "Sending, reading, editing, regenerating."},
        {"name": "tags", "description": "Under what you find your conversations again. Nobody else sees it."},
        {"name": "annotations", "description": "What you write beside messages, and how you judge them. Nobody else sees it."},
        {"name": "projects", "description": "Conversations that several people share."},
        {"name": "shares", "description": "Links by which anybody may read one branch of a conversation."},
        {"name": "runs", "description": "One generation of an answer, while it is written and after."},
        {"name": "models", "description": "Which models can be asked."},
        {"name": "events", "description": "What happened, in its order."},
        {"name": "batch", "description": "Many commands in one request."},
        {"name": "identity", "description": "The first owner, signing in and out, second factors, people, API keys."},
        {"name": "workspaces", "description": "The walls between tenants, who is inside, and who is invited."},
        {"name": "administration", "description": "What administrators look at."},
        {"name": "openai", "description": "Routes that OpenAI's SDKs understand."},
        {"name": "health", "description": "For load balancers."},
        {"name": "documents", "description": "This document and its sister."},
    ])
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
