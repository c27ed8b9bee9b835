//! The time of day.

use crate::Timestamp;

/// The time of day. Tests set it.
pub trait Clock: Send + Sync {
    /// This moment.
    fn now(&self) -> Timestamp;
}
