//! The time of day, from the operating system.

use chrono::Utc;
use domain::Timestamp;
use domain::ports::Clock;

/// The time of day, from the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the port's adapter")]
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(Utc::now().timestamp_micros())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    testing::clock_contract!(Arc::new(SystemClock));
}
