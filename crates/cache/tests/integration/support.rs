//! What these tests share.

use std::time::Duration;

use cache::{Redis, RedisCache, RedisRateLimiter, RedisRelay, RedisSettings, Settings};
use testing::servers::{RedisOptions, RedisServer, fresh_redis};

/// Longer than anything takes.
pub const LONG: Duration = Duration::from_secs(20);

/// A server that the test may stop and freeze.
pub async fn server() -> RedisServer {
    RedisServer::start(RedisOptions::default()).await.expect("Redis starts")
}

/// One process's view of a server: patient, because tests run beside much else.
pub fn node(url: &str) -> Redis {
    let settings = RedisSettings { timeout_ms: 2_000, ..RedisSettings::at(url) };
    Redis::new(&settings).expect("right settings").expect("an address")
}

/// One process's view of a server, as impatient as it is by default.
pub fn impatient_node(url: &str) -> Redis {
    Redis::new(&RedisSettings::at(url)).expect("right settings").expect("an address")
}

/// The address of a database that no other test uses. It is not given back: the server goes with the tests.
pub fn database() -> String {
    let database = fresh_redis().expect("a database");
    let url = database.url();
    std::mem::forget(database);
    url
}

/// A cache that is connected.
pub async fn cache_of(node: &Redis) -> RedisCache {
    let cache = node.cache(&Settings::default());
    assert!(cache.ready(LONG).await);
    // Redis counts in milliseconds: what was loaded just after the connection was made may seem to be from before.
    tokio::time::sleep(Duration::from_millis(10)).await;
    cache
}

/// Limits that are connected.
pub async fn rate_limiter_of(node: &Redis) -> RedisRateLimiter {
    let limiter = node.rate_limiter();
    assert!(limiter.ready(LONG).await);
    limiter
}

/// A relay that is connected.
pub async fn relay_of(node: &Redis) -> RedisRelay {
    let relay = node.relay();
    assert!(relay.ready(LONG).await);
    relay
}

/// Tries until it is so.
pub async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let trying = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(LONG, trying).await.unwrap_or_else(|_| panic!("waited in vain until {what}"));
}
