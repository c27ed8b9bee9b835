//! What can go wrong in storage, as far as a caller can act on it.

use std::error::Error;

use thiserror::Error;

/// What can go wrong in storage.
#[derive(Debug, Error)]
pub enum StorageError {
    /// Somebody else changed the same thing first. Load again and decide again.
    #[error("the stored version is not the one that was expected")]
    Conflict,
    /// The change breaks a rule that the database keeps; repeating it is useless.
    #[error("the change was rejected: {0}")]
    Rejected(&'static str),
    /// The database does not answer, is full, or is shutting down. Nothing was written; try again later.
    #[error("the database is unavailable")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// What is stored cannot be understood.
    #[error("stored data is corrupt")]
    Corrupt(#[source] Box<dyn Error + Send + Sync>),
}

/// Rules of [`StorageError::Rejected`] that handlers leave to the database: only there, two changes at once cannot both
/// break them.
impl StorageError {
    /// Two tags of a person with one name, whatever the case.
    pub const TAG_TAKEN: &'static str = "a tag of this name exists";
    /// Two ratings of a message by one person.
    pub const RATED_ALREADY: &'static str = "the message is rated already";
}
