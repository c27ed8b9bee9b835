//! The effective settings, for an operator's eyes.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::secrets::{MASK, is_secret};
use super::{Loaded, Origin};

/// A TOML document; each line says where its value came from. Secrets are masked.
pub fn show(loaded: &Loaded) -> String {
    let mut shown = String::new();
    let all = serde_json::to_value(&loaded.settings);
    if let Ok(Value::Object(sections)) = all {
        section(loaded, &mut Vec::new(), &sections, &mut shown);
    }
    shown
}

/// The values of a section, then the sections in it.
fn section(loaded: &Loaded, path: &mut Vec<String>, entries: &Map<String, Value>, shown: &mut String) {
    let lines: Vec<(String, String)> = entries
        .iter()
        .filter(|(_, value)| !value.is_object())
        .map(|(key, value)| {
            let setting = path.iter().chain([key]).map(String::as_str).collect::<Vec<_>>().join(".");
            (assignment(key, value), origin(loaded, &setting))
        })
        .collect();
    if !lines.is_empty() && !path.is_empty() {
        let _ = write!(shown, "\n[{}]\n", path.join("."));
    }
    let width = lines.iter().map(|(line, _)| line.chars().count()).max().unwrap_or(0).min(48);
    for (line, origin) in lines {
        let _ = writeln!(shown, "{line:<width$}  # {origin}");
    }
    for (key, value) in entries {
        if let Value::Object(inner) = value {
            path.push(key.clone());
            section(loaded, path, inner, shown);
            path.pop();
        }
    }
}

fn assignment(key: &str, value: &Value) -> String {
    match value {
        Value::Null => format!("# {key} ="),
        _ if is_secret(key) => format!("{key} = \"{MASK}\""),
        // What JSON writes of text, numbers, truth values and lists of them is TOML as well.
        plain => format!("{key} = {plain}"),
    }
}

fn origin(loaded: &Loaded, setting: &str) -> String {
    match loaded.origin(setting) {
        Origin::Default if setting == "database.url" => "default, in data_dir".to_owned(),
        origin => origin.to_string(),
    }
}
