//! Counting requests.

use std::num::NonZeroU32;
use std::time::Duration;

use async_trait::async_trait;

/// Counting requests against quotas.
#[async_trait]
pub trait RateLimiter: Send + Sync {
    /// Counts one request of `key` against `quota`. A failing limiter falls back to a local one, never to none.
    async fn check(&self, key: &str, quota: Quota) -> RateLimitDecision;
}

/// How many requests in how much time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Quota {
    /// A stable name, such as `commands`.
    pub name: &'static str,
    /// The most requests within the window, and the largest burst.
    pub limit: NonZeroU32,
    /// The time in which an empty quota is whole again.
    pub window: Duration,
}

/// Whether a request may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimitDecision {
    /// Whether it may.
    pub allowed: bool,
    /// How many more may follow at once.
    pub remaining: u32,
    /// When allowed: the time until the quota is whole; otherwise the time until the next request may pass.
    pub reset_after: Duration,
}
