//! Reading JSON bodies: bounded before they are buffered, in time, and strictly.
//!
//! Where two readers of one text could understand different things (duplicate names, lone surrogates, invalid UTF-8),
//! the text is refused.

use std::fmt;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::problem::Problem;

/// How deep arrays and objects may be nested.
const MAX_DEPTH: usize = 64;

/// Reads a JSON object; an empty body is an empty object.
pub async fn read_object(
    request: &HttpRequest,
    payload: Payload,
    limit: usize,
    timeout: Duration,
) -> Result<Map<String, Value>, Problem> {
    match read(request, payload, limit, timeout).await? {
        Some(Value::Object(object)) => Ok(object),
        Some(_) => Err(malformed("The body must be a JSON object.")),
        None => Ok(Map::new()),
    }
}

/// Reads a JSON value; `None` for an empty body.
pub async fn read(
    request: &HttpRequest,
    payload: Payload,
    limit: usize,
    timeout: Duration,
) -> Result<Option<Value>, Problem> {
    let body = read_bytes(request, payload, limit, timeout).await?;
    if body.is_empty() {
        return Ok(None);
    }
    parse(&body).map(Some)
}

/// Reads the bytes of a JSON body. Nothing is read of a body that is refused for its head.
pub async fn read_bytes(
    request: &HttpRequest,
    mut payload: Payload,
    limit: usize,
    timeout: Duration,
) -> Result<Bytes, Problem> {
    let headers = request.headers();
    let declared = declared_length(headers)?;
    if declared == Some(0) {
        return Ok(Bytes::new());
    }
    if declared.is_some_and(|length| length > limit as u64) {
        return Err(too_large(limit));
    }
    let has_body = declared.is_some() || headers.contains_key(header::TRANSFER_ENCODING);
    if has_body {
        check_media_type(headers)?;
    }
    let mut body = BytesMut::with_capacity(usize::try_from(declared.unwrap_or(0)).unwrap_or(0).min(limit));
    let read = async {
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|_| {
                Problem::malformed("incomplete_body", "The body ended before it was complete.").closing()
            })?;
            if body.len() + chunk.len() > limit {
                return Err(too_large(limit));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(())
    };
    let in_time = tokio::time::timeout(timeout, read).await;
    in_time.unwrap_or_else(|_| {
        let detail = format!("The body did not arrive within {} ms.", timeout.as_millis());
        Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "body_timeout", detail).closing())
    })?;
    if !body.is_empty() {
        check_media_type(headers)?;
    }
    Ok(body.freeze())
}

/// Reads a JSON text strictly.
pub fn parse(body: &[u8]) -> Result<Value, Problem> {
    let text = std::str::from_utf8(body)
        .map_err(|error| malformed(format!("The body is not UTF-8 from byte {} on.", error.valid_up_to())))?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Strict { depth: 0 }.deserialize(&mut deserializer);
    let value = value.and_then(|value| deserializer.end().map(|()| value));
    value.map_err(|error| malformed(format!("The body is not JSON that can be understood: {error}.")))
}

fn malformed(detail: impl Into<String>) -> Problem {
    Problem::malformed("malformed_json", detail)
}

fn too_large(limit: usize) -> Problem {
    let detail = format!("The body is larger than {limit} bytes.");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail).closing()
}

fn declared_length(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(value) = headers.get(header::CONTENT_LENGTH) else { return Ok(None) };
    let length = value.to_str().ok().and_then(|text| text.trim().parse().ok());
    let wrong = || Problem::malformed("content_length", "Content-Length is not a length.").closing();
    length.map(Some).ok_or_else(wrong)
}

fn check_media_type(headers: &HeaderMap) -> Result<(), Problem> {
    let unsupported =
        |slug, detail| Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, slug, detail).closing());
    if headers.contains_key(header::CONTENT_ENCODING) {
        return unsupported("content_encoding", "Send the body as it is, without Content-Encoding.");
    }
    let mut types = headers.get_all(header::CONTENT_TYPE);
    let media_type = types.next().and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (essence, parameters) = media_type.split_once(';').unwrap_or((media_type, ""));
    let is_utf8 = parameters.trim().is_empty()
        || parameters.split_once('=').is_some_and(|(name, value)| {
            name.trim().eq_ignore_ascii_case("charset")
                && value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        });
    if types.next().is_some() || !essence.trim().eq_ignore_ascii_case("application/json") || !is_utf8 {
        return unsupported("media_type", "Send application/json in UTF-8 and say so in Content-Type.");
    }
    Ok(())
}

/// Builds a value and refuses what `serde_json::Value` would silently accept.
#[derive(Clone, Copy)]
struct Strict {
    depth: usize,
}

impl Strict {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth == MAX_DEPTH {
            return Err(E::custom(format_args!("nested more than {MAX_DEPTH} levels deep")));
        }
        Ok(Self { depth: self.depth + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let below = self.deeper()?;
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(below)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let below = self.deeper()?;
        let mut object = Map::new();
        while let Some(name) = entries.next_key::<String>()? {
            if object.contains_key(&name) {
                let name: String = name.chars().take(100).collect();
                return Err(A::Error::custom(format_args!("the name {name:?} stands twice in one object")));
            }
            let value = entries.next_value_seed(below)?;
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
