//! The adapters that are too small for a crate of their own.

mod clock;
mod ids;

pub use clock::SystemClock;
pub use ids::UuidIds;
