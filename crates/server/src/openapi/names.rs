//! Names of components: as people know the things, and one for equal schemas.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

/// Where components stand in the document.
const PATH: &str = "#/components/schemas/";

/// Calls `change` with every reference in a document.
pub fn each_reference(value: &mut Value, change: &mut impl FnMut(&mut String)) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                match value {
                    Value::String(reference) if name == "$ref" => change(reference),
                    value => each_reference(value, change),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| each_reference(item, change)),
        _ => {}
    }
}

/// Gives every component the name that people know it by, and requests that look the same as answers their schema.
pub fn shorten(document: &mut Value) {
    merge_inputs(document);
    drop_unused(document);
    let Some(components) = document["components"]["schemas"].as_object() else { return };
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for (name, schema) in components {
        let wanted = match schema.get("title").and_then(Value::as_str) {
            Some(title) => title.to_owned(),
            None => name.trim_end_matches("Input").replace("View", "").replace("Body", ""),
        };
        let is_taken = names.values().any(|taken| *taken == wanted);
        names.insert(name.clone(), if is_taken { name.replace("View", "") } else { wanted });
    }
    let distinct = names.values().collect::<BTreeSet<_>>().len();
    debug_assert_eq!(distinct, names.len(), "two schemas have the same name; give one a title: {names:?}");
    rename(document, &names);
}

/// Drops the schema of a request where the answer's is the same, again and again: equal parts make equal wholes.
fn merge_inputs(document: &mut Value) {
    loop {
        let Some(components) = document["components"]["schemas"].as_object() else { return };
        let equal = components.iter().find_map(|(name, schema)| {
            let input = format!("{name}Input");
            (components.get(&input) == Some(schema)).then_some((name.clone(), input))
        });
        let Some((name, input)) = equal else { return };
        if let Some(components) = document["components"]["schemas"].as_object_mut() {
            components.shift_remove(&input);
        }
        let (from, to) = (format!("{PATH}{input}"), format!("{PATH}{name}"));
        each_reference(document, &mut |reference| {
            if *reference == from {
                reference.clone_from(&to);
            }
        });
    }
}

/// Drops what nothing refers to, again and again: what it referred to may be unused then.
fn drop_unused(document: &mut Value) {
    loop {
        let mut used = BTreeSet::new();
        each_reference(document, &mut |reference| {
            used.extend(reference.strip_prefix(PATH).map(ToOwned::to_owned));
        });
        let Some(components) = document["components"]["schemas"].as_object_mut() else { return };
        let before = components.len();
        components.retain(|name, _| used.contains(name));
        if components.len() == before {
            return;
        }
    }
}

fn rename(document: &mut Value, names: &BTreeMap<String, String>) {
    each_reference(document, &mut |reference| {
        let new = reference.strip_prefix(PATH).and_then(|name| names.get(name));
        if let Some(new) = new {
            *reference = format!("{PATH}{new}");
        }
    });
    let Some(components) = document["components"]["schemas"].as_object_mut() else { return };
    let mut renamed: Map<String, Value> = std::mem::take(components)
        .into_iter()
        .map(|(name, mut schema)| {
            if let Some(object) = schema.as_object_mut() {
                object.shift_remove("title");
            }
            (names.get(&name).cloned().unwrap_or(name), schema)
        })
        .collect();
    renamed.sort_keys();
    *components = renamed;
}
