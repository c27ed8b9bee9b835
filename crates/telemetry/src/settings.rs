//! What is logged, and how it looks.

use serde::{Deserialize, Serialize};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

/// What is logged, and how it looks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Which events are logged: a level, or directives such as `info,sqlite=debug`.
    pub filter: String,
    /// How a line looks.
    pub format: Format,
}

impl Default for Settings {
    fn default() -> Self {
        Self { filter: "info,actix_server=warn,actix_http=off".to_owned(), format: Format::Auto }
    }
}

impl Settings {
    /// Checks what the types do not: that the filter can be understood.
    pub fn validate(&self) -> Result<(), ParseError> {
        self.parse_filter().map(drop)
    }

    pub(crate) fn parse_filter(&self) -> Result<EnvFilter, ParseError> {
        EnvFilter::builder().parse(&self.filter)
    }
}

/// How a line looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// `Pretty` on a terminal, `Json` everywhere else.
    #[default]
    Auto,
    /// One JSON object a line.
    Json,
    /// One coloured line for people.
    Pretty,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_that_cannot_be_understood_is_refused() {
        assert!(Settings::default().validate().is_ok());
        for right in ["warn", "info,sqlite=debug", "off"] {
            assert!(
                Settings { filter: right.to_owned(), ..Settings::default() }.validate().is_ok(),
                "{right}"
            );
        }
        for wrong in ["sqlite=loud", "info,=debug=", "a=b=c"] {
            assert!(
                Settings { filter: wrong.to_owned(), ..Settings::default() }.validate().is_err(),
                "{wrong}"
            );
        }
    }
}
