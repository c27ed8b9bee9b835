//! Two processes on one server.

use std::num::NonZeroU32;
use std::time::Duration;

use cache::RedisCache;
use domain::RunId;
use domain::UserId;
use domain::ports::{Cache, CacheKey, Cached, Quota, RateLimiter, Relay, RelayEntry, RelayKind};
use uuid::Uuid;

use crate::support::{LONG, cache_of, database, eventually, node, rate_limiter_of, relay_of};

const KEEP: Duration = RedisCache::LIFETIME;

fn key() -> CacheKey {
    CacheKey { kind: "node", id: "a".into() }
}

fn owner() -> UserId {
    UserId::from_uuid(Uuid::from_u128(1))
}

async fn given(cache: &RedisCache, stored: &str) -> String {
    let value = Cached { owner_id: owner(), bytes: stored.into() };
    let found = cache.get_or_load(&key(), KEEP, Box::pin(async { Ok(Some(value)) })).await;
    String::from_utf8(found.expect("nothing fails").expect("a value").bytes).expect("text")
}

#[tokio::test]
async fn what_one_node_has_loaded_serves_the_other() {
    let url = database();
    let (here, there) = (cache_of(&node(&url)).await, cache_of(&node(&url)).await);
    assert_eq!(given(&here, "one").await, "one");
    assert_eq!(given(&there, "two").await, "one");
}

#[tokio::test]
async fn an_invalidation_reaches_the_other_node_at_once() {
    let url = database();
    let (here, there) = (cache_of(&node(&url)).await, cache_of(&node(&url)).await);
    assert_eq!(given(&here, "one").await, "one");
    assert_eq!(given(&there, "two").await, "one");
    here.invalidate(&[key()]).await;
    assert_eq!(given(&here, "two").await, "two");
    eventually("the other node has forgotten", async || given(&there, "two").await == "two").await;
}

/// What another process left in Redis before a change is not believed after it.
#[tokio::test]
async fn a_node_that_forgot_does_not_believe_what_was_left_before() {
    let url = database();
    let (here, there) = (cache_of(&node(&url)).await, cache_of(&node(&url)).await);
    assert_eq!(given(&there, "old").await, "old");
    here.forget_owner(owner());
    assert_eq!(given(&here, "new").await, "new");
    assert_eq!(
        given(&there, "newer").await,
        "old",
        "it was not told of the change, and keeps it for a moment"
    );
    here.forget_all();
    assert_eq!(given(&here, "newest").await, "newest");
}

/// However a value came to a node, its life began when it was loaded.
#[tokio::test]
async fn a_value_does_not_live_longer_for_being_shared() {
    let url = database();
    let (here, there) = (cache_of(&node(&url)).await, cache_of(&node(&url)).await);
    let loaded = tokio::time::Instant::now();
    assert_eq!(given(&here, "old").await, "old");
    tokio::time::sleep(KEEP.mul_f64(0.7)).await;
    given(&there, "new").await;
    eventually("the old value is gone", async || given(&there, "new").await == "new").await;
    assert!(loaded.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_limit_holds_for_both_nodes_together() {
    let url = database();
    let (here, there) = (rate_limiter_of(&node(&url)).await, rate_limiter_of(&node(&url)).await);
    let limit = NonZeroU32::new(20).expect("more than nothing");
    let quota = Quota { name: "nodes", limit, window: Duration::from_hours(1) };
    let mut allowed = 0;
    for _ in 0..20 {
        let (here, there) = tokio::join!(here.check("ada", quota), there.check("ada", quota));
        allowed += u32::from(here.allowed) + u32::from(there.allowed);
    }
    assert_eq!(allowed, 20);
    assert!(here.check("bob", quota).await.allowed);
    assert_eq!(there.check("bob", quota).await.remaining, 18);
}

/// A large quota is counted in portions, which changes nothing about how much passes.
#[tokio::test]
async fn a_large_limit_holds_for_both_nodes_together() {
    const LIMIT: u32 = 5_000;
    let url = database();
    let (here, there) = (rate_limiter_of(&node(&url)).await, rate_limiter_of(&node(&url)).await);
    let limit = NonZeroU32::new(LIMIT).expect("more than nothing");
    let quota = Quota { name: "large", limit, window: Duration::from_hours(1) };
    let mut allowed = 0;
    for _ in 0..60 {
        let requests = (0..50).flat_map(|_| [here.check("ada", quota), there.check("ada", quota)]);
        let decisions = futures_util::future::join_all(requests).await;
        allowed += decisions.into_iter().filter(|decision| decision.allowed).count();
    }
    // Over an hour of 5,000, some come back while this runs.
    assert!((5_000..5_050).contains(&allowed), "{allowed}");
    let refused = here.check("ada", quota).await;
    assert!(!refused.allowed && refused.remaining == 0, "{refused:?}");
    assert!(refused.reset_after <= Duration::from_secs(1));
}

/// Requests come back one by one, as fast on two nodes as on one.
#[tokio::test]
async fn a_limit_comes_back_at_its_pace() {
    let url = database();
    let limiter = rate_limiter_of(&node(&url)).await;
    let limit = NonZeroU32::new(20).expect("more than nothing");
    let quota = Quota { name: "pace", limit, window: Duration::from_secs(1) };
    let began = tokio::time::Instant::now();
    let mut allowed = 0_u32;
    while began.elapsed() < Duration::from_secs(2) {
        let decision = limiter.check("ada", quota).await;
        if decision.allowed {
            allowed += 1;
        } else {
            assert!(decision.reset_after <= Duration::from_millis(51), "{decision:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    let most = 20 + u32::try_from(began.elapsed().as_millis() / 50).expect("small") + 1;
    assert!((45..=most).contains(&allowed), "{allowed} of {most}");
}

#[tokio::test]
async fn a_run_is_read_on_the_other_node_in_order() {
    let url = database();
    let (here, there) = (relay_of(&node(&url)).await, relay_of(&node(&url)).await);
    let run_id = RunId::from_uuid(Uuid::from_u128(7));
    let entry = |position: u64| RelayEntry {
        position,
        epoch: "e".into(),
        kind: RelayKind::Event,
        payload: vec![u8::try_from(position % 256).expect("a byte"); 100],
    };
    let reading = async {
        let mut have = 0;
        while have < 500 {
            for read in there.read(run_id, have, LONG).await.expect("read") {
                have += 1;
                assert_eq!(read, entry(have));
            }
        }
    };
    let writing = async {
        for position in 1..=500 {
            here.append(run_id, &[entry(position)]).await.expect("appended");
        }
    };
    tokio::join!(reading, writing);
}
