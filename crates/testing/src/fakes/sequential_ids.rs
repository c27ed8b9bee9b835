//! Identifiers that a test can foretell.

use std::sync::atomic::{AtomicU64, Ordering};

use domain::ports::Ids;
use uuid::{Builder, Uuid};

/// The time that the first identifier carries: the first of January 2026, in milliseconds.
const START: u64 = 1_767_225_600_000;

/// Identifiers in order: each carries a time one millisecond after the one before, and its number.
#[derive(Debug, Default)]
pub struct SequentialIds(AtomicU64);

impl SequentialIds {
    /// A source whose first identifier has the number 0.
    pub const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// The identifier with this number.
    pub fn nth(number: u64) -> Uuid {
        let mut rest = [0; 10];
        rest[2..].copy_from_slice(&number.to_be_bytes());
        Builder::from_unix_timestamp_millis(START + number, &rest).into_uuid()
    }
}

impl Ids for SequentialIds {
    fn uuid(&self) -> Uuid {
        Self::nth(self.0.fetch_add(1, Ordering::SeqCst))
    }

    fn secret(&self) -> [u8; 32] {
        let mut secret = [0x5A; 32];
        secret[..8].copy_from_slice(&self.0.fetch_add(1, Ordering::SeqCst).to_be_bytes());
        secret
    }
}
