//! From JSON to a command: every mistake is a field error with a pointer.

mod objects;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use validator::{Validate, ValidationErrors, ValidationErrorsKind};

use crate::{Error, FieldError};
use objects::Objects;

/// Reads a command or a query from JSON and validates it.
pub fn decode<T: DeserializeOwned + Validate>(value: Value) -> Result<T, Error> {
    let decoded: T = serde_path_to_error::deserialize(Objects(value)).map_err(|error| {
        let mut pointer = to_pointer(error.path());
        let detail = error.inner().to_string();
        let code = if let Some(name) = quoted_after(&detail, "missing field `") {
            pointer = format!("{pointer}/{}", escape(name));
            "required"
        } else if let Some(name) = quoted_after(&detail, "unknown field `") {
            let suffix = format!("/{}", escape(name));
            if !pointer.ends_with(&suffix) {
                pointer.push_str(&suffix);
            }
            "unknown_field"
        } else {
            "invalid"
        };
        Error::invalid(vec![FieldError::new(pointer, code, detail)])
    })?;
    validate(&decoded)?;
    Ok(decoded)
}

/// Checks the rules that a type declares about itself.
pub fn validate(value: &impl Validate) -> Result<(), Error> {
    value.validate().map_err(|errors| {
        let mut fields = Vec::new();
        collect(&errors, "", &mut fields);
        fields.sort_by(|a, b| a.pointer.cmp(&b.pointer));
        Error::invalid(fields)
    })
}

fn quoted_after<'a>(detail: &'a str, prefix: &str) -> Option<&'a str> {
    detail.strip_prefix(prefix)?.split('`').next()
}

fn to_pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer.extend(["/", &index.to_string()]),
            Segment::Map { key } => pointer.extend(["/", &escape(key)]),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}

/// Escapes a reference token (RFC 6901, section 3).
fn escape(token: &str) -> String {
    token.replace('~', "~0").replace('/', "~1")
}

fn collect(errors: &ValidationErrors, prefix: &str, fields: &mut Vec<FieldError>) {
    for (name, kind) in errors.errors() {
        // Rules about several fields are declared on the type; validator files them under `__all__`.
        let pointer =
            if name == "__all__" { prefix.to_owned() } else { format!("{prefix}/{}", escape(name)) };
        match kind {
            ValidationErrorsKind::Field(problems) => {
                fields.extend(problems.iter().map(|problem| {
                    let detail = problem.message.as_deref().unwrap_or("is invalid");
                    let pointer = problem.params.get("pointer").and_then(Value::as_str).unwrap_or(&pointer);
                    FieldError::new(pointer, problem.code.as_ref(), detail)
                }));
            }
            ValidationErrorsKind::Struct(nested) => collect(nested, &pointer, fields),
            ValidationErrorsKind::List(items) => {
                for (index, nested) in items {
                    collect(nested, &format!("{pointer}/{index}"), fields);
                }
            }
        }
    }
}

/// The paging fields that every list takes.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct PageInput {
    /// How many items, 1 to 200; 50 when absent.
    pub limit: Option<u16>,
    /// The cursor of the previous page.
    pub after: Option<String>,
}

impl PageInput {
    /// The number of items when none is asked for.
    pub const DEFAULT_LIMIT: u16 = 50;
    /// The most items a page may have.
    pub const MAX_LIMIT: u16 = 200;

    /// The page as ports take it.
    pub fn request<K: crate::cursor::CursorKey>(&self) -> Result<domain::PageRequest<K>, Error> {
        let limit = self.limit.unwrap_or(Self::DEFAULT_LIMIT);
        if !(1..=Self::MAX_LIMIT).contains(&limit) {
            return Err(Error::invalid_field("/limit", "range", "must be between 1 and 200"));
        }
        let after = match &self.after {
            None => None,
            Some(text) => Some(crate::decode_cursor(text).map_err(|_| {
                Error::invalid_field("/after", "invalid", "is not a cursor that this list gave out")
            })?),
        };
        Ok(domain::PageRequest { after, limit })
    }
}
