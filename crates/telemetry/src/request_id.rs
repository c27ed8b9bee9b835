//! The identifier of one request, in every line that the request causes.

use std::fmt;

/// The identifier of one request: 1 to 128 visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RequestId(String);

impl RequestId {
    /// The largest number of characters.
    pub const MAX_CHARACTERS: usize = 128;

    /// A new identifier.
    pub fn generate() -> Self {
        Self(format!("{:032x}", u128::from_be_bytes(crate::random())))
    }

    /// Checks an identifier that a client sent.
    pub fn parse(text: &str) -> Option<Self> {
        let is_valid = (1..=Self::MAX_CHARACTERS).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_graphic());
        is_valid.then(|| Self(text.to_owned()))
    }

    /// The identifier in an `X-Request-Id` header; a new one when there is no such header, or an unusable one.
    pub fn from_header(header: Option<&str>) -> Self {
        header.and_then(Self::parse).unwrap_or_else(Self::generate)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_short_visible_ascii_is_taken_over() {
        let longest = "a".repeat(128);
        for kept in ["a", "req-1/2:3", &longest] {
            assert_eq!(RequestId::from_header(Some(kept)).as_str(), kept);
        }
        let too_long = "a".repeat(129);
        for replaced in ["", "a b", "a\r\nb", "é", "\u{1b}[31m", &too_long] {
            let id = RequestId::from_header(Some(replaced));
            assert_ne!(id.as_str(), replaced);
            assert_eq!(id.as_str().len(), 32);
        }
        assert_ne!(RequestId::from_header(None), RequestId::from_header(None));
    }
}
