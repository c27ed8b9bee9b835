//! A Postgres and a Redis of one's own, set up as they would be in earnest.

use testing::servers::{
    Durability, PostgresOptions, PostgresServer, RedisOptions, RedisServer, TestDatabase,
};

use crate::Outcome;

/// A Postgres that syncs every commit, with some memory.
pub async fn postgres() -> Outcome<PostgresServer> {
    let settings = [
        ("max_connections", "200"),
        ("shared_buffers", "1GB"),
        ("max_wal_size", "8GB"),
        ("checkpoint_timeout", "30min"),
    ];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    Ok(PostgresServer::start(PostgresOptions { durability: Durability::Machine, settings }).await?)
}

/// A Redis.
pub async fn redis() -> Outcome<RedisServer> {
    Ok(RedisServer::start(RedisOptions::default()).await?)
}

/// An empty database, whose owner is no superuser.
pub async fn database(server: &PostgresServer) -> Outcome<TestDatabase> {
    Ok(TestDatabase::empty(&server.url()).await?)
}

/// What has a server use them.
pub fn variables(database: &TestDatabase, redis: Option<&RedisServer>) -> Vec<(&'static str, String)> {
    let redis = redis.map(|redis| ("COLLOQUY_REDIS__URL", redis.url()));
    [("COLLOQUY_DATABASE__URL", database.url())].into_iter().chain(redis).collect()
}
