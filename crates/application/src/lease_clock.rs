//! The clock of leases.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use domain::Timestamp;
use domain::ports::{Clock, Maintenance, StorageError};

/// The clock by which leases are given and judged, and sessions and codes of devices too: the one that all processes share,
/// where there is one, so that a process whose own clock is wrong neither takes what another one holds nor loses what it
/// holds itself, nor takes codes that are too old.
pub struct LeaseClock {
    clock: Arc<dyn Clock>,
    maintenance: Arc<dyn Maintenance>,
    /// How far the shared clock is ahead of this process's, in microseconds.
    ahead: AtomicI64,
}

impl LeaseClock {
    /// A clock that shows this process's time until it is adjusted.
    pub const fn new(clock: Arc<dyn Clock>, maintenance: Arc<dyn Maintenance>) -> Self {
        Self { clock, maintenance, ahead: AtomicI64::new(0) }
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.clock.now().micros().saturating_add(self.ahead.load(Ordering::Relaxed)))
    }

    /// Compares this process's clock with the shared one.
    pub async fn adjust(&self) -> Result<(), StorageError> {
        let asked_at = self.clock.now().micros();
        if let Some(shared) = self.maintenance.shared_time().await? {
            let answered_at = self.clock.now().micros();
            let between = asked_at.saturating_add(answered_at.saturating_sub(asked_at) / 2);
            self.ahead.store(shared.micros().saturating_sub(between), Ordering::Relaxed);
        }
        Ok(())
    }
}
