//! What a person says: a text, or parts.

use domain::{Message, Part, Parts};
use serde_json::{Value, json};

use crate::{Error, FieldError};

/// What a person says: exactly one of the two.
#[derive(Debug, Clone, Copy)]
pub struct Content<'a> {
    /// Prose.
    pub text: Option<&'a str>,
    /// Ordered parts.
    pub parts: Option<&'a [Part]>,
}

impl Content<'_> {
    /// The same rule as a JSON Schema.
    pub(super) fn alternatives() -> Value {
        json!([
            {"required": ["text"], "properties": {"text": {"type": "string"}, "parts": {"type": "null"}}},
            {"required": ["parts"], "properties": {"parts": {"type": "array"}, "text": {"type": "null"}}},
        ])
    }

    /// The parts, checked for size and kind.
    pub fn parts(self) -> Result<Parts, Error> {
        let parts = match (self.text, self.parts) {
            (Some(text), None) => Parts::from_text(text),
            (None, Some(parts)) => Parts::from(parts.to_vec()),
            (None, None) => {
                return Err(Error::invalid_field("/text", "required", "give either text or parts"));
            }
            (Some(_), Some(_)) => {
                return Err(Error::invalid_field(
                    "/parts",
                    "exclusive",
                    "give either text or parts, not both",
                ));
            }
        };
        let field = if self.text.is_some() { "/text" } else { "/parts" };
        if parts.len() > Message::MAX_PARTS {
            let detail = format!("must have at most {} parts", Message::MAX_PARTS);
            return Err(Error::invalid_field(field, "too_long", detail));
        }
        if parts.bytes() > Message::MAX_BYTES {
            let detail = format!("must be at most {} bytes in all", Message::MAX_BYTES);
            return Err(Error::invalid_field(field, "too_long", detail));
        }
        let is_blank = |part: &Part| match part {
            Part::Text { text } => text.trim().is_empty(),
            other => other.is_empty(),
        };
        if parts.as_slice().iter().all(is_blank) {
            return Err(Error::invalid_field(field, "required", "must not be empty"));
        }
        let problems: Vec<FieldError> = parts
            .as_slice()
            .iter()
            .enumerate()
            .filter_map(|(index, part)| problem(field, index, part))
            .collect();
        if problems.is_empty() { Ok(parts) } else { Err(Error::invalid(problems)) }
    }
}

fn problem(field: &str, index: usize, part: &Part) -> Option<FieldError> {
    let at = |name: &str| if field == "/text" { field.to_owned() } else { format!("{field}/{index}/{name}") };
    let no_nul = |name: &str, text: &str| {
        text.contains('\0').then(|| FieldError::new(at(name), "control_character", "must not contain NUL"))
    };
    match part {
        Part::Text { text } => no_nul("text", text),
        Part::ToolResult { call_id, text } => no_nul("call_id", call_id).or_else(|| no_nul("text", text)),
        Part::File { name, text, media_type } => no_nul("name", name)
            .or_else(|| no_nul("text", text.as_deref().unwrap_or_default()))
            .or_else(|| no_nul("media_type", media_type.as_deref().unwrap_or_default())),
        Part::Image { url, .. } if !(url.starts_with("data:image/") || url.starts_with("https://")) => {
            Some(FieldError::new(at("url"), "invalid", "must be a data:image/ or an https: address"))
        }
        Part::Image { url, media_type } => {
            no_nul("url", url).or_else(|| no_nul("media_type", media_type.as_deref().unwrap_or_default()))
        }
        Part::Reasoning { .. } | Part::ToolCall { .. } | Part::Citation { .. } | Part::Unsupported { .. } => {
            Some(FieldError::new(
                at("kind"),
                "invalid",
                "people send text, image, file and tool_result parts",
            ))
        }
    }
}
