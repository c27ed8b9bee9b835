//! The AsyncAPI 3 document of the WebSocket, made from the frames.

use application::bus::Registry;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::frames::{Direction, FRAMES};

/// The document.
pub fn document() -> Value {
    let settings = || {
        SchemaSettings::draft2020_12().with(|settings| {
            settings.definitions_path = "/components/schemas".into();
            settings.meta_schema = None;
        })
    };
    let mut incoming = settings().for_deserialize().into_generator();
    let mut outgoing = settings().for_serialize().into_generator();
    let mut messages = Map::new();
    let mut channel_messages = Map::new();
    let (mut received, mut sent) = (Vec::new(), Vec::new());
    for frame in FRAMES {
        let (key, generator, list) = match frame.direction {
            Direction::FromClient => (format!("client.{}", frame.name), &mut incoming, &mut received),
            Direction::FromServer => (format!("server.{}", frame.name), &mut outgoing, &mut sent),
        };
        let payload = (frame.schema)(generator).to_value();
        let summary = summary(&payload, generator);
        messages.insert(key.clone(), json!({"name": frame.name, "summary": summary, "payload": payload}));
        channel_messages
            .insert(key.clone(), json!({"$ref": format!("#/components/messages/{}", escape(&key))}));
        list.push(json!({"$ref": format!("#/channels/socket/messages/{}", escape(&key))}));
    }
    let commands = commands(&mut incoming);
    let mut schemas = Map::new();
    schemas.extend(incoming.take_definitions(true));
    schemas.extend(outgoing.take_definitions(true));
    schemas.sort_keys();
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Colloquy",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "One text frame is one JSON object with `type`. Unknown fields and types are ignored. \
                            Event streams carry the same objects.",
            "license": {"name": "MIT OR Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {"socket": {
            "address": "/api/v1/ws",
            "description": "Authenticated by cookie and Origin, by header, or by a token in `hello`. \
                            /ws/chat/{conversation_id} is the same with that conversation already subscribed.",
            "messages": channel_messages,
        }},
        "operations": {
            "receive": {
                "action": "receive",
                "channel": {"$ref": "#/channels/socket"},
                "summary": "What clients send.",
                "messages": received,
            },
            "send": {
                "action": "send",
                "channel": {"$ref": "#/channels/socket"},
                "summary": "What the server sends.",
                "messages": sent,
            },
        },
        "components": {"messages": messages, "schemas": schemas},
        "x-commands": commands,
    })
}

/// What a `command` frame can name: its parameters and what its `result` holds.
fn commands(generator: &mut SchemaGenerator) -> Value {
    let registry = Registry::new();
    let described = registry.iter().map(|entry| {
        let parameters = (entry.parameters)(generator).to_value();
        let output = (entry.output)(generator).to_value();
        (entry.name.to_owned(), json!({"params": parameters, "result": output}))
    });
    Value::Object(described.collect())
}

/// The first sentence of what a frame's type says about itself.
fn summary(payload: &Value, generator: &SchemaGenerator) -> String {
    let reference = payload.get("$ref").and_then(Value::as_str);
    let name = reference.and_then(|reference| reference.rsplit('/').next());
    let schema = name.and_then(|name| generator.definitions().get(name)).unwrap_or(payload);
    let description = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    let first = description.split_inclusive(". ").next().unwrap_or(description);
    first.trim().replace('\n', " ")
}

fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}
