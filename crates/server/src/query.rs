//! Query strings: every parameter is declared by its route, stands at most once, and is checked.

use std::str::FromStr;

use application::{Error, FieldError, PageInput};
use domain::Timestamp;

use crate::problem::Problem;
use crate::route::Route;

/// What stands in a query string.
#[derive(Debug, Default)]
pub struct QueryString {
    pairs: Vec<(String, String)>,
    fields: Option<Vec<String>>,
}

impl QueryString {
    /// Reads a query string and refuses what the route does not declare.
    pub fn read(text: &str, route: &Route) -> Result<Self, Problem> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        let mut wrong = Vec::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (Some(name), Some(value)) = (decode(name), decode(value)) else {
                return Err(Problem::malformed(
                    "query_string",
                    "The query string is not valid: send UTF-8, percent-encoded.",
                ));
            };
            let pointer = || format!("/{}", name.replace('~', "~0").replace('/', "~1"));
            if !route.query.iter().any(|parameter| parameter.name == name) {
                wrong.push(FieldError::new(pointer(), "unknown_field", "is not a parameter of this address"));
            } else if pairs.iter().any(|(known, _)| *known == name) {
                wrong.push(FieldError::new(pointer(), "duplicate", "must be given once"));
            } else if value.contains('\0') {
                wrong.push(FieldError::new(pointer(), "control_character", "must not contain NUL"));
            } else {
                pairs.push((name, value));
            }
        }
        if !wrong.is_empty() {
            return Err(Error::invalid(wrong).into());
        }
        let mut query = Self { pairs, fields: None };
        query.fields = query.sparse_fields(route)?;
        Ok(query)
    }

    /// A text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A value of a type that parses from text; `rule` tells what is expected.
    pub fn parsed<T: FromStr>(&self, name: &str, rule: &str) -> Result<Option<T>, Problem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| Error::invalid_field(&format!("/{name}"), "invalid", rule).into())
    }

    /// A whole number in plain digits.
    pub fn number<T: FromStr>(&self, name: &str, rule: &str) -> Result<Option<T>, Problem> {
        if self.text(name).is_some_and(|text| !text.bytes().all(|byte| byte.is_ascii_digit())) {
            return Err(Error::invalid_field(&format!("/{name}"), "invalid", rule).into());
        }
        self.parsed(name, rule)
    }

    /// `true` or `false`.
    pub fn boolean(&self, name: &str) -> Result<Option<bool>, Problem> {
        self.parsed(name, "must be true or false")
    }

    /// A moment.
    pub fn moment(&self, name: &str) -> Result<Option<Timestamp>, Problem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let moment = Timestamp::parse_rfc3339(text).ok_or_else(|| {
            let rule = "must be a date and a time with their offset (RFC 3339), such as 2030-01-31T09:30:00Z";
            Error::invalid_field(&format!("/{name}"), "invalid", rule)
        })?;
        Ok(Some(moment))
    }

    /// An identifier of something that the list is narrowed to. What cannot be one is told like one that nothing has.
    pub fn id<T: FromStr>(&self, name: &str) -> Result<Option<T>, Problem> {
        self.text(name).map(|text| text.parse().map_err(|_| Problem::unknown_route())).transpose()
    }

    /// Which page of a list is wanted.
    pub fn page(&self) -> Result<PageInput, Problem> {
        let limit = self.number("limit", "must be between 1 and 200")?;
        Ok(PageInput { limit, after: self.text("after").map(ToOwned::to_owned) })
    }

    /// The fields that the answer is reduced to; `None` for all.
    pub fn fields(&self) -> Option<&[String]> {
        self.fields.as_deref()
    }

    /// The query string of the next page.
    pub fn with_after(&self, cursor: &str) -> String {
        let mut next = url::form_urlencoded::Serializer::new(String::new());
        next.extend_pairs(self.pairs.iter().filter(|(name, _)| name != "after"));
        next.append_pair("after", cursor);
        next.finish()
    }

    fn sparse_fields(&self, route: &Route) -> Result<Option<Vec<String>>, Problem> {
        let Some(text) = self.text("fields") else { return Ok(None) };
        let named: Vec<String> = text.split(',').map(|name| name.trim().to_owned()).collect();
        match named.iter().find(|name| !route.fields.contains(name)) {
            None => Ok(Some(named)),
            Some(unknown) => {
                let detail = format!("{unknown:?} is not a field; choose from {}", route.fields.join(", "));
                Err(Error::invalid_field("/fields", "unknown_field", detail).into())
            }
        }
    }
}

/// Decodes `application/x-www-form-urlencoded` without replacing what is wrong.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |byte: Option<u8>| {
                    char::from(byte?).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
                };
                let high = digit(rest.next())?;
                high << 4 | digit(rest.next())?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
#[path = "query_tests.rs"]
mod tests;
