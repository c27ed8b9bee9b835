//! What an error of SQLite means for a caller.

use std::error::Error as StdError;

use diesel::result::{DatabaseErrorKind, Error};
use domain::ports::StorageError;
use storage::{Corrupt, rules};

pub(crate) use storage::Outage;

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

impl From<Corrupt> for Failure {
    fn from(error: Corrupt) -> Self {
        Self(error.into())
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

/// Whether just one row was changed; a conflict when it was none.
pub(crate) const fn expect_one(changed: usize) -> Outcome<()> {
    if changed == 1 { Ok(()) } else { Err(CONFLICT) }
}

/// What an error of diesel or SQLite means. SQLite tells its result codes apart only by message here, because
/// diesel passes on the codes of four constraints and no others.
fn storage_error(error: Error) -> StorageError {
    match error {
        Error::DatabaseError(kind, information) => {
            let message = information.message();
            match kind {
                DatabaseErrorKind::UniqueViolation => StorageError::Rejected(unique_rule(message)),
                DatabaseErrorKind::ForeignKeyViolation => StorageError::Rejected(rules::MISSING_REFERENCE),
                DatabaseErrorKind::CheckViolation | DatabaseErrorKind::NotNullViolation => {
                    StorageError::Rejected(check_rule(message))
                }
                _ if message.starts_with("rule: active_leaf") => StorageError::Rejected(rules::FOREIGN_LEAF),
                _ if message.starts_with("rule: project_place") => {
                    StorageError::Rejected(rules::FOREIGN_PROJECT)
                }
                _ if message.starts_with("rule: audit") => StorageError::Rejected(rules::AUDIT_KEPT),
                _ if message.starts_with("rule: message_place") => {
                    StorageError::Rejected(rules::MESSAGE_MOVED)
                }
                _ if message.starts_with("cannot store ") => StorageError::Rejected(rules::TOO_LARGE),
                _ if message.contains("malformed") || message.contains("not a database") => {
                    StorageError::Corrupt(message.into())
                }
                _ => StorageError::Unavailable(message.into()),
            }
        }
        Error::DeserializationError(source) => StorageError::Corrupt(source),
        Error::InvalidCString(_) | Error::SerializationError(_) => StorageError::Rejected(rules::UNSTORABLE),
        other => StorageError::Unavailable(Box::new(other)),
    }
}

/// The rule behind `UNIQUE constraint failed: table.column, …`.
fn unique_rule(message: &str) -> &'static str {
    let columns = message.rsplit_once(": ").map_or(message, |(_, columns)| columns);
    if columns.starts_with("users.email") {
        rules::EMAIL_TAKEN
    } else if columns.starts_with("runs.message_id") {
        rules::ALREADY_ANSWERED
    } else if columns.starts_with("tags.owner_id") {
        StorageError::TAG_TAKEN
    } else if columns.starts_with("annotations.message_id") {
        StorageError::RATED_ALREADY
    } else {
        rules::taken(columns.split([',', '.']).next().unwrap_or_default())
    }
}

/// The rule behind `CHECK constraint failed: name`; the migrations name every constraint after its table.
fn check_rule(message: &str) -> &'static str {
    rules::out_of_bounds(message.rsplit_once(": ").map_or(message, |(_, name)| name))
}
