//! Rate limits within this process.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::ports::{Quota, RateLimitDecision, RateLimiter};
use governor::clock::{Clock as _, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use parking_lot::{Mutex, RwLock};
use tokio::time::Instant;

type Keys =
    governor::RateLimiter<String, DashMapStateStore<String>, DefaultClock, StateInformationMiddleware>;

/// What is counted against one quota.
struct Limiter {
    keys: Keys,
    cleaned_at: Mutex<Option<Instant>>,
}

/// Rate limits within this process, by the generic cell rate algorithm.
#[derive(Default)]
pub struct LocalRateLimiter {
    limiters: RwLock<HashMap<Quota, Arc<Limiter>>>,
}

impl LocalRateLimiter {
    /// Counts one request, without waiting for anything.
    pub(crate) fn count(&self, key: &str, quota: Quota) -> RateLimitDecision {
        let limiter = self.limiter(quota);
        limiter.clean();
        let per_request = quota.window / quota.limit.get();
        match limiter.keys.check_key(&key.to_owned()) {
            Ok(snapshot) => {
                let remaining = snapshot.remaining_burst_capacity();
                let used = quota.limit.get().saturating_sub(remaining);
                RateLimitDecision { allowed: true, remaining, reset_after: per_request * used }
            }
            Err(denied) => {
                let reset_after = denied.wait_time_from(limiter.keys.clock().now());
                RateLimitDecision { allowed: false, remaining: 0, reset_after }
            }
        }
    }

    fn limiter(&self, quota: Quota) -> Arc<Limiter> {
        if let Some(limiter) = self.limiters.read().get(&quota) {
            return Arc::clone(limiter);
        }
        let per_request = quota.window / quota.limit.get();
        let rule = governor::Quota::with_period(per_request.max(Duration::from_nanos(1)))
            .unwrap_or_else(|| governor::Quota::per_second(quota.limit))
            .allow_burst(quota.limit);
        let keys = governor::RateLimiter::dashmap(rule).with_middleware::<StateInformationMiddleware>();
        let limiter = Limiter { keys, cleaned_at: Mutex::default() };
        Arc::clone(self.limiters.write().entry(quota).or_insert_with(|| Arc::new(limiter)))
    }
}

impl Limiter {
    /// Keys beyond which those that are whole again are forgotten.
    const KEYS_BEFORE_CLEANING: usize = 10_000;
    /// How long is waited between two times: all keys are looked at, and strangers choose how many there are.
    const PAUSE: Duration = Duration::from_secs(1);

    /// Forgets the keys that are whole again, where there are many and it was not done just now.
    fn clean(&self) {
        if self.keys.len() <= Self::KEYS_BEFORE_CLEANING {
            return;
        }
        // Whoever does it already does it for all.
        let Some(mut cleaned_at) = self.cleaned_at.try_lock() else { return };
        if cleaned_at.is_none_or(|at| at.elapsed() >= Self::PAUSE) {
            *cleaned_at = Some(Instant::now());
            self.keys.retain_recent();
        }
    }
}

#[async_trait]
impl RateLimiter for LocalRateLimiter {
    async fn check(&self, key: &str, quota: Quota) -> RateLimitDecision {
        self.count(key, quota)
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    #[test]
    fn many_keys_are_looked_through_once_a_second_and_not_for_each_request() {
        let limiter = LocalRateLimiter::default();
        let limit = NonZeroU32::new(100).expect("not 0");
        let quota = Quota { name: "sign_in_daily", limit, window: Duration::from_hours(24) };
        for number in 0..=Limiter::KEYS_BEFORE_CLEANING {
            limiter.count(&number.to_string(), quota);
        }
        let cleaned_at = || *limiter.limiter(quota).cleaned_at.lock();
        assert_eq!(cleaned_at(), None);
        let just_now = Instant::now() + Duration::from_hours(1);
        *limiter.limiter(quota).cleaned_at.lock() = Some(just_now);
        limiter.count("one more", quota);
        assert_eq!(cleaned_at(), Some(just_now));
        let long_ago = Instant::now().checked_sub(2 * Limiter::PAUSE);
        *limiter.limiter(quota).cleaned_at.lock() = long_ago;
        limiter.count("another", quota);
        assert!(cleaned_at() > long_ago);
    }
}
