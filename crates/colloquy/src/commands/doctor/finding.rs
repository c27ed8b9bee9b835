//! One line of the report.

use std::fmt;

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    subject: String,
    state: String,
    /// What to do; nothing where all is well.
    advice: Option<String>,
}

impl Finding {
    /// All is well.
    pub fn good(subject: impl Into<String>, state: impl Into<String>) -> Self {
        Self { subject: subject.into(), state: state.into(), advice: None }
    }

    /// Something is wrong, and this is to be done.
    pub fn bad(subject: impl Into<String>, state: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { subject: subject.into(), state: state.into(), advice: Some(advice.into()) }
    }

    /// Whether something is wrong.
    pub const fn is_bad(&self) -> bool {
        self.advice.is_some()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.is_bad() { '✗' } else { '✓' };
        write!(formatter, "{mark} {}: {}", self.subject, self.state)?;
        self.advice.as_ref().map_or(Ok(()), |advice| write!(formatter, ". {advice}"))
    }
}
