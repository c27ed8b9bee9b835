//! From what a provider says went wrong to a [`ProviderError`].

use std::time::Duration;

use domain::ports::ProviderError;
use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};
use serde_json::Value;

use crate::secret::Secret;

/// The most characters of a provider's words that are passed on.
const MOST_CHARACTERS: usize = 500;
/// The longest wait that is believed.
const LONGEST_WAIT: Duration = Duration::from_hours(24);

/// An error in the middle of a stream, as the provider wrote it: JSON.
#[derive(Debug)]
pub(super) struct StatedError(pub String);

/// Makes errors that hold nothing a person should not see.
#[derive(Debug)]
pub(super) struct Reporter {
    /// What must not be in them.
    api_key: Option<Secret>,
}

impl Reporter {
    pub const fn new(api_key: Option<Secret>) -> Self {
        Self { api_key }
    }

    /// An answer with another status than success.
    pub fn status(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> ProviderError {
        if status == StatusCode::UNAUTHORIZED || status == StatusCode::FORBIDDEN {
            return ProviderError::Unauthorized;
        }
        if status.is_redirection() {
            let detail = format!("it redirects elsewhere (HTTP {}); check its base URL", status.as_u16());
            return ProviderError::Garbled { detail };
        }
        let stated: Option<Value> = serde_json::from_slice(body).ok();
        // The quota of an account is not a rate: waiting does not help.
        let is_quota = stated.as_ref().is_some_and(|stated| {
            ["code", "type"].iter().any(|key| stated["error"][key] == "insufficient_quota")
        });
        if status == StatusCode::TOO_MANY_REQUESTS && !is_quota {
            return ProviderError::RateLimited { retry_after: retry_after(headers) };
        }
        let words = match &stated {
            Some(stated) => message(stated),
            None => plain_text(body),
        };
        let detail = self.clean(&words.unwrap_or_else(|| format!("HTTP {status}")));
        if status.is_client_error() && status != StatusCode::REQUEST_TIMEOUT {
            ProviderError::Refused { detail }
        } else {
            ProviderError::Failed { detail }
        }
    }

    /// An error that stands in an answer whose status was success.
    pub fn stated(&self, error: &StatedError) -> ProviderError {
        let stated: Value = serde_json::from_str(&error.0).unwrap_or(Value::Null);
        let inner = if stated["error"].is_null() { &stated } else { &stated["error"] };
        if ["code", "status"].iter().any(|key| inner[key] == 429) {
            return ProviderError::RateLimited { retry_after: None };
        }
        let words = message(&stated).unwrap_or_else(|| "it gave no reason".to_owned());
        ProviderError::Failed { detail: self.clean(&words) }
    }

    /// Something that is not an answer.
    pub fn garbled(&self, detail: &str) -> ProviderError {
        ProviderError::Garbled { detail: self.clean(detail) }
    }

    /// One line of at most some 500 characters without control characters and credentials.
    fn clean(&self, words: &str) -> String {
        let is_unwanted = |c: char| {
            c.is_control()
                || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
        };
        let line = words.replace(is_unwanted, " ");
        let line = self.api_key.as_ref().map_or_else(|| line.clone(), |key| key.blot_out(&line));
        let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
        match line.char_indices().nth(MOST_CHARACTERS) {
            Some((end, _)) => format!("{}…", &line[..end]),
            None => line,
        }
    }
}

/// The words in an error object, wherever the provider puts them.
fn message(stated: &Value) -> Option<String> {
    let places = [
        &stated["error"]["message"],
        &stated["error"],
        &stated["message"],
        &stated["detail"],
        &stated["detail"][0]["msg"],
        stated,
    ];
    let words = places.iter().find_map(|place| place.as_str()).map(str::to_owned);
    words.filter(|words| !words.trim().is_empty())
}

/// The words of a body that is no JSON; a page is not worth showing.
fn plain_text(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    (!text.is_empty() && !text.starts_with('<')).then(|| text.to_owned())
}

/// The wait that `Retry-After` asks for (RFC 9110, section 10.2.3): seconds, or a date, which is read against the
/// answer's own `Date`, so that no clock but the provider's plays a part. `retry-after-ms` is some providers' finer word for it.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let number = |text: &str| {
        text.parse::<f64>().ok().and_then(|value| Duration::try_from_secs_f64(value.max(0.0)).ok())
    };
    if let Some(wait) = text(HeaderName::from_static("retry-after-ms")).and_then(number) {
        return Some((wait / 1000).min(LONGEST_WAIT));
    }
    let stated = text(RETRY_AFTER)?;
    let wait = number(stated).or_else(|| {
        let date = |text| httpdate::parse_http_date(text).ok();
        let now = text(DATE).and_then(date)?;
        Some(date(stated)?.duration_since(now).unwrap_or(Duration::ZERO))
    })?;
    Some(wait.min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reporter() -> Reporter {
        Reporter::new(Some(Secret::new("sk-very-secret")))
    }

    fn refused(body: &str) -> String {
        match reporter().status(StatusCode::BAD_REQUEST, &HeaderMap::new(), body.as_bytes()) {
            ProviderError::Refused { detail } => detail,
            other => panic!("not refused: {other:?}"),
        }
    }

    fn wait(headers: &[(&'static str, &'static str)]) -> Option<Duration> {
        let value = |value| reqwest::header::HeaderValue::from_static(value);
        let headers =
            headers.iter().map(|(name, text)| (HeaderName::from_static(name), value(text))).collect();
        retry_after(&headers)
    }

    #[test]
    fn the_words_are_found_wherever_they_stand() {
        assert_eq!(refused(r#"{"error":{"message":"too long"}}"#), "too long");
        assert_eq!(refused(r#"{"error":"model not found"}"#), "model not found");
        assert_eq!(refused(r#"{"message":"no"}"#), "no");
        assert_eq!(refused(r#"{"detail":[{"msg":"field required"}]}"#), "field required");
        assert_eq!(refused("plain"), "plain");
        assert_eq!(refused("<html>…"), "HTTP 400 Bad Request");
        assert_eq!(refused(""), "HTTP 400 Bad Request");
    }

    #[test]
    fn words_are_one_clean_line_of_bounded_length_without_the_key() {
        let detail = refused(
            &serde_json::json!({"error": {"message": "a\u{1b}[31m\r\nb\u{202E} sk-very-secret c"}})
                .to_string(),
        );
        assert_eq!(detail, "a [31m b ******** c");
        assert_eq!(refused(&"ü".repeat(600)).chars().count(), 501);
        let split = refused(&format!("{} sk-very-secret", "x".repeat(495)));
        assert!(!split.contains("sk-"), "{split}");
    }

    #[test]
    fn every_status_has_its_meaning() {
        let status = |code: u16| {
            let status = StatusCode::from_u16(code).expect("a status");
            reporter().status(status, &HeaderMap::new(), b"").code()
        };
        for (code, expected) in [
            (401, "provider_unauthorized"),
            (403, "provider_unauthorized"),
            (429, "provider_rate_limited"),
            (400, "provider_refused"),
            (404, "provider_refused"),
            (408, "provider_failed"),
            (500, "provider_failed"),
            (503, "provider_failed"),
            (529, "provider_failed"),
            (302, "provider_garbled"),
        ] {
            assert_eq!(status(code), expected, "{code}");
        }
    }

    #[test]
    fn an_empty_account_is_a_refusal_and_not_a_rate() {
        let body = br#"{"error":{"message":"You exceeded your quota","code":"insufficient_quota"}}"#;
        let error = reporter().status(StatusCode::TOO_MANY_REQUESTS, &HeaderMap::new(), body);
        assert_eq!(error.code(), "provider_refused");
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        assert_eq!(wait(&[("retry-after", "3")]), Some(Duration::from_secs(3)));
        assert_eq!(wait(&[("retry-after", "1.5")]), Some(Duration::from_millis(1500)));
        assert_eq!(
            wait(&[("retry-after-ms", "250"), ("retry-after", "1")]),
            Some(Duration::from_millis(250))
        );
        let date = ("retry-after", "Wed, 21 Oct 2015 07:28:30 GMT");
        assert_eq!(wait(&[date, ("date", "Wed, 21 Oct 2015 07:28:00 GMT")]), Some(Duration::from_secs(30)));
        assert_eq!(wait(&[date]), None);
        assert_eq!(wait(&[date, ("date", "Thu, 22 Oct 2015 07:28:00 GMT")]), Some(Duration::ZERO));
        assert_eq!(wait(&[("retry-after", "99999999999")]), Some(LONGEST_WAIT));
        assert_eq!(wait(&[("retry-after", "-1")]), Some(Duration::ZERO));
        assert_eq!(wait(&[("retry-after", "soon")]), None);
        assert_eq!(wait(&[]), None);
    }
}
