//! Values that the cache remembers, in JSON.

use std::time::Duration;

use domain::UserId;
use domain::ports::{Cache, CacheKey, Cached, StorageError};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The value under a key: a remembered one that is younger than `keep`, or what `load` gives with the person that it is
/// about.
pub async fn get<T: Serialize + DeserializeOwned + Send>(
    cache: &dyn Cache,
    key: &CacheKey,
    keep: Duration,
    load: impl Future<Output = Result<Option<(UserId, T)>, StorageError>> + Send,
) -> Result<Option<T>, StorageError> {
    let corrupt = |error: serde_json::Error| StorageError::Corrupt(Box::new(error));
    let mut loaded = None;
    let loading = async {
        let Some((owner_id, value)) = load.await? else { return Ok(None) };
        let bytes = serde_json::to_vec(&value).map_err(corrupt)?;
        loaded = Some(value);
        Ok(Some(Cached { owner_id, bytes }))
    };
    let found = cache.get_or_load(key, keep, Box::pin(loading)).await?;
    match (loaded, found) {
        (Some(value), Some(_)) => Ok(Some(value)),
        (_, found) => found.map(|found| serde_json::from_slice(&found.bytes).map_err(corrupt)).transpose(),
    }
}
