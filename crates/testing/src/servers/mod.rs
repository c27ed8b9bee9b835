//! Private database servers: a Postgres and a Redis that only the tests know.
//!
//! They are started from installed programs, on free ports of the loopback interface, with their data in a temporary
//! folder, and are gone when they are dropped or when the process that started them ends, however it ends.
//!
//! Tests that only need *a* server share the two that `cargo xtask test` (or `cargo xtask servers -- <command>`) has
//! started, and have a database of their own in them: [`fresh_database`] and [`fresh_redis`]. Tests that stop or freeze
//! a server start one of their own: [`PostgresServer`] and [`RedisServer`].

mod database;
mod postgres;
mod process;
mod psql;
mod redis;
#[cfg(test)]
mod tests;

use std::io;
use std::time::Duration;

pub use database::{Template, TestDatabase, fresh_database};
pub use postgres::{Durability, PostgresOptions, PostgresServer};
pub use redis::{RedisOptions, RedisServer, TestRedis, fresh_redis};

/// Names the shared Postgres server: the URL of its administrator.
pub const POSTGRES_VARIABLE: &str = "COLLOQUY_TEST_POSTGRES";
/// Names the shared Redis server.
pub const REDIS_VARIABLE: &str = "COLLOQUY_TEST_REDIS";

/// How long a server may take to start or to stop.
const PATIENCE: Duration = Duration::from_mins(1);

/// The URL of the shared Postgres server's administrator, a superuser.
///
/// # Panics
/// When no server was started for the tests.
pub fn postgres_url() -> String {
    shared(POSTGRES_VARIABLE)
}

/// The URL of the shared Redis server. Tests that write take [`fresh_redis`].
///
/// # Panics
/// When no server was started for the tests.
pub fn redis_url() -> String {
    shared(REDIS_VARIABLE)
}

fn shared(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| {
        panic!(
            "{variable} is not set: run this through `cargo xtask test` or `cargo xtask servers -- <command>`"
        )
    })
}

/// Waits until `attempt` gives something; the error is what it was waiting for.
async fn eventually<T>(what: &str, mut attempt: impl FnMut() -> io::Result<Option<T>>) -> io::Result<T> {
    let trying = async {
        loop {
            if let Some(result) = attempt()? {
                return Ok(result);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let in_vain = |_| io::Error::other(format!("waited {PATIENCE:?} in vain for {what}"));
    tokio::time::timeout(PATIENCE, trying).await.map_err(in_vain)?
}
