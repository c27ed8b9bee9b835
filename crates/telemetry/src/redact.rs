//! Secrets stay out of the log, whoever tries to log them.

use std::borrow::Cow;

/// What stands in place of a secret.
pub const MASK: &str = "[redacted]";

/// Names of fields, and ends of such names after a `_`, whose values are never shown.
const SECRET_NAMES: [&str; 8] =
    ["password", "secret", "token", "api_key", "authorization", "cookie", "passphrase", "credential"];

/// How secrets begin when they stand inside a text: our own keys, HTTP credentials, common provider keys, and the
/// fragment of a set-up link.
const SECRET_PREFIXES: [&str; 5] = ["clq_", "Bearer ", "Basic ", "sk-", "token="];

/// Whether the value of a field of this name is a secret. Dots and dashes count as `_`.
pub fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace(['-', '.'], "_");
    SECRET_NAMES
        .iter()
        .any(|secret| name.strip_suffix(secret).is_some_and(|rest| rest.is_empty() || rest.ends_with('_')))
}

/// The text, with everything that looks like a secret masked.
pub fn mask(text: &str) -> Cow<'_, str> {
    let mut masked = String::new();
    let mut rest = text;
    while let Some((start, end)) = next_secret(rest) {
        masked.push_str(&rest[..start]);
        masked.push_str(MASK);
        rest = &rest[end..];
    }
    if masked.is_empty() && rest.len() == text.len() {
        return Cow::Borrowed(text);
    }
    masked.push_str(rest);
    Cow::Owned(masked)
}

/// The part behind the first prefix that begins a word and is followed by at least eight characters of a secret.
fn next_secret(text: &str) -> Option<(usize, usize)> {
    let mut first = None;
    for prefix in SECRET_PREFIXES {
        for (at, _) in text.match_indices(prefix) {
            let begins_a_word =
                !text[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_');
            let start = at + prefix.len();
            let length = text[start..].find(|c: char| !is_secret_character(c)).unwrap_or(text.len() - start);
            if begins_a_word && length >= 8 {
                first = first.min(Some((start, start + length))).or(Some((start, start + length)));
                break;
            }
        }
    }
    first
}

fn is_secret_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || "-_.~+/=".contains(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_named_like_secrets_are_masked() {
        for secret in
            ["password", "api_key", "Authorization", "x-api-key", "set-cookie", "csrf_token", "http.cookie"]
        {
            assert!(is_secret(secret), "{secret}");
        }
        for harmless in ["input_tokens", "keyboard", "cookies", "monkey", "conversation_id", "tokenizer"] {
            assert!(!is_secret(harmless), "{harmless}");
        }
    }

    #[test]
    fn secrets_inside_a_text_are_masked() {
        assert_eq!(mask("key clq_abcdefgh1234 was used"), "key clq_[redacted] was used");
        assert_eq!(
            mask("Authorization: Bearer eyJhbGciOi.abc.def, next"),
            "Authorization: Bearer [redacted], next"
        );
        assert_eq!(mask("http://h/setup#token=0123456789abcdef"), "http://h/setup#token=[redacted]");
        assert_eq!(mask("sk-aaaaaaaaaaaa clq_bbbbbbbbbbbb"), "sk-[redacted] clq_[redacted]");
        assert_eq!(mask("bad sk- then sk-aaaaaaaaaaaa"), "bad sk- then sk-[redacted]");
    }

    #[test]
    fn ordinary_words_stay() {
        for text in
            ["Basic auth is off", "task-oriented-programming", "clq_", "", "a risk-averse-approach", "é sk-é"]
        {
            assert!(matches!(mask(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }
}
