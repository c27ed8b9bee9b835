//! Values that the cache remembers, in JSON.

use std::time::Duration;

use domain::UserId;
use domain::ports::{Cache, CacheKey, Cached, StorageError};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The value under a key: a remembered one that is younger than `keep`, or what `load` gives with the person that it is
/// about.
pub async fn get<T, F>(
    cache: &dyn Cache,
    key: &CacheKey,
    keep: Duration,
    load: impl Fn() -> F + Sync,
) -> Result<Option<T>, StorageError>
where
    T: Serialize + DeserializeOwned + Send,
    F: Future<Output = Result<Option<(UserId, T)>, StorageError>> + Send,
{
    let mut loaded = None;
    let loading = async {
        let Some((owner_id, value)) = load().await? else { return Ok(None) };
        let bytes = serde_json::to_vec(&value).map_err(|error| StorageError::Corrupt(Box::new(error)))?;
        loaded = Some(value);
        Ok(Some(Cached { owner_id, bytes }))
    };
    let found = cache.get_or_load(key, keep, Box::pin(loading)).await?;
    if loaded.is_some() {
        return Ok(loaded);
    }
    let Some(found) = found else { return Ok(None) };
    match serde_json::from_slice(&found.bytes) {
        Ok(value) => Ok(Some(value)),
        // Another release wrote it, while both are at work.
        Err(_) => Ok(load().await?.map(|(_, value)| value)),
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use domain::ports::{Load, Loaded};

    use super::*;

    /// Remembers something that this release does not understand.
    struct Strange;

    #[async_trait]
    impl Cache for Strange {
        async fn get_or_load(&self, _: &CacheKey, _: Duration, _: Load<'_>) -> Loaded {
            let owner_id =
                "0198f3a0-0000-7000-8000-000000000000".parse().map_err(|_| StorageError::Conflict)?;
            Ok(Some(Cached { owner_id, bytes: b"{\"strange\":1}".to_vec() }))
        }

        async fn invalidate(&self, _: &[CacheKey]) {}

        fn forget_owner(&self, _: UserId) {}

        fn forget_all(&self) {}
    }

    #[tokio::test]
    async fn what_another_release_wrote_is_read_anew() {
        let key = CacheKey { kind: "number", id: "a".to_owned() };
        let owner_id: UserId = "0198f3a0-0000-7000-8000-000000000000".parse().expect("an id");
        let found = get(&Strange, &key, Duration::MAX, async || Ok(Some((owner_id, 7_u32)))).await;
        assert_eq!(found.expect("nothing fails"), Some(7));
    }
}
