//! Errors that need no database.

use std::error::Error;
use std::sync::Arc;

use domain::ports::StorageError;
use thiserror::Error;

/// A stored value that cannot be understood.
#[derive(Debug)]
pub struct Corrupt(pub Box<dyn Error + Send + Sync>);

impl Corrupt {
    /// A stored value that cannot be understood, and why.
    pub fn new(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(source.into())
    }
}

impl From<Corrupt> for StorageError {
    fn from(Corrupt(source): Corrupt) -> Self {
        Self::Corrupt(source)
    }
}

/// Why the database cannot work at the moment; shared by everything that waited for it.
#[derive(Debug, Clone, Error)]
#[error("{0}")]
pub struct Outage(Arc<str>);

impl Outage {
    /// An outage for a reason.
    pub fn new(reason: impl Into<Arc<str>>) -> Self {
        Self(reason.into())
    }
}

impl From<Outage> for StorageError {
    fn from(outage: Outage) -> Self {
        Self::Unavailable(Box::new(outage))
    }
}
