//! Remembering within this process, and for a moment in Redis for all.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::UserId;
use domain::ports::{Cache, CacheKey, Cached, Load, Loaded};
use uuid::Uuid;

use crate::Settings;
use crate::connection::{Connection, Listener};
use crate::forgotten::{Forgotten, Moment};
use crate::memory::{Memory, Remembered};

/// Remembers within this process, and for a moment in Redis, so that what one process has loaded serves the others.
///
/// No value lives longer than [`RedisCache::LIFETIME`] since its load began, wherever it is and whoever could not be
/// told of a change.
pub struct RedisCache {
    memory: Arc<Shared>,
    connection: Connection,
    prefix: String,
}

struct Shared {
    memory: Memory,
    channel: String,
    /// Tells this process's own messages from those of others.
    process: u64,
}

impl Listener for Shared {
    fn channels(&self) -> Vec<String> {
        vec![self.channel.clone()]
    }

    fn connected(&self) {
        self.memory.forgotten().forget_all();
    }

    fn heard(&self, _: &str, payload: &[u8]) {
        let Ok(text) = std::str::from_utf8(payload) else { return };
        let mut words = text.split('\n');
        if words.next() == Some(self.process.to_string().as_str()) {
            return;
        }
        while let (Some(kind), Some(id)) = (words.next(), words.next()) {
            self.memory.forgotten().forget_key(kind, id);
        }
    }
}

impl RedisCache {
    /// The longest life of a value.
    pub const LIFETIME: Duration = Duration::from_secs(4);

    pub(crate) fn new(
        connect: impl FnOnce(Arc<dyn Listener>) -> Connection,
        prefix: &str,
        settings: &Settings,
    ) -> Self {
        let memory = Arc::new(Shared {
            memory: Memory::new(settings.weight_mib),
            channel: format!("{prefix}:forget"),
            process: RandomState::new().hash_one(prefix),
        });
        let listener: Arc<Shared> = Arc::clone(&memory);
        Self { connection: connect(listener), memory, prefix: prefix.to_owned() }
    }

    /// Waits until Redis is there, for so long at most, and says whether it is.
    pub async fn ready(&self, wait: Duration) -> bool {
        self.connection.ready(wait).await
    }

    fn name(&self, key: &CacheKey) -> String {
        format!("{}:cache:{}:{}", self.prefix, key.kind, key.id)
    }

    /// What another process, or this one, has loaded lately.
    async fn recall(&self, key: &CacheKey) -> Option<Remembered> {
        let asked = self.memory.memory.forgotten().now();
        let name = self.name(key);
        let found = self.connection.run(async |mut connection| {
            let mut both = redis::pipe();
            both.get(&name).pttl(&name);
            both.query_async::<(Option<Vec<u8>>, i64)>(&mut connection).await
        });
        let (stored, left) = found.await.ok()?;
        let cached = decoded(&stored?)?;
        let left = Duration::from_millis(u64::try_from(left).ok()?);
        let loaded_at = Forgotten::before(asked, Self::LIFETIME.checked_sub(left)?);
        let counts = self.memory.memory.counts(key, cached.owner_id, loaded_at);
        counts.then_some(Remembered { cached, loaded_at })
    }

    /// Leaves a value for other processes, for as long as it has yet to live.
    async fn leave(&self, key: &CacheKey, cached: &Cached, loaded_at: Moment) {
        let left = Self::LIFETIME.saturating_sub(self.memory.memory.forgotten().since(loaded_at)).as_millis();
        if left == 0 || !self.memory.memory.counts(key, cached.owner_id, loaded_at) {
            return;
        }
        let mut command = redis::cmd("SET");
        command.arg(self.name(key)).arg(encoded(cached)).arg("PX").arg(u64::try_from(left).unwrap_or(1));
        let left =
            self.connection.run(async |mut connection| command.query_async::<()>(&mut connection).await);
        // It was a favour to others; they load it themselves.
        let _ = left.await;
    }
}

#[async_trait]
impl Cache for RedisCache {
    async fn get_or_load(&self, key: &CacheKey, keep: Duration, load: Load<'_>) -> Loaded {
        let keep = keep.min(Self::LIFETIME);
        let load = async {
            if let Some(remembered) = self.recall(key).await
                && self.memory.memory.forgotten().since(remembered.loaded_at) < keep
            {
                return Ok(Some(remembered));
            }
            let loaded_at = self.memory.memory.forgotten().now();
            let Some(cached) = load.await? else { return Ok(None) };
            self.leave(key, &cached, loaded_at).await;
            Ok(Some(Remembered { cached, loaded_at }))
        };
        self.memory.memory.get_or_load(key, keep, load).await
    }

    async fn invalidate(&self, keys: &[CacheKey]) {
        if keys.is_empty() {
            return;
        }
        self.memory.memory.invalidate(keys);
        let mut message = self.memory.process.to_string();
        for key in keys {
            message.push('\n');
            message.push_str(key.kind);
            message.push('\n');
            message.push_str(&key.id);
        }
        let mut both = redis::pipe();
        both.del(keys.iter().map(|key| self.name(key)).collect::<Vec<_>>()).ignore();
        both.publish(&self.memory.channel, message).ignore();
        let told = self.connection.run(async |mut connection| both.query_async::<()>(&mut connection).await);
        if let Err(reason) = told.await {
            tracing::debug!(%reason, "others forget within the life of a value, not at once");
        }
    }

    fn forget_owner(&self, owner_id: UserId) {
        self.memory.memory.forgotten().forget_owner(owner_id);
    }

    fn forget_all(&self) {
        self.memory.memory.forgotten().forget_all();
    }
}

fn encoded(cached: &Cached) -> Vec<u8> {
    [cached.owner_id.uuid().as_bytes(), &cached.bytes[..]].concat()
}

fn decoded(stored: &[u8]) -> Option<Cached> {
    let (owner_id, bytes) = stored.split_first_chunk::<16>()?;
    Some(Cached { owner_id: UserId::from_uuid(Uuid::from_bytes(*owner_id)), bytes: bytes.to_vec() })
}
