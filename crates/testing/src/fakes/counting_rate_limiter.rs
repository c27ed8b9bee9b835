//! Limits within fixed windows.

use std::collections::HashMap;

use async_trait::async_trait;
use domain::ports::{Quota, RateLimitDecision, RateLimiter};
use parking_lot::Mutex;
use tokio::time::Instant;

/// Lets as many requests of a key pass as the quota says, and then none until the window is over.
#[derive(Debug, Default)]
pub struct CountingRateLimiter(Mutex<HashMap<(String, Quota), (u32, Instant)>>);

#[async_trait]
impl RateLimiter for CountingRateLimiter {
    async fn check(&self, key: &str, quota: Quota) -> RateLimitDecision {
        let mut counts = self.0.lock();
        let (count, began) = counts.entry((key.to_owned(), quota)).or_insert((0, Instant::now()));
        if began.elapsed() >= quota.window {
            (*count, *began) = (0, Instant::now());
        }
        let limit = quota.limit.get();
        let allowed = *count < limit;
        *count = (*count + 1).min(limit);
        let reset_after = quota.window.saturating_sub(began.elapsed());
        RateLimitDecision { allowed, remaining: limit - *count, reset_after }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    crate::rate_limiter_contract!(Arc::new(CountingRateLimiter::default()));
}
