//! One Redis, and what is built on it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::connection::{Connection, Listener};
use crate::settings::{RedisSettings, Settings, SettingsProblem, client};
use crate::{RedisCache, RedisRateLimiter, RedisRelay};

/// One Redis or Valkey. Whatever is built on it has a connection of its own, made on the tokio runtime on which it is
/// built, and goes on without it while the server is away.
#[derive(Clone)]
pub struct Redis {
    client: redis::Client,
    settings: RedisSettings,
    is_told: Arc<AtomicBool>,
}

impl Redis {
    /// The server that the settings name; none where they name none. Does not connect yet.
    ///
    /// # Errors
    /// What is wrong with the settings.
    pub fn new(settings: &RedisSettings) -> Result<Option<Self>, SettingsProblem> {
        if let Some(problem) = settings.problems().into_iter().next() {
            return Err(problem);
        }
        let client = settings.url.as_deref().map(client).transpose()?;
        Ok(client.map(|client| Self { client, settings: settings.clone(), is_told: Arc::default() }))
    }

    /// The log holds already that the server is away: the connections do not tell it once more.
    pub fn is_known_to_be_away(&self) {
        self.is_told.store(true, Ordering::Relaxed);
    }

    /// A cache that shares what was loaded with other processes.
    pub fn cache(&self, settings: &Settings) -> RedisCache {
        RedisCache::new(self.connecting(self.settings.patience()), &self.settings.prefix, settings)
    }

    /// Rate limits that hold across processes.
    pub fn rate_limiter(&self) -> RedisRateLimiter {
        RedisRateLimiter::new(self.connecting(self.settings.patience()), &self.settings.prefix)
    }

    /// What runs say, carried to other processes.
    pub fn relay(&self) -> RedisRelay {
        RedisRelay::new(self.connecting(RedisRelay::PATIENCE), &self.settings.prefix)
    }

    fn connecting(&self, patience: Duration) -> impl FnOnce(Arc<dyn Listener>) -> Connection {
        move |listener| {
            let is_told = Arc::clone(&self.is_told);
            Connection::start(self.client.clone(), &self.settings, patience, listener, is_told)
        }
    }
}
