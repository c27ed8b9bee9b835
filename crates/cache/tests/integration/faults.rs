//! Redis stopped, frozen, flushed and started again.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use cache::{RedisCache, RedisRateLimiter, RedisRelay};
use domain::ports::{Cache, CacheKey, Cached, Quota, RateLimiter, Relay, RelayEntry, RelayError, RelayKind};
use domain::{RunId, UserId};
use futures_util::FutureExt as _;
use testing::servers::RedisServer;
use uuid::Uuid;

use crate::support::{LONG, cache_of, eventually, impatient_node, rate_limiter_of, relay_of, server};

const LIMIT: u32 = 5;
/// The time-out of 100 ms, and as much again for a machine with other work.
const PATIENCE: Duration = Duration::from_millis(200);

fn quota() -> Quota {
    let limit = NonZeroU32::new(LIMIT).expect("more than nothing");
    Quota { name: "faults", limit, window: Duration::from_hours(1) }
}

fn key(id: &str) -> CacheKey {
    CacheKey { kind: "faults", id: id.to_owned() }
}

async fn given(cache: &RedisCache, id: &str, stored: &str) -> String {
    let value = Cached { owner_id: UserId::from_uuid(Uuid::from_u128(1)), bytes: stored.into() };
    let found = cache.get_or_load(&key(id), LONG, Box::pin(async { Ok(Some(value)) })).await;
    String::from_utf8(found.expect("nothing fails").expect("a value").bytes).expect("text")
}

/// How many of many requests pass, none of which may wait for long.
async fn allowed(limiter: &RedisRateLimiter, person: &str) -> u32 {
    let mut allowed = 0;
    for _ in 0..3 * LIMIT {
        let began = Instant::now();
        allowed += u32::from(limiter.check(person, quota()).await.allowed);
        assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
    }
    allowed
}

/// A server, and limits and a cache on it that have been in use.
async fn used() -> (RedisServer, RedisRateLimiter, RedisCache) {
    let server = server().await;
    let node = impatient_node(&server.url());
    let (limiter, cache) = (rate_limiter_of(&node).await, cache_of(&node).await);
    for _ in 0..3 {
        assert!(limiter.check("ada", quota()).await.allowed);
    }
    assert_eq!(given(&cache, "before", "one").await, "one");
    (server, limiter, cache)
}

/// What holds whatever became of Redis: what was used up stays so, quotas are not larger, and nobody waits.
async fn all_still_holds(limiter: &RedisRateLimiter, cache: &RedisCache) {
    // One more than the quota is what requests that were counted late may make of it.
    assert!((LIMIT - 3..=LIMIT - 2).contains(&allowed(limiter, "ada").await));
    assert!((LIMIT..=LIMIT + 1).contains(&allowed(limiter, "bob").await));
    let began = Instant::now();
    assert_eq!(given(cache, "during", "one").await, "one");
    cache.invalidate(&[key("before"), key("during")]).await;
    assert_eq!(given(cache, "before", "two").await, "two");
    assert_eq!(given(cache, "during", "two").await, "two");
    // Looking, leaving and invalidating wait once at most each.
    assert!(began.elapsed() < 3 * PATIENCE, "{:?}", began.elapsed());
}

/// Without Redis a request costs no more than a look at where the connection would be.
async fn nothing_waits_any_more(limiter: &RedisRateLimiter) {
    let began = Instant::now();
    for _ in 0..1000 {
        limiter.check("carl", quota()).await;
    }
    assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
}

#[tokio::test]
async fn limits_and_cache_outlive_a_stopped_server() {
    let (mut server, limiter, cache) = used().await;
    server.stop().await.expect("stopped");
    all_still_holds(&limiter, &cache).await;
    nothing_waits_any_more(&limiter).await;
    server.start_again().await.expect("started");
    assert!(limiter.ready(LONG).await && cache.ready(LONG).await);
    assert!(allowed(&limiter, "ada").await <= 1, "what was used up stays so");
}

#[tokio::test]
async fn limits_and_cache_outlive_a_frozen_server() {
    let (server, limiter, cache) = used().await;
    server.freeze().expect("frozen");
    all_still_holds(&limiter, &cache).await;
    nothing_waits_any_more(&limiter).await;
    server.thaw().expect("thawed");
    assert!(limiter.ready(LONG).await && cache.ready(LONG).await);
    assert!(allowed(&limiter, "ada").await <= 1);
}

#[tokio::test]
async fn limits_and_cache_outlive_a_flush() {
    let (server, limiter, cache) = used().await;
    server.command(&["FLUSHALL"]).expect("flushed");
    all_still_holds(&limiter, &cache).await;
    server.command(&["SCRIPT", "FLUSH"]).expect("flushed");
    assert_eq!(allowed(&limiter, "dora").await, LIMIT, "scripts are sent again");
}

/// With Redis away, a value still lives no longer than its few seconds.
#[tokio::test]
async fn what_is_remembered_is_forgotten_in_time_without_redis() {
    let (mut server, _limiter, cache) = used().await;
    server.stop().await.expect("stopped");
    let began = Instant::now();
    given(&cache, "while away", "old").await;
    eventually("the old value is gone", async || given(&cache, "while away", "new").await == "new").await;
    assert!(began.elapsed() < Duration::from_secs(5));
}

fn run() -> RunId {
    RunId::from_uuid(Uuid::from_u128(7))
}

fn event(position: u64) -> RelayEntry {
    RelayEntry { position, epoch: "e".into(), kind: RelayKind::Event, payload: b"text".to_vec() }
}

fn snapshot(position: u64) -> RelayEntry {
    RelayEntry { kind: RelayKind::Snapshot, ..event(position) }
}

async fn read(relay: &RedisRelay, after: u64) -> Result<Vec<RelayEntry>, RelayError> {
    relay.read(run(), after, Duration::ZERO).await
}

#[tokio::test]
async fn a_flushed_stream_is_noticed_and_begins_anew() {
    let server = server().await;
    let relay = relay_of(&impatient_node(&server.url())).await;
    relay.append(run(), &[event(1), event(2)]).await.expect("appended");
    let waiting = relay.read(run(), 2, LONG);
    tokio::pin!(waiting);
    assert!((&mut waiting).now_or_never().is_none());
    server.command(&["FLUSHALL"]).expect("flushed");
    assert!(matches!(waiting.await, Err(RelayError::Gap)), "who waits is told");
    assert!(matches!(relay.append(run(), &[event(3)]).await, Err(RelayError::Gap)));
    relay.append(run(), &[snapshot(3), event(4)]).await.expect("appended");
    assert_eq!(read(&relay, 2).await.expect("read"), [snapshot(3), event(4)]);
    assert_eq!(read(&relay, 3).await.expect("read"), [event(4)]);
}

#[tokio::test]
async fn a_stopped_server_is_told_at_once_and_noticed_when_it_is_back() {
    let mut server = server().await;
    let relay = relay_of(&impatient_node(&server.url())).await;
    relay.append(run(), &[event(1), event(2)]).await.expect("appended");
    server.stop().await.expect("stopped");
    eventually("it is noticed", async || read(&relay, 0).await.is_err()).await;
    let began = Instant::now();
    assert!(matches!(relay.read(run(), 0, LONG).await, Err(RelayError::Unavailable(_))));
    assert!(matches!(relay.append(run(), &[event(3)]).await, Err(RelayError::Unavailable(_))));
    assert!(began.elapsed() < PATIENCE);
    server.start_again().await.expect("started");
    assert!(relay.ready(LONG).await);
    assert!(matches!(relay.append(run(), &[event(3)]).await, Err(RelayError::Gap)));
    relay.append(run(), &[snapshot(3)]).await.expect("appended");
}

/// The outcome of an append that got no answer is unknown; repeating it is right either way.
#[tokio::test]
async fn a_frozen_server_loses_nothing_and_doubles_nothing() {
    let server = server().await;
    let node = impatient_node(&server.url());
    let (relay, reader) = (relay_of(&node).await, relay_of(&node).await);
    relay.append(run(), &[event(1), event(2)]).await.expect("appended");
    let reading = async {
        let mut have = 0;
        while have < 4 {
            match reader.read(run(), have, LONG).await {
                Ok(entries) => {
                    for entry in entries {
                        have += 1;
                        assert_eq!(entry, event(have));
                    }
                }
                Err(RelayError::Unavailable(_)) => tokio::time::sleep(Duration::from_millis(20)).await,
                Err(RelayError::Gap) => panic!("nothing was lost"),
            }
        }
    };
    let writing = async {
        server.freeze().expect("frozen");
        let began = Instant::now();
        assert!(matches!(relay.append(run(), &[event(3)]).await, Err(RelayError::Unavailable(_))));
        assert!(began.elapsed() < Duration::from_secs(2));
        server.thaw().expect("thawed");
        let entries = [event(3), event(4)];
        eventually("it is appended", async || relay.append(run(), &entries).await.is_ok()).await;
    };
    tokio::time::timeout(LONG, async { tokio::join!(reading, writing) }).await.expect("all is read");
}

/// However many runs are read for however long, a node has the same few connections.
#[tokio::test]
async fn readers_do_not_pile_up_connections() {
    let server = server().await;
    let relay = relay_of(&impatient_node(&server.url())).await;
    let runs: Vec<RunId> = (0..200).map(|number| RunId::from_uuid(Uuid::from_u128(number))).collect();
    let reading = runs.iter().flat_map(|run_id| [*run_id; 3]).map(|run_id| relay.read(run_id, 0, LONG));
    let writing = async {
        let clients = server.command(&["CLIENT", "LIST"]).expect("a list");
        assert!(clients.matches("addr=").count() <= 2 * 3, "{clients}");
        for run_id in &runs {
            relay.append(*run_id, &[event(1)]).await.expect("appended");
        }
    };
    let (read, ()) = tokio::join!(futures_util::future::join_all(reading), writing);
    assert!(read.into_iter().all(|entries| entries.expect("read") == [event(1)]));
}

#[tokio::test]
async fn streams_go_by_themselves() {
    let server = server().await;
    let relay = relay_of(&impatient_node(&server.url())).await;
    relay.append(run(), &[event(1)]).await.expect("appended");
    let ttl = |name: &str| {
        let answer = server.command(&["TTL", &format!("colloquy:{name}:{{{}}}", run())]).expect("a time");
        answer.trim().trim_start_matches(':').parse::<i64>().expect("a number")
    };
    assert!((60..=3600).contains(&ttl("stream")) && (60..=3600).contains(&ttl("newest")));
    relay.close(run()).await.expect("closed");
    assert!((1..=60).contains(&ttl("stream")) && (1..=60).contains(&ttl("newest")));
}
