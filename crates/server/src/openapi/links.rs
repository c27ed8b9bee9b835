//! Where one can go from something that was just created.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::route::Route;

/// What the answers of commands identify: the command, the parameter that takes the identifier, and where it stands.
const IDENTIFIED: [(&str, &str, &str); 12] = [
    ("conversation.create", "conversation_id", "/id"),
    ("conversation.fork", "conversation_id", "/id"),
    ("tag.create", "tag_id", "/id"),
    ("annotation.create", "annotation_id", "/id"),
    ("project.create", "project_id", "/id"),
    ("share.create", "share_id", "/id"),
    ("provider.create", "provider_id", "/id"),
    ("message.send", "message_id", "/message/id"),
    ("message.send", "run_id", "/run/id"),
    ("message.regenerate", "message_id", "/reply/id"),
    ("message.regenerate", "run_id", "/run/id"),
    ("api_key.create", "api_key_id", "/id"),
];

/// The links of an operation's answer, to every operation about what it identifies; `None` where there are none.
pub fn of(operation: &str, table: &[Arc<Route>]) -> Option<Value> {
    let mut links = Map::new();
    for (_, parameter, pointer) in IDENTIFIED.iter().filter(|(command, ..)| *command == operation) {
        for route in table.iter().filter(|route| route.path_parameters().eq([*parameter])) {
            let mut parameters = Map::new();
            parameters.insert((*parameter).to_owned(), format!("$response.body#{pointer}").into());
            links.insert(
                route.operation.to_owned(),
                json!({"operationId": route.operation, "parameters": parameters}),
            );
        }
    }
    (!links.is_empty()).then_some(Value::Object(links))
}
