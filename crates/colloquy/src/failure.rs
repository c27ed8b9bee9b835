//! Why a command ends without having done its work, and what the operator can do about it.

use std::fmt;
use std::process::ExitCode;

use application::keyring::KeyringError;

use crate::settings::Problems;

/// Why a command ends without having done its work.
#[derive(Debug)]
pub struct Failure {
    kind: Kind,
    message: String,
}

/// What the exit code says to scripts and service managers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// It was tried and failed; 1.
    Failed,
    /// Something that is needed belongs to somebody else or does not answer: trying again later may help; 75.
    Busy,
    /// The settings are wrong: trying again does not help; 78.
    Settings,
}

impl Failure {
    /// Something was tried and failed.
    pub fn failed(message: impl Into<String>) -> Self {
        Self { kind: Kind::Failed, message: message.into() }
    }

    /// Somebody else has what is needed, or it does not answer at the moment.
    pub fn busy(message: impl Into<String>) -> Self {
        Self { kind: Kind::Busy, message: message.into() }
    }

    /// A setting must be changed first.
    pub fn settings(message: impl Into<String>) -> Self {
        Self { kind: Kind::Settings, message: message.into() }
    }

    /// Whether trying again later may help.
    pub fn is_busy(&self) -> bool {
        self.kind == Kind::Busy
    }

    /// An error with everything behind it.
    pub fn because(error: &(dyn std::error::Error + 'static)) -> Self {
        Self::failed(chain(error))
    }

    /// The same with a word on what to do.
    #[must_use]
    pub fn advise(mut self, advice: impl fmt::Display) -> Self {
        self.message = format!("{}\n  {advice}", self.message);
        self
    }

    /// This failure and another one. Settings that are wrong weigh more than what may pass.
    #[must_use]
    pub fn and(self, other: &Self) -> Self {
        let kind = if other.kind == Kind::Settings { other.kind } else { self.kind };
        Self { kind, message: format!("{}\n{}", self.message, other.message) }
    }

    /// What the process tells whoever started it.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self.kind {
            Kind::Failed => 1,
            Kind::Busy => 75,
            Kind::Settings => 78,
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Self {
        Self::settings(format!("the settings cannot be used:\n{problems}"))
    }
}

impl From<cache::CheckError> for Failure {
    fn from(error: cache::CheckError) -> Self {
        match error {
            cache::CheckError::Unreachable { .. } => Self::busy(error.to_string()),
            _ => Self::settings(error.to_string()),
        }
    }
}

impl From<application::Error> for Failure {
    fn from(error: application::Error) -> Self {
        let detail = error.problem().detail.trim_end_matches('.');
        match std::error::Error::source(&error) {
            Some(source) => Self::failed(format!("{detail}: {}", chain(source))),
            None => Self::failed(detail),
        }
    }
}

impl From<KeyringError> for Failure {
    fn from(error: KeyringError) -> Self {
        match error {
            KeyringError::Storage(error) => application::Error::from(error).into(),
            KeyringError::ForeignRoot(_) => Self::settings(error.to_string()),
            KeyringError::Damaged | KeyringError::Unsealable(_) => Self::failed(error.to_string()),
        }
    }
}

/// An error and its sources, in one line.
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut message = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let text = cause.to_string();
        if !message.ends_with(&text) {
            message.push_str(": ");
            message.push_str(&text);
        }
        source = cause.source();
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_told_with_what_is_behind_it_but_nothing_twice() {
        #[derive(Debug, thiserror::Error)]
        #[error("the lock cannot be taken")]
        struct Outer(#[source] std::io::Error);
        #[derive(Debug, thiserror::Error)]
        #[error("{0}")]
        struct Repeating(#[source] std::io::Error);
        assert_eq!(
            Failure::because(&Outer(std::io::Error::other("disk"))).to_string(),
            "the lock cannot be taken: disk"
        );
        assert_eq!(Failure::because(&Repeating(std::io::Error::other("disk"))).to_string(), "disk");
    }
}
