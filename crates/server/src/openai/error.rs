//! Errors in OpenAI's terms, so that its libraries understand them.

use actix_web::HttpResponse;
use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderValue};
use schemars::JsonSchema;
use serde::Serialize;

use crate::problem::{Problem, ProblemBody};

/// What all addresses begin with that speak OpenAI's terms.
const PREFIX: &str = "/v1/";

/// Whether errors at this path are told in OpenAI's terms.
pub fn is_spoken_at(path: &str) -> bool {
    path.starts_with(PREFIX)
}

/// The body of an error.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "OpenAiErrorBody", rename = "OpenAiErrorBody")]
pub struct ErrorBody {
    /// What went wrong.
    pub error: ErrorObject,
}

/// What went wrong.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "OpenAiError", rename = "OpenAiError")]
pub struct ErrorObject {
    /// What happened, to what, and what to do next.
    pub message: String,
    /// The kind: `invalid_request_error`, `authentication_error`, `permission_error`, `rate_limit_error` or
    /// `server_error`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The field, such as `messages[0].role`.
    pub param: Option<String>,
    /// A stable name for programs.
    pub code: Option<String>,
}

/// The same answer in OpenAI's terms: its status, its headers, another body.
pub fn answer(problem: &Problem, answer: HttpResponse) -> HttpResponse<BoxBody> {
    let (status, body) = convert(problem);
    let json = serde_json::to_vec(&body).expect("strings, which JSON can write");
    let mut answer = answer.set_body(BoxBody::new(json));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

/// The status and the body that OpenAI's libraries expect for a problem.
pub fn convert(problem: &Problem) -> (StatusCode, ErrorBody) {
    let body = problem.body(None, "");
    let field = body.errors.first();
    let is_unknown_model = field.is_some_and(|field| field.code == "unknown_model");
    let status = match problem.status() {
        _ if is_unknown_model => StatusCode::NOT_FOUND,
        StatusCode::UNPROCESSABLE_ENTITY => StatusCode::BAD_REQUEST,
        status => status,
    };
    let kind = match status.as_u16() {
        401 => "authentication_error",
        403 => "permission_error",
        429 => "rate_limit_error",
        500.. => "server_error",
        _ => "invalid_request_error",
    };
    let code = match (status.as_u16(), field) {
        _ if is_unknown_model => "model_not_found".to_owned(),
        (401, _) => "invalid_api_key".to_owned(),
        (429, _) if problem.slug() == "rate_limited" => "rate_limit_exceeded".to_owned(),
        (_, Some(field)) => field.code.clone(),
        (_, None) => problem.slug().to_owned(),
    };
    let param = field.and_then(|field| parameter(&field.pointer));
    let error = ErrorObject { message: message(body), kind, param, code: Some(code) };
    (status, ErrorBody { error })
}

/// All that is wrong, in one text: the shape has room for one.
fn message(body: ProblemBody) -> String {
    match body.errors.as_slice() {
        [] | [_] => body.detail,
        several => {
            let rules = several
                .iter()
                .map(|field| format!("{}: {}", parameter(&field.pointer).unwrap_or_default(), field.detail));
            rules.collect::<Vec<_>>().join("; ")
        }
    }
}

/// `/messages/0/role` as OpenAI writes it: `messages[0].role`.
fn parameter(pointer: &str) -> Option<String> {
    let mut path = String::new();
    for segment in pointer.strip_prefix('/')?.split('/') {
        let segment =
            segment.strip_prefix("parameters").filter(|rest| rest.is_empty()).map_or(segment, |_| "");
        if segment.is_empty() {
            continue;
        }
        if segment.bytes().all(|byte| byte.is_ascii_digit()) {
            path.push('[');
            path.push_str(segment);
            path.push(']');
        } else {
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(segment);
        }
    }
    Some(path).filter(|path| !path.is_empty())
}

#[cfg(test)]
mod tests {
    use application::{Code, Error};

    use super::*;

    fn told(error: Error) -> (u16, serde_json::Value) {
        let (status, body) = convert(&error.into());
        (status.as_u16(), serde_json::to_value(body).expect("an error is JSON")["error"].take())
    }

    #[test]
    fn every_kind_of_error_has_the_status_and_the_type_that_libraries_look_at() {
        let (status, error) = told(Error::invalid_field("/messages/0/role", "invalid", "is no role"));
        assert_eq!((status, error["type"].as_str()), (400, Some("invalid_request_error")));
        assert_eq!(
            (error["param"].as_str(), error["code"].as_str()),
            (Some("messages[0].role"), Some("invalid"))
        );
        let (status, error) = told(Error::invalid_field("/model", "unknown_model", "there is none"));
        assert_eq!((status, error["code"].as_str()), (404, Some("model_not_found")));
        let (status, error) = told(Error::unauthenticated());
        assert_eq!((status, error["code"].as_str()), (401, Some("invalid_api_key")));
        let (status, error) = told(Error::forbidden("no"));
        assert_eq!((status, error["type"].as_str()), (403, Some("permission_error")));
        let (status, error) = told(Error::new(Code::RateLimited, "rate_limited", "slow down"));
        assert_eq!((status, error["code"].as_str()), (429, Some("rate_limit_exceeded")));
        let (status, error) = told(Error::new(Code::Provider, "provider_failed", "it failed"));
        assert_eq!((status, error["type"].as_str()), (502, Some("server_error")));
        let (status, error) = told(Error::invalid_field("/parameters/top_p", "range", "too much"));
        assert_eq!((status, error["param"].as_str()), (400, Some("top_p")));
    }
}
