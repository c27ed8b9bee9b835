//! Remembering what was read.

use std::time::Duration;

use async_trait::async_trait;
use futures_core::future::BoxFuture;

use super::StorageError;
use crate::UserId;

/// Remembers values that are costly to read, bounded by their weight. A cache never fails: where it cannot help, the
/// value is loaded.
#[async_trait]
pub trait Cache: Send + Sync {
    /// The value under a key: a remembered one that is younger than `keep`, or what `load` gives. Of many who ask for one
    /// key at once, one loads and the others wait for its value. What does not exist is not remembered, nor is an error,
    /// nor what was loaded while the key was invalidated or its owner forgotten.
    async fn get_or_load(&self, key: &CacheKey, keep: Duration, load: Load<'_>) -> Loaded;

    /// Forgets the values of keys, in every process.
    async fn invalidate(&self, keys: &[CacheKey]);

    /// Forgets everything about a person in this process, at once: another process has told of a change.
    fn forget_owner(&self, owner_id: UserId);

    /// Forgets everything in this process: changes elsewhere may have gone unnoticed.
    fn forget_all(&self);
}

/// A value that can be remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cached {
    /// The person whose conversation or account it is about.
    pub owner_id: UserId,
    /// The value in the reader's form.
    pub bytes: Vec<u8>,
}

/// What a cache gives: what was loaded, now or earlier.
pub type Loaded = Result<Option<Cached>, StorageError>;

/// Reads a value that is not remembered.
pub type Load<'a> = BoxFuture<'a, Loaded>;

/// The name of a value: what kind of thing it is, and which one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CacheKey {
    /// What kind of thing, such as `conversation`.
    pub kind: &'static str,
    /// Which one.
    pub id: String,
}
