//! What each kind of problem means, for whoever follows its address.

use super::{complete, escape};
use crate::problem::title;

/// Kinds of problems: the slug, and what to do.
const KINDS: [(&str, &str); 37] = [
    ("already_set_up", "The first owner exists. Sign in instead, or ask the owner for an account."),
    (
        "answer_running",
        "A model is still writing on this branch. Wait, stop it, or continue on another branch.",
    ),
    (
        "attempt_in_flight",
        "A request with the same idempotency key is still at work. Repeat yours in a moment.",
    ),
    ("bad_request", "The request does not follow the rules of HTTP."),
    ("body_timeout", "The body of the request came too slowly."),
    (
        "body_too_large",
        "The body of the request is larger than the server takes. The detail names the limit.",
    ),
    ("concurrent_change", "Somebody changed the same thing at the same moment. Try again."),
    ("content_encoding", "Bodies of requests are sent as they are, without Content-Encoding."),
    ("content_length", "The Content-Length header is not a length."),
    (
        "csrf_token",
        "With a session's cookie, requests that change something repeat the csrf_token in X-CSRF-Token.",
    ),
    ("email_taken", "Another account has this e-mail address."),
    ("forbidden", "Your role, or your API key's scopes, do not allow this."),
    ("foreign_origin", "With a session's cookie, only pages of this server may change something."),
    ("host", "The request names no host, or several."),
    ("idempotency_key", "An idempotency key is 1 to 255 visible ASCII characters."),
    ("if_match", "If-Match takes one entity tag as ETag gave it, or *."),
    ("incomplete_body", "The connection ended before the body was complete."),
    ("internal_error", "A defect of the server. Its log has more under the trace_id."),
    ("invalid_input", "Some fields break a rule. Each entry of errors points at one."),
    ("malformed_json", "The body is not JSON, or says one thing twice. The detail names the place."),
    ("media_type", "Bodies are application/json in UTF-8."),
    ("method_not_allowed", "The address exists, but not for this method. Allow lists those it has."),
    ("no_session", "There is no session to end: API keys are revoked."),
    ("not_answerable", "A model answers questions, not answers."),
    ("not_found", "It does not exist, or it is somebody else's. Both look the same."),
    ("not_ready", "The server cannot serve at this moment."),
    ("overloaded", "Too much is going on. Repeat the request after the time in Retry-After."),
    ("provider_error", "The provider of the model failed."),
    ("query_string", "The query string is not percent-encoded UTF-8."),
    ("rate_limited", "More requests than the quota allows. Repeat after the time in Retry-After."),
    ("rejected", "A rule of the database refuses the change."),
    (
        "stale_version",
        "It changed since you read it. Read it again, and repeat your change with the new ETag.",
    ),
    ("storage_unavailable", "The database does not answer. Nothing was changed; try again."),
    ("timed_out", "The server did not finish in time. Repeat the request with the same idempotency key."),
    ("unauthenticated", "Sign in, or send a valid API key as a bearer token or in X-Api-Key."),
    (
        "unknown_host",
        "The server does not answer to this name. Its operator allows names in server.allowed_hosts.",
    ),
    ("wrong_credentials", "The address or the password is wrong."),
];

/// The page of a kind of problem; `None` for a kind that there is not.
pub fn explain(slug: &str) -> Option<String> {
    let (_, meaning) = KINDS.iter().find(|(kind, _)| *kind == slug)?;
    let source = include_str!("assets/problem.html")
        .replace("{{title}}", &escape(&title(slug)))
        .replace("{{slug}}", &escape(slug))
        .replace("{{meaning}}", &escape(meaning));
    Some(complete(&source))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_page_and_nothing_else_does() {
        for (slug, _) in KINDS {
            assert!(explain(slug).is_some_and(|page| page.contains(slug) && !page.contains("{{")), "{slug}");
        }
        assert_eq!(explain("<script>"), None);
    }
}
