//! What an error of Postgres means for a caller.

use std::error::Error as StdError;

use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error};
use domain::ports::StorageError;
use storage::{Corrupt, Outage, rules};

/// The result of work on a connection.
pub(crate) type Outcome<T> = Result<T, Failure>;

/// Why work on a connection failed. A storage error with the conversions that let `?` be used inside the crate.
#[derive(Debug)]
pub(crate) struct Failure(pub(crate) StorageError);

impl From<Failure> for StorageError {
    fn from(Failure(error): Failure) -> Self {
        error
    }
}

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

impl From<Outage> for Failure {
    fn from(outage: Outage) -> Self {
        Self(outage.into())
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

/// What an error of diesel or Postgres means.
fn storage_error(error: Error) -> StorageError {
    match error {
        Error::DatabaseError(kind, information) => database_error(kind, information.as_ref()),
        Error::DeserializationError(source) => StorageError::Corrupt(source),
        Error::InvalidCString(_) | Error::SerializationError(_) => StorageError::Rejected(rules::UNSTORABLE),
        other => StorageError::Unavailable(Box::new(other)),
    }
}

fn database_error(kind: DatabaseErrorKind, information: &dyn DatabaseErrorInformation) -> StorageError {
    let constraint = information.constraint_name().unwrap_or_default();
    let table = information.table_name().map_or("", parent_table);
    match kind {
        DatabaseErrorKind::UniqueViolation => StorageError::Rejected(unique_rule(table, constraint)),
        DatabaseErrorKind::ForeignKeyViolation if constraint == "conversations_project" => {
            StorageError::Rejected(rules::FOREIGN_PROJECT)
        }
        DatabaseErrorKind::ForeignKeyViolation | DatabaseErrorKind::RestrictViolation => {
            StorageError::Rejected(rules::MISSING_REFERENCE)
        }
        DatabaseErrorKind::CheckViolation => StorageError::Rejected(check_rule(constraint)),
        DatabaseErrorKind::NotNullViolation => StorageError::Rejected(rules::out_of_bounds(table)),
        DatabaseErrorKind::SerializationFailure => StorageError::Conflict,
        // Diesel passes on no code of the others, so what is to be told apart is told by its message.
        _ => match information.message() {
            "deadlock detected" => StorageError::Conflict,
            message if message.contains("row-level security policy") => {
                StorageError::Rejected(rules::ONE_WORKSPACE)
            }
            message if is_unstorable(message) => StorageError::Rejected(rules::UNSTORABLE),
            message => StorageError::Unavailable(message.into()),
        },
    }
}

fn is_unstorable(message: &str) -> bool {
    ["invalid byte sequence", "unsupported Unicode escape sequence", "value too long", "out of range"]
        .iter()
        .any(|part| message.contains(part))
}

/// The table whose partition this is, or the table itself.
fn parent_table(table: &str) -> &str {
    ["messages", "events"]
        .into_iter()
        .find(|parent| table.strip_prefix(parent).is_some_and(|rest| rest.starts_with('_')))
        .filter(|_| !table.starts_with("message_"))
        .unwrap_or(table)
}

/// The rule behind a unique constraint.
fn unique_rule(table: &str, constraint: &str) -> &'static str {
    if constraint.starts_with("users_email") {
        rules::EMAIL_TAKEN
    } else if constraint == "runs_one_running_per_message" {
        rules::ALREADY_ANSWERED
    } else if constraint == "tags_name_key" {
        StorageError::TAG_TAKEN
    } else if constraint == "annotations_one_rating" {
        StorageError::RATED_ALREADY
    } else {
        rules::taken(table)
    }
}

/// The rule behind a check; the migrations name every one of them after what it is about.
fn check_rule(constraint: &str) -> &'static str {
    match constraint {
        "conversation_active_leaf" => rules::FOREIGN_LEAF,
        "message_place" => rules::MESSAGE_MOVED,
        "audit_entries_stay" => rules::AUDIT_KEPT,
        other => rules::out_of_bounds(other),
    }
}

/// Whether an error says that something that a statement refers to does not exist, or that something refers to what it
/// removes; by a constraint whose name begins like this.
pub(crate) fn is_missing_reference(error: &Error, name: &str) -> bool {
    matches!(
        error,
        Error::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, information)
            if information.constraint_name().unwrap_or_default().starts_with(name)
    )
}
