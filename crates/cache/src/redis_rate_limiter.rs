//! Rate limits that hold across processes.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::ports::{Quota, RateLimitDecision, RateLimiter};
use redis::Script;

use crate::LocalRateLimiter;
use crate::connection::{Away, Connection, Listener};

/// Rate limits that hold across processes, counted in Redis.
///
/// Everything is counted in this process too: while Redis is away that count decides, and after Redis has lost what it
/// knew nobody gets from this process more than the quota.
pub struct RedisRateLimiter {
    connection: Connection,
    prefix: String,
    script: Script,
    local: LocalRateLimiter,
    /// Counts what Redis allowed. Wider than the quota by what may arrive late, so that it never refuses what Redis
    /// allowed for good reasons.
    wider: LocalRateLimiter,
}

/// Nothing to hear.
pub struct Silent;

impl Listener for Silent {
    fn channels(&self) -> Vec<String> {
        Vec::new()
    }

    fn connected(&self) {}

    fn heard(&self, _: &str, _: &[u8]) {}
}

impl RedisRateLimiter {
    pub(crate) fn new(connect: impl FnOnce(Arc<dyn Listener>) -> Connection, prefix: &str) -> Self {
        Self {
            connection: connect(Arc::new(Silent)),
            prefix: prefix.to_owned(),
            script: Script::new(include_str!("gcra.lua")),
            local: LocalRateLimiter::default(),
            wider: LocalRateLimiter::default(),
        }
    }

    /// Waits until Redis is there, for so long at most, and says whether it is.
    pub async fn ready(&self, wait: Duration) -> bool {
        self.connection.ready(wait).await
    }

    async fn count(&self, key: &str, quota: Quota) -> Result<RateLimitDecision, Away> {
        let limit = quota.limit.get();
        let window = quota.window.as_micros();
        let key = format!("{}:limit:{}:{limit}:{window}:{key}", self.prefix, quota.name);
        let window = u64::try_from(window).unwrap_or(u64::MAX);
        let mut invocation = self.script.key(key);
        invocation.arg(limit).arg(window);
        let counted =
            self.connection.run(async |mut connection| invocation.invoke_async(&mut connection).await);
        let (is_allowed, remaining, reset_after): (u8, u32, u64) = counted.await?;
        let reset_after = Duration::from_micros(reset_after);
        Ok(RateLimitDecision { allowed: is_allowed == 1, remaining, reset_after })
    }
}

#[async_trait]
impl RateLimiter for RedisRateLimiter {
    async fn check(&self, key: &str, quota: Quota) -> RateLimitDecision {
        match self.count(key, quota).await {
            Ok(decision) if decision.allowed => {
                self.local.count(key, quota);
                let here = self.wider.count(key, widened(quota));
                if here.allowed { decision } else { here }
            }
            Ok(decision) => decision,
            Err(_) => {
                let decision = self.local.count(key, quota);
                if decision.allowed {
                    self.wider.count(key, widened(quota));
                }
                decision
            }
        }
    }
}

/// The same rate with a burst that is larger by one and by what comes back within a tenth of a second.
fn widened(quota: Quota) -> Quota {
    let per_request = (quota.window / quota.limit.get()).max(Duration::from_nanos(1));
    let late = Duration::from_millis(100).as_nanos() / per_request.as_nanos();
    let extra = u32::try_from(late).unwrap_or(u32::MAX).saturating_add(1);
    let limit = quota.limit.saturating_add(extra);
    Quota { name: quota.name, limit, window: per_request.saturating_mul(NonZeroU32::get(limit)) }
}
