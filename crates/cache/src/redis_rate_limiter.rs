//! Rate limits that hold across processes.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::ports::{Quota, RateLimitDecision, RateLimiter};
use parking_lot::Mutex;
use redis::Script;

use crate::LocalRateLimiter;
use crate::connection::{Away, Connection, Listener};

/// Rate limits that hold across processes, counted in Redis.
///
/// Everything is counted in this process too: while Redis is away that count decides, and after Redis has lost what it
/// knew nobody gets from this process more than the quota.
///
/// Of a large quota a thousandth is counted at once and spent here, so that not every request waits for Redis. What is
/// counted and not spent within seconds is lost to its key; no request passes that was not counted.
pub struct RedisRateLimiter {
    connection: Connection,
    prefix: String,
    script: Script,
    local: LocalRateLimiter,
    purses: moka::sync::Cache<(Quota, String), Arc<Purse>>,
    /// Counts what Redis allowed. Wider than the quota by what may arrive late, so that it never refuses what Redis
    /// allowed for good reasons.
    wider: LocalRateLimiter,
}

/// What was counted for a key and not spent yet.
#[derive(Default)]
struct Purse {
    contents: Mutex<Contents>,
    filling: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Contents {
    left: u32,
    /// What Redis said when it counted.
    remaining: u32,
    reset_after: Duration,
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
    /// Which share of a quota is counted at once.
    const SHARE: u32 = 1_000;
    const MOST_PURSES: u64 = 100_000;
    const PURSES_LIVE: Duration = Duration::from_secs(10);

    pub(crate) fn new(connect: impl FnOnce(Arc<dyn Listener>) -> Connection, prefix: &str) -> Self {
        Self {
            connection: connect(Arc::new(Silent)),
            prefix: prefix.to_owned(),
            script: Script::new(include_str!("gcra.lua")),
            local: LocalRateLimiter::default(),
            purses: moka::sync::Cache::builder()
                .max_capacity(Self::MOST_PURSES)
                .time_to_live(Self::PURSES_LIVE)
                .build(),
            wider: LocalRateLimiter::default(),
        }
    }

    /// Waits until Redis is there, for so long at most, and says whether it is.
    pub async fn ready(&self, wait: Duration) -> bool {
        self.connection.ready(wait).await
    }

    async fn count(&self, key: &str, quota: Quota) -> Result<RateLimitDecision, Away> {
        let share = quota.limit.get() / Self::SHARE;
        if share <= 1 {
            return Ok(self.take(key, quota, 1).await?.decision());
        }
        if !self.connection.is_there() {
            return Err(Away::NotConnected);
        }
        let purse = self.purses.get_with((quota, key.to_owned()), Arc::default);
        if let Some(decision) = purse.spend() {
            return Ok(decision);
        }
        let _filling = purse.filling.lock().await;
        if let Some(decision) = purse.spend() {
            return Ok(decision);
        }
        let taken = self.take(key, quota, share).await?;
        let decision = taken.decision();
        *purse.contents.lock() = Contents { left: taken.left.saturating_sub(1), ..taken };
        Ok(decision)
    }

    /// Counts up to so many requests in Redis.
    async fn take(&self, key: &str, quota: Quota, most: u32) -> Result<Contents, Away> {
        if !self.connection.is_there() {
            return Err(Away::NotConnected);
        }
        let limit = quota.limit.get();
        let window = quota.window.as_micros();
        let key = format!("{}:limit:{}:{limit}:{window}:{key}", self.prefix, quota.name);
        let window = u64::try_from(window).unwrap_or(u64::MAX);
        let mut invocation = self.script.key(key);
        invocation.arg(limit).arg(window).arg(most);
        let counted =
            self.connection.run(async |mut connection| invocation.invoke_async(&mut connection).await);
        let (left, remaining, reset_after): (u32, u32, u64) = counted.await?;
        Ok(Contents { left, remaining, reset_after: Duration::from_micros(reset_after) })
    }
}

impl Purse {
    /// Spends one request of what was counted.
    fn spend(&self) -> Option<RateLimitDecision> {
        let mut contents = self.contents.lock();
        if contents.left == 0 {
            return None;
        }
        let decision = contents.decision();
        contents.left -= 1;
        Some(decision)
    }
}

impl Contents {
    /// What one request is told before it is taken out.
    const fn decision(&self) -> RateLimitDecision {
        let allowed = self.left > 0;
        let remaining = self.remaining.saturating_add(self.left.saturating_sub(1));
        RateLimitDecision { allowed, remaining, reset_after: self.reset_after }
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
