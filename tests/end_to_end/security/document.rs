//! What the server says of itself: its routes and commands, and bodies that fit them.

use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::harness::{Answer, Client};

/// How deep an example goes.
const MAX_DEPTH: usize = 5;

/// The two documents of a server.
pub struct Documents {
    openapi: Value,
    asyncapi: Value,
}

/// A route as the document describes it.
#[derive(Debug, Clone)]
pub struct Operation {
    /// The operation: the name of a command or a query.
    pub name: String,
    /// The method.
    pub method: Method,
    /// The path, with names in braces.
    pub path: String,
    /// The names in the path.
    pub in_path: Vec<String>,
    /// The parameters of the query string and their schemas.
    pub in_query: Vec<(String, Value)>,
    /// The schema of the body, where it has one.
    pub body: Option<Value>,
    /// Whether repetitions of it can be named.
    pub takes_idempotency_key: bool,
    /// Whether somebody has to be signed in.
    pub is_for_people: bool,
}

/// A command of the bus.
#[derive(Debug, Clone)]
pub struct Command {
    /// Its name.
    pub name: String,
    /// The schema of its parameters.
    pub parameters: Value,
}

impl Documents {
    /// Reads what a server says of itself.
    pub async fn of(client: &Client) -> Self {
        Self {
            openapi: client.get("/api/openapi.json").await.expect(200),
            asyncapi: marked(&client.get("/api/asyncapi.json").await.expect(200)),
        }
    }

    /// Every route of the interface.
    pub fn operations(&self) -> Vec<Operation> {
        let mut found = Vec::new();
        for (path, methods) in self.openapi["paths"].as_object().expect("paths") {
            for (method, operation) in methods.as_object().expect("methods") {
                let Ok(method) = Method::from_bytes(method.to_uppercase().as_bytes()) else { continue };
                if operation.get("operationId").is_none() {
                    continue;
                }
                let parameters: Vec<&Value> = operation["parameters"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|it| self.resolve(it))
                    .collect();
                let named = |place: &str| {
                    parameters
                        .iter()
                        .filter(|it| it["in"] == place)
                        .map(|it| (text(&it["name"]), it["schema"].clone()))
                        .collect::<Vec<_>>()
                };
                let content = &operation["requestBody"]["content"]["application/json"]["schema"];
                found.push(Operation {
                    name: text(&operation["operationId"]),
                    method,
                    path: path.clone(),
                    in_path: named("path").into_iter().map(|(name, _)| name).collect(),
                    in_query: named("query"),
                    body: (!content.is_null()).then(|| content.clone()),
                    takes_idempotency_key: named("header").iter().any(|(name, _)| name == "Idempotency-Key"),
                    is_for_people: operation["security"].as_array().is_some_and(|ways| !ways.is_empty()),
                });
            }
        }
        assert!(found.len() > 30, "the document has lost its routes");
        found
    }

    /// Every command of the bus.
    pub fn commands(&self) -> Vec<Command> {
        let listed = self.asyncapi["x-commands"].as_object().expect("commands");
        let commands = listed
            .iter()
            .map(|(name, command)| Command { name: name.clone(), parameters: command["params"].clone() });
        commands.collect()
    }

    /// Every kind of frame that clients send: its name and its schema.
    pub fn frames(&self) -> Vec<(String, Value)> {
        let messages = self.asyncapi["components"]["messages"].as_object().expect("messages");
        let frames = messages.iter().filter(|(name, _)| name.starts_with("client."));
        frames.map(|(_, message)| (text(&message["name"]), message["payload"].clone())).collect()
    }

    /// The properties of a body or of parameters: each name with its schema.
    pub fn properties(&self, schema: &Value) -> Map<String, Value> {
        let schema = self.resolve(schema);
        let mut properties = schema["properties"].as_object().cloned().unwrap_or_default();
        for part in schema["allOf"].as_array().into_iter().flatten() {
            properties.extend(self.properties(part));
        }
        properties
    }

    /// Whether a schema is that of an identifier, `null` allowed or not.
    pub fn is_id(&self, schema: &Value) -> bool {
        let schema = self.resolve(schema);
        let either = schema["anyOf"].as_array().or_else(|| schema["oneOf"].as_array());
        schema["format"] == "uuid" || either.is_some_and(|kinds| kinds.iter().any(|kind| self.is_id(kind)))
    }

    /// Whether a schema is that of a text, `null` allowed or not, that is not one of a few words.
    pub fn is_text(&self, schema: &Value) -> bool {
        let schema = self.resolve(schema);
        if schema.get("enum").is_some() || schema.get("const").is_some() {
            return false;
        }
        let either = schema["anyOf"].as_array().or_else(|| schema["oneOf"].as_array());
        let is_string = schema["type"] == "string"
            || schema["type"].as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind == "string"));
        is_string || either.is_some_and(|kinds| kinds.iter().any(|kind| self.is_text(kind)))
    }

    /// A value that fits a schema: what is required, and nothing else.
    pub fn example(&self, schema: &Value) -> Value {
        self.fitting(schema, "", 0)
    }

    fn fitting(&self, schema: &Value, name: &str, depth: usize) -> Value {
        let schema = self.resolve(schema);
        if depth > MAX_DEPTH {
            return Value::Null;
        }
        if let Some(value) = schema.get("const") {
            return value.clone();
        }
        if let Some(first) = schema["enum"].get(0) {
            return first.clone();
        }
        for key in ["anyOf", "oneOf"] {
            let Some(first) = schema[key].get(0) else { continue };
            let mut value = self.fitting(first, name, depth + 1);
            // Some say what is there in any case, and beside it what there is one or the other of.
            if let Some(object) = value.as_object_mut() {
                object.extend(self.required_of(schema, depth));
            }
            return value;
        }
        let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str()).unwrap_or("object");
        match (kind, name) {
            ("string", "email") => json!(format!("{}@example.org", crate::harness::new_id())),
            ("string", "model") => json!("builtin/recall"),
            ("string", "role") => json!("user"),
            ("string", _) => match schema["format"].as_str() {
                Some("uuid") => json!(super::world::NOTHING),
                Some("date-time") => json!("2030-01-01T00:00:00Z"),
                Some("password") => json!("a long and unusual phrase 7"),
                _ => json!("words"),
            },
            ("array", _) => json!([self.fitting(&schema["items"], name, depth + 1)]),
            ("integer", _) => schema.get("minimum").cloned().unwrap_or_else(|| json!(1)),
            ("number", _) => json!(0.5),
            ("boolean", _) => json!(true),
            _ => Value::Object(self.required_of(schema, depth)),
        }
    }

    /// What an object must have.
    fn required_of(&self, schema: &Value, depth: usize) -> Map<String, Value> {
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let properties = schema["properties"].as_object().into_iter().flatten();
        let needed = properties.filter(|(name, _)| required.contains(&name.as_str()));
        needed.map(|(name, schema)| (name.clone(), self.fitting(schema, name, depth + 1))).collect()
    }

    /// Every place in a value that fits a schema, however deep, whose own schema is one of these: names, and `0` for the
    /// first of several.
    pub fn places(&self, schema: &Value, is_one: &dyn Fn(&Value) -> bool) -> Vec<Vec<String>> {
        let mut found = Vec::new();
        self.collect_places(schema, is_one, &mut Vec::new(), &mut found);
        found.sort();
        found.dedup();
        found
    }

    fn collect_places(
        &self,
        schema: &Value,
        is_one: &dyn Fn(&Value) -> bool,
        place: &mut Vec<String>,
        found: &mut Vec<Vec<String>>,
    ) {
        let schema = self.resolve(schema);
        if is_one(schema) {
            found.push(place.clone());
        }
        if place.len() > MAX_DEPTH {
            return;
        }
        for either in ["anyOf", "oneOf", "allOf"].iter().filter_map(|key| schema[key].as_array()).flatten() {
            self.collect_places(either, is_one, place, found);
        }
        let inner = schema["properties"].as_object().into_iter().flatten();
        let inner = inner.map(|(name, schema)| (name.as_str(), schema));
        for (name, schema) in inner.chain(schema.get("items").map(|items| ("0", items))) {
            place.push(name.to_owned());
            self.collect_places(schema, is_one, place, found);
            place.pop();
        }
    }

    /// The schema of what is at a place.
    pub fn at(&self, schema: &Value, place: &[String]) -> Value {
        let inner = |schema: &Value, name: &String| {
            let held = self.holding(schema, name).unwrap_or_else(|| panic!("no {name} in {schema}"));
            held.1.clone()
        };
        place.iter().fold(schema.clone(), |schema, name| inner(&schema, name))
    }

    /// A value that fits a schema, with this one at a place.
    pub fn example_with(&self, schema: &Value, place: &[String], value: &Value) -> Value {
        let Some((first, rest)) = place.split_first() else { return value.clone() };
        let (holder, inner) = self.holding(schema, first).unwrap_or_else(|| panic!("no {first} in {schema}"));
        let filled = self.example_with(inner, rest, value);
        if first == "0" {
            return json!([filled]);
        }
        let mut object = self.example(schema);
        if object.get(first).is_none() && holder != self.resolve(schema) {
            object = self.example(holder);
        }
        object[first.as_str()] = filled;
        object
    }

    /// The form of a schema that has something of this name, and the schema of that.
    fn holding<'a>(&'a self, schema: &'a Value, name: &str) -> Option<(&'a Value, &'a Value)> {
        let schema = self.resolve(schema);
        let inner = if name == "0" { schema.get("items") } else { schema["properties"].get(name) };
        let forms =
            ["anyOf", "oneOf", "allOf"].into_iter().filter_map(|key| schema[key].as_array()).flatten();
        inner
            .map(|inner| (schema, inner))
            .or_else(|| forms.into_iter().find_map(|form| self.holding(form, name)))
    }

    /// The schema behind a reference.
    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        let Some(reference) = schema["$ref"].as_str() else { return schema };
        let (document, pointer) = match reference.strip_prefix(OF_ASYNCAPI) {
            Some(pointer) => (&self.asyncapi, pointer),
            None => (&self.openapi, reference.trim_start_matches('#')),
        };
        self.resolve(document.pointer(pointer).unwrap_or_else(|| panic!("{reference} leads nowhere")))
    }
}

/// How references into the second document begin here: both name schemas that are not the same.
const OF_ASYNCAPI: &str = "#async";

fn marked(document: &Value) -> Value {
    serde_json::from_str(&document.to_string().replace("\"#/", &format!("\"{OF_ASYNCAPI}/"))).expect("JSON")
}

impl Operation {
    /// Whether it changes something.
    pub fn is_unsafe(&self) -> bool {
        self.method != Method::GET
    }

    /// The path with what `value` gives for each name.
    pub fn path_with(&self, value: impl Fn(&str) -> String) -> String {
        let mut path = self.path.clone();
        for name in &self.in_path {
            path = path.replace(&format!("{{{name}}}"), &value(name));
        }
        path
    }

    /// Asks, with a body where it takes one.
    pub async fn ask(&self, client: &Client, path: &str, body: Option<&Value>) -> Answer {
        let request = client.request(self.method.clone(), path);
        Answer::of(match body {
            Some(body) => request.json(body),
            None => request,
        })
        .await
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}
