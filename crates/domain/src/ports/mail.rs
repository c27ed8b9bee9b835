//! Sending mail.

use async_trait::async_trait;
use thiserror::Error;

use crate::Email;

/// Sending mail.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Hands a mail to the mail server.
    async fn send(&self, mail: Mail) -> Result<(), MailError>;
}

/// A mail to one person, in plain text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// To whom.
    pub to: Email,
    /// What it is about, one line.
    pub subject: String,
    /// What it says.
    pub text: String,
}

/// Why a mail could not be handed over.
#[derive(Debug, Error)]
pub enum MailError {
    /// The mail server does not answer, or has no time; another attempt may help.
    #[error("the mail server cannot be reached: {0}")]
    Unreachable(String),
    /// The mail server refuses this mail.
    #[error("the mail server refuses the mail: {0}")]
    Refused(String),
}
