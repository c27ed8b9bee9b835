//! Fresh identifiers.

use uuid::Uuid;

/// Fresh identifiers and random bytes. Tests make them predictable.
pub trait Ids: Send + Sync {
    /// A new UUIDv7, greater than every one given before by the same source.
    fn uuid(&self) -> Uuid;

    /// 32 unpredictable bytes from the operating system, for tokens and keys.
    fn secret(&self) -> [u8; 32];
}
