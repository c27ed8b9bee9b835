//! Bounded text: the rules that names, titles and addresses share.

use thiserror::Error;

/// Why a text cannot be what it was offered as.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidText {
    /// Nothing but white space.
    #[error("must not be empty")]
    Empty,
    /// More characters than the type holds.
    #[error("must be at most {limit} characters long")]
    TooLong {
        /// The largest number of Unicode scalar values.
        limit: usize,
    },
    /// Fewer characters than the type needs.
    #[error("must be at least {limit} characters long")]
    TooShort {
        /// The smallest number of Unicode scalar values.
        limit: usize,
    },
    /// A control character, among them NUL and line breaks.
    #[error("must not contain control characters")]
    ControlCharacter,
    /// The text has not the form that the type asks for.
    #[error("must be {expected}")]
    Malformed {
        /// The form in words, such as "an e-mail address".
        expected: &'static str,
    },
}

/// Trims `text` and checks that it is one line of 1 to `limit` characters.
pub(crate) fn single_line(text: &str, limit: usize) -> Result<String, InvalidText> {
    let text = text.trim();
    if text.is_empty() {
        return Err(InvalidText::Empty);
    }
    if text.chars().count() > limit {
        return Err(InvalidText::TooLong { limit });
    }
    if text.chars().any(is_unwanted) {
        return Err(InvalidText::ControlCharacter);
    }
    Ok(text.to_owned())
}

/// Controls and the bidirectional overrides that let a name impersonate another.
fn is_unwanted(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

/// Declares a string type whose constructor enforces a rule, with the traits that every such type has.
macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident, max $limit:expr, parse $parse:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, schemars::JsonSchema)]
        #[serde(transparent)]
        #[schemars(inline)]
        pub struct $name(#[schemars(length(min = 1, max = $limit))] String);

        impl $name {
            /// The largest number of characters.
            pub const MAX_CHARACTERS: usize = $limit;

            /// Checks the rule and builds the value.
            pub fn new(text: &str) -> Result<Self, $crate::text::InvalidText> {
                let parse: fn(&str) -> Result<String, $crate::text::InvalidText> = $parse;
                parse(text).map(Self)
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(formatter, concat!(stringify!($name), "({:?})"), self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                Self::new(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}

pub(crate) use text_type;
