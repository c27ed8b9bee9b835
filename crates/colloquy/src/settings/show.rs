//! The effective settings, for an operator's eyes.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::secrets::{MASK, is_address_of_a_store, is_secret, without_password};
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
        .filter(|(key, value)| !value.is_object() && is_of_use(loaded, path, key))
        .map(|(key, value)| {
            let setting: Vec<&str> = path.iter().chain([key]).map(String::as_str).collect();
            (assignment(&setting, value), origin(loaded, &setting.join(".")))
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

/// Whether a setting is about the database that there is.
fn is_of_use(loaded: &Loaded, section: &[String], key: &str) -> bool {
    section != ["database"] || !loaded.settings.database.is_foreign(key)
}

fn assignment(setting: &[&str], value: &Value) -> String {
    let key = setting.last().copied().unwrap_or_default();
    match value {
        Value::Null => format!("# {key} ="),
        _ if is_secret(key) => format!("{key} = \"{MASK}\""),
        Value::String(address) if is_address_of_a_store(setting) => {
            format!("{key} = {}", Value::from(without_password(address)))
        }
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
