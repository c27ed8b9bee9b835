//! Fresh identifiers: UUIDv7 that always grow, and secrets from the operating system.

use domain::Timestamp;
use domain::ports::{Clock, Ids};
use parking_lot::Mutex;
use uuid::{ContextV7, Uuid};

/// Fresh identifiers of this process. They grow even when the clock is set back: the last time is kept then, and a
/// counter behind it goes on (RFC 9562, 6.2, method 1).
pub struct UuidIds<C> {
    clock: C,
    context: Mutex<ContextV7>,
}

impl<C: Clock> UuidIds<C> {
    /// Identifiers that carry the time of this clock.
    pub const fn new(clock: C) -> Self {
        Self { clock, context: Mutex::new(ContextV7::new()) }
    }
}

impl<C: Clock> Ids for UuidIds<C> {
    fn uuid(&self) -> Uuid {
        let (seconds, nanoseconds) = since_epoch(self.clock.now());
        let context = self.context.lock();
        Uuid::new_v7(uuid::Timestamp::from_unix(&*context, seconds, nanoseconds))
    }

    fn secret(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)
            .expect("the operating system gives random bytes: no token may be made without them");
        bytes
    }
}

/// Seconds and nanoseconds; a clock that stands before 1970 counts as 1970.
fn since_epoch(at: Timestamp) -> (u64, u32) {
    let micros = u64::try_from(at.micros()).unwrap_or(0);
    let nanoseconds = u32::try_from(micros % 1_000_000 * 1_000).unwrap_or(0);
    (micros / 1_000_000, nanoseconds)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;

    use super::*;
    use crate::adapters::SystemClock;

    testing::ids_contract!(Arc::new(UuidIds::new(SystemClock)));

    #[derive(Clone)]
    struct SetClock(Arc<Mutex<i64>>);

    impl Clock for SetClock {
        fn now(&self) -> Timestamp {
            Timestamp::from_micros(*self.0.lock())
        }
    }

    const A_DAY: i64 = 86_400_000_000;

    #[test]
    fn ids_carry_the_time_of_the_clock() {
        let ids = UuidIds::new(SetClock(Arc::new(Mutex::new(1_790_000_000_123_000))));
        let id = ids.uuid();
        assert_eq!(id.get_version_num(), 7);
        assert_eq!(id.as_u128() >> 80, 1_790_000_000_123);
    }

    #[test]
    fn ids_grow_when_the_clock_stands_still_and_when_it_is_set_back() {
        let time = Arc::new(Mutex::new(20_000 * A_DAY));
        let ids = UuidIds::new(SetClock(Arc::clone(&time)));
        let mut last = Uuid::nil();
        for step in [0, 0, 1_000, -A_DAY, 0, 2 * A_DAY, -3 * A_DAY] {
            *time.lock() += step;
            for _ in 0..1_000 {
                let id = ids.uuid();
                assert!(id > last, "{id} came after {last}, at step {step}");
                last = id;
            }
        }
    }

    #[test]
    fn ids_of_many_threads_are_all_different() {
        let ids = Arc::new(UuidIds::new(SetClock(Arc::new(Mutex::new(A_DAY)))));
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let ids = Arc::clone(&ids);
                thread::spawn(move || (0..5_000).map(|_| ids.uuid()).collect::<Vec<_>>())
            })
            .collect();
        let mut all: Vec<Uuid> = threads.into_iter().flat_map(|t| t.join().unwrap_or_default()).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 20_000);
    }

    #[test]
    fn a_clock_before_the_epoch_does_no_harm() {
        let ids = UuidIds::new(SetClock(Arc::new(Mutex::new(-1))));
        assert!(ids.uuid() < ids.uuid());
    }

    #[test]
    fn secrets_do_not_repeat() {
        let ids = UuidIds::new(SetClock(Arc::new(Mutex::new(0))));
        assert_ne!(ids.secret(), ids.secret());
    }
}
