//! What an error of SQLite means for a caller.

use std::error::Error as StdError;
use std::sync::Arc;

use diesel::result::{DatabaseErrorKind, Error};
use domain::ports::StorageError;
use thiserror::Error;

/// The result of work on a connection.
pub(crate) type Outcome<T> = Result<T, Failure>;

/// Why work on a connection failed. A storage error with the conversions that let `?` be used inside the crate.
#[derive(Debug)]
pub(crate) struct Failure(pub(crate) StorageError);

impl From<StorageError> for Failure {
    fn from(error: StorageError) -> Self {
        Self(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(storage_error(error))
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        corrupt(error)
    }
}

/// A stored value that cannot be understood.
pub(crate) fn corrupt(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Failure {
    Failure(StorageError::Corrupt(source.into()))
}

/// A change that breaks a rule.
pub(crate) const fn rejected(rule: &'static str) -> Failure {
    Failure(StorageError::Rejected(rule))
}

/// A version or an expectation that does not hold.
pub(crate) const CONFLICT: Failure = Failure(StorageError::Conflict);

/// Why the database cannot work at the moment; shared by everything that waited for it.
#[derive(Debug, Clone, Error)]
#[error("{0}")]
pub(crate) struct Outage(Arc<str>);

impl Outage {
    /// An outage for a reason.
    pub(crate) fn new(reason: impl Into<Arc<str>>) -> Self {
        Self(reason.into())
    }
}

impl From<Outage> for StorageError {
    fn from(outage: Outage) -> Self {
        Self::Unavailable(Box::new(outage))
    }
}

/// What an error of diesel or SQLite means. SQLite tells its result codes apart only by message here, because
/// diesel passes on the codes of four constraints and no others.
fn storage_error(error: Error) -> StorageError {
    match error {
        Error::DatabaseError(kind, information) => {
            let message = information.message();
            match kind {
                DatabaseErrorKind::UniqueViolation => StorageError::Rejected(unique_rule(message)),
                DatabaseErrorKind::ForeignKeyViolation => {
                    StorageError::Rejected("something that it refers to does not exist")
                }
                DatabaseErrorKind::CheckViolation | DatabaseErrorKind::NotNullViolation => {
                    StorageError::Rejected(check_rule(message))
                }
                _ if message.starts_with("rule: active_leaf") => {
                    StorageError::Rejected("the active leaf does not belong to the conversation")
                }
                _ if message.starts_with("rule: message_place") => {
                    StorageError::Rejected("a message never moves to another place")
                }
                _ if message.starts_with("cannot store ") => StorageError::Rejected("a number is too large"),
                _ if message.contains("malformed") || message.contains("not a database") => {
                    StorageError::Corrupt(message.into())
                }
                _ => StorageError::Unavailable(message.into()),
            }
        }
        Error::DeserializationError(source) => StorageError::Corrupt(source),
        Error::InvalidCString(_) | Error::SerializationError(_) => {
            StorageError::Rejected("a value cannot be stored")
        }
        other => StorageError::Unavailable(Box::new(other)),
    }
}

/// The rule behind `UNIQUE constraint failed: table.column, …`.
fn unique_rule(message: &str) -> &'static str {
    let columns = message.rsplit_once(": ").map_or(message, |(_, columns)| columns);
    match columns.split([',', '.']).next() {
        _ if columns.starts_with("users.email") => "an account with this e-mail address exists",
        _ if columns.starts_with("runs.message_id") => "the message is already being answered",
        Some("workspaces") => "a workspace with this id exists",
        Some("users" | "memberships") => "an account with this id exists",
        Some("sessions") => "a session with this id or token exists",
        Some("api_keys") => "an API key with this id or secret exists",
        Some("conversations") => "a conversation with this id exists",
        Some("messages") => "a message with this id exists",
        Some("message_edits") => "an edit with this id exists",
        Some("runs") => "a run with this id exists",
        Some("jobs") => "a job with this id exists",
        _ => "it exists already",
    }
}

/// The rule behind `CHECK constraint failed: name`; the migrations name every constraint after its table.
fn check_rule(message: &str) -> &'static str {
    let name = message.rsplit_once(": ").map_or(message, |(_, name)| name);
    match name.split(['_', '.']).next() {
        Some("workspace" | "workspaces") => "a field of the workspace is outside its bounds",
        Some("user" | "users" | "membership" | "memberships") => {
            "a field of the account is outside its bounds"
        }
        Some("session" | "sessions") => "a field of the session is outside its bounds",
        Some("api") => "a field of the API key is outside its bounds",
        Some("conversation" | "conversations") => "a field of the conversation is outside its bounds",
        Some("message" | "messages" | "edit") => "a field of the message is outside its bounds",
        Some("run" | "runs") => "a field of the run is outside its bounds",
        Some("usage") => "an amount of usage is outside its bounds",
        Some("idempotency") => "a field of the idempotency record is outside its bounds",
        Some("job" | "jobs") => "a field of the job is outside its bounds",
        _ => "a value is outside its bounds",
    }
}
