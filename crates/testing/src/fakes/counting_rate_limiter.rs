//! Limits that never come back.

use std::collections::HashMap;

use async_trait::async_trait;
use domain::ports::{Quota, RateLimitDecision, RateLimiter};
use parking_lot::Mutex;

/// Lets as many requests of a key pass as the quota says, and then none.
#[derive(Debug, Default)]
pub struct CountingRateLimiter(Mutex<HashMap<(String, Quota), u32>>);

#[async_trait]
impl RateLimiter for CountingRateLimiter {
    async fn check(&self, key: &str, quota: Quota) -> RateLimitDecision {
        let mut counts = self.0.lock();
        let count = counts.entry((key.to_owned(), quota)).or_default();
        let limit = quota.limit.get();
        let allowed = *count < limit;
        *count = (*count + 1).min(limit);
        let reset_after = if allowed { quota.window / limit * *count } else { quota.window };
        RateLimitDecision { allowed, remaining: limit - *count, reset_after }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    crate::rate_limiter_contract!(Arc::new(CountingRateLimiter::default()));
}
