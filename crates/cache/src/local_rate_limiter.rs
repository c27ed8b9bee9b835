//! Rate limits within this process.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::ports::{Quota, RateLimitDecision, RateLimiter};
use governor::clock::{Clock as _, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use parking_lot::RwLock;

type Limiter =
    governor::RateLimiter<String, DashMapStateStore<String>, DefaultClock, StateInformationMiddleware>;

/// Rate limits within this process, by the generic cell rate algorithm.
#[derive(Default)]
pub struct LocalRateLimiter {
    limiters: RwLock<HashMap<Quota, Arc<Limiter>>>,
}

impl LocalRateLimiter {
    /// Keys of a limiter beyond which those that are whole again are forgotten.
    const KEYS_BEFORE_CLEANING: usize = 10_000;

    /// Counts one request, without waiting for anything.
    pub(crate) fn count(&self, key: &str, quota: Quota) -> RateLimitDecision {
        let limiter = self.limiter(quota);
        if limiter.len() > Self::KEYS_BEFORE_CLEANING {
            limiter.retain_recent();
        }
        let per_request = quota.window / quota.limit.get();
        match limiter.check_key(&key.to_owned()) {
            Ok(snapshot) => {
                let remaining = snapshot.remaining_burst_capacity();
                let used = quota.limit.get().saturating_sub(remaining);
                RateLimitDecision { allowed: true, remaining, reset_after: per_request * used }
            }
            Err(denied) => {
                let reset_after = denied.wait_time_from(limiter.clock().now());
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
        let limiter = governor::RateLimiter::dashmap(rule).with_middleware::<StateInformationMiddleware>();
        Arc::clone(self.limiters.write().entry(quota).or_insert_with(|| Arc::new(limiter)))
    }
}

#[async_trait]
impl RateLimiter for LocalRateLimiter {
    async fn check(&self, key: &str, quota: Quota) -> RateLimitDecision {
        self.count(key, quota)
    }
}
