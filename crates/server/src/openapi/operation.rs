//! One operation of the document.

use serde_json::{Map, Value, json};

use super::schemas::Schemas;
use crate::route::{Access, Answer, Body, Parameter, Route};

/// Describes a route.
pub fn describe(route: &Route, schemas: &mut Schemas) -> Value {
    let mut operation = json!({
        "operationId": route.operation,
        "tags": [route.tag],
        "summary": route.summary,
        "security": match route.access {
            Access::Anyone => json!([]),
            Access::Person => json!([{"session": []}, {"bearer": []}, {"api_key": []}]),
        },
    });
    let parameters = parameters(route);
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    let body = match route.body {
        Body::None => None,
        Body::Command => schemas.command(route),
        Body::Json(schema_of) => Some((schemas.request(schema_of), true)),
    };
    if let Some((schema, is_required)) = body {
        operation["requestBody"] =
            json!({"required": is_required, "content": {"application/json": {"schema": schema}}});
    }
    let mut responses = Map::new();
    for answer in &route.answers {
        responses.insert(answer.status.as_str().to_owned(), response(route, answer, schemas));
    }
    let failure = match &route.failure {
        Some(answer) => response(route, answer, schemas),
        None => json!({"$ref": "#/components/responses/Problem"}),
    };
    responses.insert("default".to_owned(), failure);
    operation["responses"] = responses.into();
    operation
}

fn parameters(route: &Route) -> Vec<Value> {
    let in_path = route.path_parameters().map(|name| {
        let is_id = name.ends_with("_id");
        let schema =
            if is_id { json!({"type": "string", "format": "uuid"}) } else { json!({"type": "string"}) };
        json!({"name": name, "in": "path", "required": true, "schema": schema})
    });
    let in_query = route.query.iter().map(|parameter| {
        let mut described = describe_parameter(parameter, "query");
        if parameter.name == "fields" {
            described["explode"] = false.into();
            described["schema"]["items"]["enum"] = route.fields.clone().into();
        }
        described
    });
    let in_headers = route.headers.iter().map(|parameter| describe_parameter(parameter, "header"));
    in_path.chain(in_query).chain(in_headers).collect()
}

fn describe_parameter(parameter: &Parameter, place: &str) -> Value {
    json!({
        "name": parameter.name,
        "in": place,
        "description": parameter.description,
        "schema": parameter.schema,
    })
}

fn response(route: &Route, answer: &Answer, schemas: &mut Schemas) -> Value {
    let mut response = json!({"description": answer.description});
    for (media_type, schema_of) in &answer.content {
        let schema = schemas.answer(*schema_of);
        let is_sparse = route.sparse.is_some() && *media_type == "application/json";
        response["content"][media_type]["schema"] = if is_sparse { or_sparse(&schema) } else { schema };
    }
    for name in answer.headers {
        response["headers"][name] = json!({"description": header(name), "schema": {"type": "string"}});
    }
    response
}

/// With `fields=`, an answer has some of the fields only.
fn or_sparse(schema: &Value) -> Value {
    json!({"anyOf": [
        schema,
        {"type": "object", "description": "With `fields`: only what was asked for."},
    ]})
}

fn header(name: &str) -> &'static str {
    match name {
        "ETag" => "The version, for If-Match and If-None-Match.",
        "Link" => "The next page, where there is one.",
        "Location" => "Where it can be read.",
        "Set-Cookie" => "The session's cookie.",
        _ => "",
    }
}
