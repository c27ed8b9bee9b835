//! Periods that differ a little each time, so that many processes do not do the same thing at the same moment.

use std::time::Duration;

use domain::ports::Ids;

/// A period between three quarters and five quarters of the given one.
pub(crate) fn jittered(ids: &dyn Ids, period: Duration) -> Duration {
    let [random, ..] = ids.secret();
    period * (192 + u32::from(random) / 2) / 256
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Secrets(u8);

    impl Ids for Secrets {
        fn uuid(&self) -> uuid::Uuid {
            uuid::Uuid::nil()
        }

        fn secret(&self) -> [u8; 32] {
            [self.0; 32]
        }
    }

    #[test]
    fn a_period_is_a_quarter_shorter_or_longer_at_most() {
        let period = Duration::from_secs(4);
        assert_eq!(jittered(&Secrets(0), period), Duration::from_secs(3));
        assert_eq!(jittered(&Secrets(128), period), period);
        assert!(jittered(&Secrets(u8::MAX), period) < Duration::from_secs(5));
    }
}
