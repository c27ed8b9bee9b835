//! Collecting the schemas of requests and answers.
//!
//! What a client may leave out and what the server always says differ: one generator looks at types as they are read,
//! the other as they are written. Where both give a type the same schema they share it.

use application::bus::Registry;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use crate::route::{Route, SchemaOf};

/// Where components stand in the document.
const PATH: &str = "#/components/schemas/";
/// What tells the schema of a request from that of an answer, where they differ.
const INPUT: &str = "Input";

/// The schemas of requests and answers.
pub struct Schemas {
    requests: SchemaGenerator,
    answers: SchemaGenerator,
    registry: Registry,
    /// Commands whose parameters are bodies, with what stands elsewhere in the request.
    elsewhere: Vec<(String, Vec<&'static str>)>,
}

impl Schemas {
    /// No schemas yet.
    pub fn new() -> Self {
        let settings = || {
            SchemaSettings::draft2020_12().with(|settings| {
                settings.definitions_path = "/components/schemas".into();
                settings.meta_schema = None;
            })
        };
        Self {
            requests: settings().for_deserialize().into_generator(),
            answers: settings().for_serialize().into_generator(),
            registry: Registry::new(),
            elsewhere: Vec::new(),
        }
    }

    /// The schema of something that is written.
    pub fn answer(&mut self, schema_of: SchemaOf) -> Value {
        schema_of(&mut self.answers).to_value()
    }

    /// The schema of something that is read.
    pub fn request(&mut self, schema_of: SchemaOf) -> Value {
        as_input(schema_of(&mut self.requests).to_value())
    }

    /// The schema of the body of a command's route; `None` where nothing is left for the body. Gives also whether
    /// there must be a body.
    pub fn command(&mut self, route: &Route) -> Option<(Value, bool)> {
        let entry = self.registry.get(route.operation)?;
        let reference = (entry.parameters)(&mut self.requests).to_value();
        let name = reference.get("$ref")?.as_str()?.strip_prefix(PATH)?.to_owned();
        let elsewhere: Vec<&str> = route.path_parameters().chain(["expected_version"]).collect();
        let mut schema = self.requests.definitions().get(&name)?.clone();
        remove_properties(&mut schema, &elsewhere);
        let is_empty = schema.get("properties").and_then(Value::as_object).is_none_or(Map::is_empty);
        let is_required = schema.get("required").is_some() || schema.get("oneOf").is_some();
        self.elsewhere.push((name, elsewhere));
        (!is_empty).then(|| (as_input(reference), is_required))
    }

    /// A schema itself, where it is a reference.
    pub fn resolve<'a>(&'a self, schema: &'a Value) -> Option<&'a Value> {
        match schema.get("$ref").and_then(Value::as_str) {
            Some(reference) => self.answers.definitions().get(reference.strip_prefix(PATH)?),
            None => Some(schema),
        }
    }

    /// The components of the document. Requests stand under names of their own at first; those that are the same as
    /// an answer's are shared by [`super::names::shorten`].
    pub fn into_components(mut self) -> Value {
        let mut components = Map::new();
        for (name, schema) in self.answers.take_definitions(true) {
            components.insert(name, schema);
        }
        for (name, mut schema) in self.requests.take_definitions(true) {
            if let Some((_, elsewhere)) = self.elsewhere.iter().find(|(command, _)| *command == name) {
                remove_properties(&mut schema, elsewhere);
            }
            components.insert(format!("{name}{INPUT}"), as_input(schema));
        }
        components.sort_keys();
        Value::Object(components)
    }
}

/// The same schema with its references to the schemas of requests.
fn as_input(mut schema: Value) -> Value {
    super::names::each_reference(&mut schema, &mut |reference| {
        reference.push_str(INPUT);
    });
    schema
}

fn remove_properties(schema: &mut Value, names: &[&str]) {
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.retain(|name, _| !names.contains(&name.as_str()));
    }
    let Some(object) = schema.as_object_mut() else { return };
    if let Some(required) = object.get_mut("required").and_then(Value::as_array_mut) {
        required.retain(|name| !names.iter().any(|removed| name == removed));
        if required.is_empty() {
            object.remove("required");
        }
    }
}
