//! Schemas in words.

use serde_json::Value;

use super::prose::inline;
use super::{push, text};
use crate::pages::escape;

/// One schema with its properties.
pub fn describe(name: &str, schema: &Value) -> String {
    let mut html = format!(
        "<section class=\"schema operation\"><h3 id=\"schema-{name}\">{name}</h3><p>{}</p>",
        inline(text(&schema["description"]))
    );
    let alternatives = ["oneOf", "anyOf"].into_iter().filter_map(|key| schema[key].as_array()).flatten();
    let is_choice = schema.get("properties").is_none();
    let alternatives: Vec<&Value> =
        alternatives.filter(|one| is_choice && one.get("properties").is_some()).collect();
    for one in &alternatives {
        push(&mut html, format_args!("<p>{}</p>", inline(text(&one["description"]))));
        html.push_str(&properties(one));
    }
    if alternatives.is_empty() && is_choice {
        push(&mut html, format_args!("<p>{}</p>", type_of(schema)));
    }
    html.push_str(&properties(schema));
    html.push_str("</section>");
    html
}

/// A table of the properties of an object.
pub fn properties(schema: &Value) -> String {
    let Some(properties) = schema["properties"].as_object() else { return String::new() };
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut html = "<div class=\"scroll\"><table><tbody>".to_owned();
    for (name, property) in properties {
        let needed =
            if required.contains(&name.as_str()) { "" } else { " <span class=\"needed\">optional</span>" };
        push(
            &mut html,
            format_args!(
                "<tr><td><code>{}</code>{needed}</td><td>{}<br>{}</td></tr>",
                escape(name),
                type_of(property),
                inline(text(&property["description"]))
            ),
        );
    }
    html.push_str("</tbody></table></div>");
    html
}

/// A type in a few words of HTML, with links to what has a name.
pub fn type_of(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()) {
        let name = escape(name);
        return format!("<a href=\"#schema-{name}\">{name}</a>");
    }
    for key in ["anyOf", "oneOf", "allOf"] {
        if let Some(alternatives) = schema[key].as_array() {
            let words: Vec<String> = alternatives.iter().map(type_of).collect();
            return words.join(" or ");
        }
    }
    if let Some(values) = schema["enum"].as_array() {
        let words: Vec<String> = values.iter().map(literal).collect();
        return words.join(" | ");
    }
    if let Some(value) = schema.get("const") {
        return literal(value);
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => return "anything".to_owned(),
    };
    let words: Vec<String> = kinds.into_iter().map(|kind| of_kind(kind, schema)).collect();
    words.join(" or ")
}

fn of_kind(kind: &str, schema: &Value) -> String {
    let bounds = |least: &str, most: &str| match (&schema[least], &schema[most]) {
        (Value::Null, Value::Null) => String::new(),
        (Value::Null, most) => format!(" up to {most}"),
        (least, Value::Null) => format!(" from {least}"),
        (least, most) => format!(" {least}–{most}"),
    };
    match kind {
        "array" if schema.get("items").is_some() => format!("list of {}", type_of(&schema["items"])),
        "string" => match schema["format"].as_str() {
            Some(format) => escape(format),
            None => format!("text{}", bounds("minLength", "maxLength")),
        },
        "integer" => format!("whole number{}", bounds("minimum", "maximum")),
        "number" => format!("number{}", bounds("minimum", "maximum")),
        "boolean" => "true | false".to_owned(),
        other => escape(other),
    }
}

fn literal(value: &Value) -> String {
    format!("<code>{}</code>", escape(value.as_str().unwrap_or(&value.to_string())))
}
