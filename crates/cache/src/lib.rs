//! Cache, rate limits and relay: within one process, and across processes on a Redis or Valkey.

mod check;
mod connection;
mod forgotten;
mod local_cache;
mod local_rate_limiter;
mod memory;
mod redis_cache;
mod redis_rate_limiter;
mod redis_relay;
mod server;
mod settings;

pub use check::{CheckError, MINIMUM_VERSION, check};
pub use local_cache::LocalCache;
pub use local_rate_limiter::LocalRateLimiter;
pub use redis_cache::RedisCache;
pub use redis_rate_limiter::RedisRateLimiter;
pub use redis_relay::RedisRelay;
pub use server::Redis;
pub use settings::{RedisSettings, Settings, SettingsProblem};
