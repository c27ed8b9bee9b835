//! What went wrong, as RFC 9457 problem details: the one place that knows the status of an error.

use std::fmt;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use application::{Code, Error, FieldError};
use domain::Version;
use schemars::JsonSchema;
use serde::Serialize;

use crate::openai;
use crate::request::RequestInfo;

/// The media type of problems.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// What went wrong, ready to be told over HTTP.
#[derive(Debug, Clone)]
pub struct Problem {
    status: StatusCode,
    slug: &'static str,
    detail: String,
    fields: Vec<FieldError>,
    retry_after: Option<Duration>,
    current_version: Option<Version>,
    allow: Option<String>,
    closes: bool,
}

/// The body of a problem: RFC 9457, with the members `trace_id` and `errors`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(title = "Problem", rename = "Problem")]
pub struct ProblemBody {
    /// A stable name of the kind of problem, as a relative address that explains it.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind in words.
    pub title: String,
    /// The HTTP status, also where the problem came another way.
    #[schemars(range(min = 400, max = 599))]
    pub status: u16,
    /// What happened, to what, and what to do next.
    pub detail: String,
    /// What was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// The trace under which the server logged it.
    pub trace_id: String,
    /// For invalid input: which fields, and why.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub errors: Vec<FieldError>,
}

impl Problem {
    /// A problem of HTTP itself, which no other transport has.
    pub fn new(status: StatusCode, slug: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            slug,
            detail: detail.into(),
            fields: Vec::new(),
            retry_after: None,
            current_version: None,
            allow: None,
            closes: false,
        }
    }

    /// A request that cannot be read.
    pub fn malformed(slug: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, slug, detail)
    }

    /// A path that leads nowhere.
    pub fn unknown_route() -> Self {
        Error::not_found().into()
    }

    /// A method that this path does not have.
    pub fn method_not_allowed(allow: String) -> Self {
        let detail =
            format!("This address takes {}.", if allow.is_empty() { "no such method" } else { &allow });
        Self { allow: Some(allow), ..Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail) }
    }

    /// The connection ends with the answer: what else is on its way is not read.
    #[must_use]
    pub const fn closing(mut self) -> Self {
        self.closes = true;
        self
    }

    /// The HTTP status.
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// The stable name of the kind of problem.
    pub const fn slug(&self) -> &'static str {
        self.slug
    }

    /// What happened, and what to do next.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The body, for every transport. `instance` is the path that was asked for, where there is one.
    pub fn body(&self, instance: Option<&str>, trace_id: &str) -> ProblemBody {
        ProblemBody {
            kind: format!("/problems/{}", self.slug),
            title: title(self.slug),
            status: self.status.as_u16(),
            detail: self.detail.clone(),
            instance: instance.map(ToOwned::to_owned),
            trace_id: trace_id.to_owned(),
            errors: self.fields.clone(),
        }
    }

    /// The whole answer to a request.
    pub fn respond(&self, request: &HttpRequest) -> HttpResponse {
        self.answer(request.path(), &RequestInfo::of(request))
    }

    /// The whole answer to a request for `path`.
    pub fn answer(&self, path: &str, info: &RequestInfo) -> HttpResponse {
        let body = self.body(Some(path), &info.trace.trace_id.to_string());
        let json = serde_json::to_vec(&body).expect("a problem is strings and numbers, which JSON can write");
        let mut answer = HttpResponse::build(self.status);
        answer.insert_header((header::CONTENT_TYPE, MEDIA_TYPE));
        if let Some(after) = self.retry_after {
            answer.insert_header((header::RETRY_AFTER, whole_seconds(after)));
        }
        if let Some(version) = self.current_version {
            answer.insert_header((header::ETAG, format!("\"{version}\"")));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            answer.insert_header((
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"colloquy\""),
            ));
        }
        if let Some(allow) = &self.allow {
            answer.insert_header((header::ALLOW, allow.as_str()));
        }
        if self.closes {
            answer.force_close();
        }
        let answer = answer.body(json);
        if openai::error::is_spoken_at(path) { openai::error::answer(self, answer) } else { answer }
    }
}

impl From<Error> for Problem {
    fn from(mut error: Error) -> Self {
        // What did not come through the bus, such as signing in, has not been logged yet.
        error.log_source();
        let problem = error.problem();
        Self {
            fields: problem.fields.clone(),
            retry_after: problem.retry_after,
            current_version: problem.current_version,
            ..Self::new(status(error.code()), problem.slug, problem.detail.clone())
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}: {}", self.status.as_u16(), self.slug, self.detail)
    }
}

/// The HTTP status of each kind of error.
const fn status(code: Code) -> StatusCode {
    match code {
        Code::Malformed => StatusCode::BAD_REQUEST,
        Code::InvalidInput => StatusCode::UNPROCESSABLE_ENTITY,
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::Forbidden => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::Gone => StatusCode::GONE,
        Code::Conflict => StatusCode::CONFLICT,
        Code::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
        Code::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Code::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        Code::Overloaded | Code::Unavailable | Code::TimedOut => StatusCode::SERVICE_UNAVAILABLE,
        Code::Provider => StatusCode::BAD_GATEWAY,
        Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The kind in words: the slug with spaces, unless that reads badly.
pub fn title(slug: &str) -> String {
    let words = match slug {
        "content_encoding" => "Unsupported content encoding",
        "content_length" => "Malformed content length",
        "csrf_token" => "Wrong CSRF token",
        "host" => "Not exactly one host",
        "idempotency_key" => "Malformed idempotency key",
        "if_match" => "Malformed If-Match",
        "malformed_json" => "Malformed JSON",
        "media_type" => "Unsupported media type",
        "not_utf8" => "Not UTF-8",
        "query_string" => "Malformed query string",
        "websocket_key" => "Malformed WebSocket key",
        _ => return capitalised(&slug.replace('_', " ")),
    };
    words.to_owned()
}

/// The words with a capital at the beginning.
pub fn capitalised(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Seconds, never fewer than asked and at least one.
fn whole_seconds(duration: Duration) -> u64 {
    let more = u64::from(duration.subsec_nanos() > 0);
    (duration.as_secs() + more).max(1)
}

#[cfg(test)]
#[path = "problem_tests.rs"]
mod tests;
