//! Examples that work as pasted, once the identifiers are filled in.

use serde_json::{Map, Value, json};

use super::{Operation, push, resolve, text};

/// How deep an example goes.
const MAX_DEPTH: usize = 4;

/// The operation as command lines, one for each way of using it.
pub fn commands(document: &Value, operation: &Operation<'_>) -> Vec<String> {
    let bodies: &[&str] = match text(&operation.value["operationId"]) {
        "message.send" => &[
            " \\\n  -d '{\"text\":\"How do I grow tomatoes on a balcony?\"}'",
            " \\\n  -H 'Accept: text/event-stream' -N \\\n  -d '{\"text\":\"How do I grow tomatoes on a balcony?\"}'",
        ],
        "annotation.create" => &[
            " \\\n  -d '{\"kind\":\"rating\",\"rating\":\"up\"}'",
            " \\\n  -d '{\"kind\":\"note\",\"note\":\"Worth remembering.\"}'",
        ],
        "conversation.fork" => &[" \\\n  -d \"{\\\"message_id\\\":\\\"$MESSAGE_ID\\\"}\""],
        "completion.create" => &[
            " \\\n  -d '{\"model\":\"builtin/recall\",\"messages\":[{\"role\":\"user\",\"content\":\"What did I write about tomatoes?\"}]}'",
        ],
        _ => return vec![curl(document, operation)],
    };
    let start = format!("{} \\\n  -H 'Content-Type: application/json'", without_body(operation));
    bodies.iter().map(|body| format!("{start}{body}")).collect()
}

/// The operation as a command line, from its schema.
fn curl(document: &Value, operation: &Operation<'_>) -> String {
    let mut command = without_body(operation);
    if let Some(schema) = operation.value.pointer("/requestBody/content/application~1json/schema") {
        let body = example(document, schema, 0);
        command.push_str(" \\\n  -H 'Content-Type: application/json'");
        push(&mut command, format_args!(" \\\n  -d '{}'", body.to_string().replace('\'', "'\\''")));
    }
    command
}

/// The address and the key.
fn without_body(operation: &Operation<'_>) -> String {
    let Operation { method, path, value } = operation;
    let mut command = "curl".to_owned();
    if *method != "get" {
        push(&mut command, format_args!(" -X {}", method.to_uppercase()));
    }
    push(&mut command, format_args!(" \"$COLLOQUY{}\"", with_variables(path)));
    if value["security"].as_array().is_some_and(|ways| !ways.is_empty()) {
        command.push_str(" \\\n  -H \"Authorization: Bearer $KEY\"");
    }
    command
}

/// The path with its parameters as shell variables.
fn with_variables(path: &str) -> String {
    let segments = path.split('/').map(|segment| {
        let name = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        name.map_or_else(|| segment.to_owned(), |name| format!("${}", name.to_uppercase()))
    });
    segments.collect::<Vec<_>>().join("/")
}

/// A value that fits a schema: what is required, or else the first property.
fn example(document: &Value, schema: &Value, depth: usize) -> Value {
    let Some(schema) = resolve(document, schema).filter(|_| depth < MAX_DEPTH) else { return Value::Null };
    if let Some(value) = schema.get("example").or_else(|| schema.get("const")) {
        return value.clone();
    }
    if let Some(first) = schema["enum"].get(0) {
        return first.clone();
    }
    if let Some(properties) = schema["properties"].as_object() {
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let mut object = Map::new();
        for (index, (name, property)) in properties.iter().enumerate() {
            if required.contains(&name.as_str()) || (required.is_empty() && index == 0) {
                object.insert(name.clone(), named_example(name, document, property, depth));
            }
        }
        return object.into();
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(first) = schema[key].get(0) {
            return example(document, first, depth + 1);
        }
    }
    let kind = schema["type"].as_str().or_else(|| text_of_first(&schema["type"])).unwrap_or_default();
    match kind {
        "array" => json!([example(document, &schema["items"], depth + 1)]),
        "string" => json!(match schema["format"].as_str() {
            Some("uuid") => "01930000-0000-7000-8000-000000000000",
            Some("date-time") => "2030-01-01T00:00:00Z",
            Some("password") => "correct horse battery staple",
            _ => "…",
        }),
        "integer" => schema.get("minimum").cloned().unwrap_or_else(|| json!(1)),
        "number" => json!(0.5),
        "boolean" => json!(true),
        "object" => json!({}),
        _ => Value::Null,
    }
}

/// A value that also fits what the property is called.
fn named_example(name: &str, document: &Value, schema: &Value, depth: usize) -> Value {
    match name {
        "email" => json!("ada@example.org"),
        "display_name" => json!("Ada"),
        "text" | "content" => json!("What is a colloquy?"),
        "title" => json!("On gardens"),
        "name" if depth > 0 => json!("conversation.create"),
        "model" => json!("builtin/recall"),
        "password" => json!("correct horse battery staple"),
        _ => example(document, schema, depth + 1),
    }
}

fn text_of_first(kinds: &Value) -> Option<&str> {
    kinds.get(0).map(text)
}
