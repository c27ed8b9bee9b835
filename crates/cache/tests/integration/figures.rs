//! What a look-up and a count cost. Prints; judges nothing.

use std::hint::black_box;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use cache::{LocalCache, LocalRateLimiter, Settings};
use domain::UserId;
use domain::ports::{Cache, CacheKey, Cached, Quota, RateLimiter};
use uuid::Uuid;

use crate::support::{cache_of, database, node, rate_limiter_of};

const TIMES: u32 = 2_000;

async fn cost(what: &str, mut one: impl AsyncFnMut()) {
    let mut best = Duration::MAX;
    for _ in 0..5 {
        let began = Instant::now();
        for _ in 0..TIMES {
            one().await;
        }
        best = best.min(began.elapsed() / TIMES);
    }
    print(&format!("{what}: {best:?}"));
}

#[expect(clippy::print_stdout, reason = "figures are for people who ask for them")]
fn print(line: &str) {
    println!("{line}");
}

async fn hit(cache: &dyn Cache) {
    let key = CacheKey { kind: "conversation", id: Uuid::from_u128(7).to_string() };
    let value = Cached { owner_id: UserId::from_uuid(Uuid::from_u128(1)), bytes: vec![7; 64] };
    let load = Box::pin(async { Ok(Some(value)) });
    let _ = black_box(cache.get_or_load(&key, Duration::from_hours(1), load).await);
}

async fn count(limiter: &dyn RateLimiter) {
    let limit = NonZeroU32::new(1_200_000).expect("more than nothing");
    let quota = Quota { name: "figures", limit, window: Duration::from_mins(1) };
    black_box(limiter.check("0198f3a0-0000-7000-8000-000000000000", quota).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn costs() {
    let url = database();
    let local = LocalCache::new(&Settings::default());
    let shared = cache_of(&node(&url)).await;
    cost("a hit of the local cache", async || hit(&local).await).await;
    cost("a hit of the cache on Redis, in this process", async || hit(&shared).await).await;
    cost("a hit of the cache on Redis, in Redis", async || {
        shared.forget_all();
        hit(&shared).await;
    })
    .await;
    let local = LocalRateLimiter::default();
    let shared = rate_limiter_of(&node(&url)).await;
    let away = node("redis://127.0.0.1:1").rate_limiter();
    cost("a count of the local limits", async || count(&local).await).await;
    cost("a count in Redis", async || count(&shared).await).await;
    cost("a count while Redis is away", async || count(&away).await).await;
    let together = async || {
        futures_util::future::join_all((0..64).map(|_| count(&shared))).await;
    };
    let began = Instant::now();
    for _ in 0..50 {
        together().await;
    }
    print(&format!("a count in Redis, 64 at one time: {:?} each", began.elapsed() / (50 * 64)));
}
