//! From results to answers: JSON, entity tags, sparse fields, links to the next page.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use application::{Error, Reply};
use domain::Version;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::problem::Problem;
use crate::query::QueryString;
use crate::route::{Call, Outcome};

/// A page of a list.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "{T}Page")]
pub struct ListBody<T> {
    /// The items in the order of the list.
    pub items: Vec<T>,
    /// What to give as `after` for the next page; `null` on the last one.
    pub next: Option<String>,
}

/// An answer in JSON.
pub fn json(status: StatusCode, body: &impl Serialize) -> Outcome {
    Ok(builder(status, None).body(serde_json::to_vec(body).map_err(Error::internal)?))
}

/// One resource: with its version as its entity tag, reduced to the fields that were asked for, or 304 where the
/// client has it already.
pub fn one<T: Serialize>(call: &Call, query: &QueryString, view: &T, version: Option<Version>) -> Outcome {
    if let Some(version) = version
        && matches_any(call.request.headers(), version)
    {
        return Ok(HttpResponse::NotModified().insert_header((header::ETAG, entity_tag(version))).finish());
    }
    let mut builder = builder(StatusCode::OK, version);
    match query.fields() {
        None => Ok(builder.body(serde_json::to_vec(view).map_err(Error::internal)?)),
        Some(fields) => {
            let value = serde_json::to_value(view).map_err(Error::internal)?;
            Ok(builder.body(serde_json::to_vec(&reduce(value, fields)).map_err(Error::internal)?))
        }
    }
}

/// A page of a list, with a link to the next one.
pub fn list<T: Serialize>(call: &Call, query: &QueryString, items: &[T], next: Option<String>) -> Outcome {
    /// A page, borrowed.
    #[derive(Serialize)]
    struct Page<'a, T> {
        items: &'a [T],
        next: Option<String>,
    }
    let mut builder = builder(StatusCode::OK, None);
    if let Some(next) = &next {
        let link = format!("<{}?{}>; rel=\"next\"", call.request.path(), query.with_after(next));
        builder.insert_header((header::LINK, link));
    }
    let body = match query.fields() {
        None => serde_json::to_vec(&Page { items, next }),
        Some(fields) => {
            let reduced: Result<Vec<Value>, _> = items
                .iter()
                .map(|item| serde_json::to_value(item).map(|value| reduce(value, fields)))
                .collect();
            serde_json::to_vec(&Page { items: &reduced.map_err(Error::internal)?, next })
        }
    };
    Ok(builder.body(body.map_err(Error::internal)?))
}

/// The durable result of a command.
pub fn reply(status: StatusCode, reply: Reply, location: Option<String>) -> HttpResponse {
    let has_body = status != StatusCode::NO_CONTENT;
    let mut answer = if has_body { builder(status, reply.version) } else { HttpResponse::NoContent() };
    if reply.replayed {
        answer.insert_header(("idempotency-replayed", "true"));
    }
    if let Some(location) = location {
        answer.insert_header((header::LOCATION, location));
    }
    if !has_body {
        return answer.finish();
    }
    let text: Box<str> = reply.result.into();
    answer.body(String::from(text))
}

/// The version that the client expects, from `If-Match`; `None` where it does not say, or takes any.
pub fn expected_version(request: &HttpRequest) -> Result<Option<Version>, Problem> {
    let malformed = || {
        let detail = "If-Match must be one entity tag as ETag gave it, such as \"3\", or *.";
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "if_match", detail)
    };
    let mut values = request.headers().get_all(header::IF_MATCH);
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.to_str().map_err(|_| malformed())?.trim();
    if values.next().is_some() {
        return Err(malformed());
    }
    if text == "*" {
        return Ok(None);
    }
    let tag = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).ok_or_else(malformed)?;
    let is_number = !tag.is_empty() && !tag.starts_with('0') && tag.bytes().all(|byte| byte.is_ascii_digit());
    let number = tag.parse().ok().filter(|_| is_number);
    number.and_then(Version::new).map(Some).ok_or_else(malformed)
}

/// Whether `If-None-Match` names the version (RFC 9110, section 13.1.2: weak comparison).
fn matches_any(headers: &HeaderMap, version: Version) -> bool {
    names(headers, &entity_tag(version))
}

/// Whether `If-None-Match` names an entity tag.
pub fn names(headers: &HeaderMap, tag: &str) -> bool {
    let values = headers.get_all(header::IF_NONE_MATCH).filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|offered| offered == "*" || offered.strip_prefix("W/").unwrap_or(offered) == tag)
}

fn entity_tag(version: Version) -> String {
    format!("\"{version}\"")
}

fn builder(status: StatusCode, version: Option<Version>) -> HttpResponseBuilder {
    let mut builder = HttpResponse::build(status);
    builder.insert_header((header::CONTENT_TYPE, HeaderValue::from_static("application/json")));
    if let Some(version) = version {
        builder.insert_header((header::ETAG, entity_tag(version)));
    }
    builder
}

/// The object with these fields only, in the order in which they were asked for.
fn reduce(value: Value, fields: &[String]) -> Value {
    let Value::Object(mut object) = value else { return value };
    let mut reduced = Map::new();
    for field in fields {
        if let Some(value) = object.remove(field) {
            reduced.insert(field.clone(), value);
        }
    }
    Value::Object(reduced)
}

#[cfg(test)]
#[path = "respond_tests.rs"]
mod tests;
