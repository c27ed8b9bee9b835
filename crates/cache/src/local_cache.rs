//! Remembering within this process.

use std::time::Duration;

use async_trait::async_trait;
use domain::UserId;
use domain::ports::{Cache, CacheKey, Load, Loaded};

use crate::Settings;
use crate::memory::{Memory, Remembered};

/// Remembers within this process.
pub struct LocalCache {
    memory: Memory,
}

impl LocalCache {
    /// An empty cache.
    pub fn new(settings: &Settings) -> Self {
        Self { memory: Memory::new(settings.weight_mib) }
    }
}

#[async_trait]
impl Cache for LocalCache {
    async fn get_or_load(&self, key: &CacheKey, keep: Duration, load: Load<'_>) -> Loaded {
        let load = async {
            let loaded_at = self.memory.forgotten().now();
            Ok(load.await?.map(|cached| Remembered { cached, loaded_at }))
        };
        self.memory.get_or_load(key, keep, load).await
    }

    async fn invalidate(&self, keys: &[CacheKey]) {
        self.memory.invalidate(keys);
    }

    fn forget_owner(&self, owner_id: UserId) {
        self.memory.forgotten().forget_owner(owner_id);
    }

    fn forget_all(&self) {
        self.memory.forgotten().forget_all();
    }
}
