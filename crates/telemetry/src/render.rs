//! How a line looks.

use std::fmt::Write as _;

use serde_json::{Map, Value};
use tracing::Level;

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Render {
    /// A JSON object.
    Json,
    /// For people.
    Pretty {
        /// Whether the terminal shows colours.
        colours: bool,
    },
}

/// What a line says.
pub struct Line<'a> {
    /// RFC 3339.
    pub timestamp: &'a str,
    /// How bad it is.
    pub level: Level,
    /// Where it comes from.
    pub target: &'a str,
    /// What happened.
    pub message: &'a str,
    /// Everything else.
    pub fields: &'a Map<String, Value>,
}

impl Render {
    /// The line without its end. It holds no control character, whatever the fields hold.
    pub fn line(self, line: &Line<'_>) -> String {
        match self {
            Self::Json => json(line),
            Self::Pretty { colours } => pretty(line, colours),
        }
    }
}

fn json(line: &Line<'_>) -> String {
    let mut object = Map::new();
    object.insert("timestamp".to_owned(), line.timestamp.into());
    object.insert("level".to_owned(), line.level.as_str().into());
    object.insert("target".to_owned(), line.target.into());
    object.insert("message".to_owned(), line.message.into());
    object.extend(line.fields.clone());
    let text = Value::Object(object).to_string();
    // JSON escapes the controls below U+0020 only; terminals and line readers also act on the others.
    if text.contains(acts_on_a_reader) { escape_as_json(&text) } else { text }
}

fn acts_on_a_reader(character: char) -> bool {
    character.is_control() || matches!(character, '\u{2028}' | '\u{2029}')
}

fn escape_as_json(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if acts_on_a_reader(character) {
            // Writing to a String cannot fail.
            let _ = write!(escaped, "\\u{:04x}", u32::from(character));
        } else {
            escaped.push(character);
        }
    }
    escaped
}

fn pretty(line: &Line<'_>, colours: bool) -> String {
    let (colour, dim, plain) = match (colours, line.level) {
        (false, _) => ("", "", ""),
        (true, Level::ERROR) => ("\u{1b}[31m", "\u{1b}[2m", "\u{1b}[0m"),
        (true, Level::WARN) => ("\u{1b}[33m", "\u{1b}[2m", "\u{1b}[0m"),
        (true, Level::INFO) => ("\u{1b}[32m", "\u{1b}[2m", "\u{1b}[0m"),
        (true, _) => ("\u{1b}[34m", "\u{1b}[2m", "\u{1b}[0m"),
    };
    let message = visible(line.message);
    let mut text = format!(
        "{dim}{}{plain} {colour}{:>5}{plain} {dim}{}{plain} {message}",
        line.timestamp, line.level, line.target
    );
    for (name, value) in line.fields {
        let value = match value {
            Value::String(value) => visible(value),
            value => value.to_string(),
        };
        // Writing to a String cannot fail.
        let _ = write!(text, " {dim}{}={plain}{value}", visible(name));
    }
    text
}

/// The text with its control characters escaped, so that it cannot move the cursor or begin a line of its own.
fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if acts_on_a_reader(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}
