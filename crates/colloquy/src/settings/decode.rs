//! From the merged tree to the types of the settings.

use std::fmt;

use serde::de::{DeserializeOwned, Expected, Unexpected};
use serde_path_to_error::Segment;

use super::Problem;
use super::problem::suggestion;
use super::secrets::is_secret;
use super::tree::Node;

/// Reads the tree as `T`. What cannot be read is taken out of the tree and told, so that all of it is told at once;
/// the rest is read as if it had not been there.
pub fn decode<T: DeserializeOwned + Default>(tree: &mut Node, problems: &mut Vec<Problem>) -> T {
    loop {
        let error = match serde_path_to_error::deserialize::<_, T>(&*tree) {
            Ok(settings) => return settings,
            Err(error) => error,
        };
        let mut path: Vec<String> = error
            .path()
            .iter()
            .map_while(|segment| match segment {
                Segment::Map { key } => Some(key.clone()),
                Segment::Seq { .. } | Segment::Enum { .. } | Segment::Unknown => None,
            })
            .collect();
        // A list fails as a whole: only what stands in the tree can be taken out of it.
        while !path.is_empty() && tree.get(&path).is_none() {
            path.pop();
        }
        let setting = path.join(".");
        if !is_told(error.inner(), &setting, problems) {
            let described = describe(error.inner(), path.last().map(String::as_str));
            problems.push(Problem::new(setting, tree.origin_of(&path).cloned(), described));
        }
        if !tree.prune(&path) {
            return T::default();
        }
    }
}

/// Whether a setting is missing only because its value was refused before.
fn is_told(error: &DecodeError, section: &str, problems: &[Problem]) -> bool {
    let DecodeError::MissingField(field) = error else { return false };
    problems.iter().any(|told| told.setting.strip_suffix(field) == Some(&format!("{section}.")))
}

fn describe(error: &DecodeError, key: Option<&str>) -> String {
    let name = key.unwrap_or_default();
    match error {
        DecodeError::UnknownField { expected } => {
            format!("there is no such setting{}", suggestion(name, expected.iter().copied()))
        }
        DecodeError::MissingField(field) => format!("the setting `{field}` is missing"),
        DecodeError::Custom(_) if is_secret(name) => "must be text".to_owned(),
        DecodeError::Custom(message) if message == "invalid socket address syntax" => {
            "must be an address and a port, such as 127.0.0.1:8080".to_owned()
        }
        DecodeError::Custom(message)
            if name.ends_with("url") && message.contains("relative URL without a base") =>
        {
            "must begin with https:// (or http://), such as https://chat.example.org".to_owned()
        }
        DecodeError::Custom(message) => message.clone(),
    }
}

/// Why a value does not fit its setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DecodeError {
    /// There is no setting of that name.
    UnknownField {
        /// Those that there are.
        expected: &'static [&'static str],
    },
    /// A setting without a default is not there.
    MissingField(&'static str),
    /// Anything else, in words.
    Custom(String),
}

impl fmt::Display for DecodeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&describe(self, None))
    }
}

impl std::error::Error for DecodeError {}

impl serde::de::Error for DecodeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Custom(message.to_string())
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        if let (Some(bound), true) = (out_of_range(found), is_unsigned(expected)) {
            return Self::Custom(format!("{bound}, but is {}", shown(found)));
        }
        Self::Custom(format!("must be {}, but is {}", in_words(expected), shown(found)))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        // Some kinds of providers are known by name only to say how they are reached all the same.
        let known = || expected.iter().copied().filter(|word| !llm::UNSERVED_KINDS.contains(word));
        let words: Vec<&str> = known().collect();
        Self::Custom(format!(
            "must be one of {}, but is {variant:?}{}",
            words.join(", "),
            suggestion(variant, known())
        ))
    }

    fn unknown_field(_: &str, expected: &'static [&'static str]) -> Self {
        Self::UnknownField { expected }
    }

    fn missing_field(field: &'static str) -> Self {
        Self::MissingField(field)
    }
}

/// What is wrong with a whole number that its type does not hold. The range that the setting has is narrower than the
/// type's, which is not told for that reason.
fn out_of_range(found: Unexpected<'_>) -> Option<&'static str> {
    let is_negative = match found {
        Unexpected::Signed(number) => number < 0,
        Unexpected::Unsigned(_) => false,
        Unexpected::Str(word) => word.trim().parse::<i128>().ok()? < 0,
        _ => return None,
    };
    Some(if is_negative { "must not be negative" } else { "must be a smaller number" })
}

fn is_unsigned(expected: &dyn Expected) -> bool {
    matches!(expected.to_string().as_str(), "u8" | "u16" | "u32" | "u64" | "usize")
}

/// What serde expects, in an operator's words.
fn in_words(expected: &dyn Expected) -> String {
    let expected = expected.to_string();
    let words = match expected.as_str() {
        "u8" | "u16" | "u32" | "u64" | "usize" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a string" => "text",
        "relative URL without a base" => "an address such as https://chat.example.org",
        "socket address" => "an address and a port, such as 127.0.0.1:8080",
        other if other.starts_with("struct ") || other == "a map" => "a section",
        other => other,
    };
    words.to_owned()
}

fn shown(found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Str(text) => format!("{text:?}"),
        Unexpected::Map => "a section".to_owned(),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Bool(value) => value.to_string(),
        Unexpected::Signed(value) => value.to_string(),
        Unexpected::Unsigned(value) => value.to_string(),
        Unexpected::Float(value) => value.to_string(),
        other => other.to_string(),
    }
}
