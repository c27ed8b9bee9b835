//! What API keys must do.

use std::num::NonZeroU32;

use domain::ports::StorageError;
use domain::{ApiKey, ApiKeyId, Event, KeyLimits, Money, PageRequest, Timestamp, UnitOfWork, UsageEntry};

use super::{Storage, World};
use crate::assert_refused;

/// Pages of keys hold every one once.
pub async fn keys_page_newest_first(storage: Storage) {
    let world = World::new(storage).await;
    let colleague = world.colleague("bob@example.org").await;
    let mut keys = Vec::new();
    for number in 0..4 {
        let key = world.api_key(&world.user, number);
        let other = world.api_key(&colleague, 100 + number);
        world.done(vec![Event::ApiKeyCreated(key.clone()), Event::ApiKeyCreated(other)]).await;
        keys.insert(0, key);
    }
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = PageRequest { after, limit: 3 };
        let page = world.storage.identities.api_keys(world.workspace_id, world.user.id, page).await;
        let page = page.expect("reading works");
        seen.extend(page.items);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, keys);
}

/// A revoked key does not exist.
pub async fn api_keys_are_found_by_hash_until_revoked(storage: Storage) {
    let world = World::new(storage).await;
    let limits = KeyLimits {
        requests_per_minute: NonZeroU32::new(u32::MAX),
        monthly_budget: Some(Money::from_micros(1_500_000)),
    };
    let key = ApiKey { limits, expires_at: None, ..world.api_key(&world.user, 1) };
    world.done(vec![Event::ApiKeyCreated(key.clone())]).await;
    let port = &world.storage.identities;
    let found = port.api_key_by_hash(key.key_hash).await.expect("reading works").expect("the key exists");
    assert_eq!((found.api_key, found.user), (key.clone(), world.user.clone()));
    let (other, stranger) = world.neighbour().await;
    let one = |workspace_id, user_id| port.api_key(workspace_id, user_id, key.id);
    assert_eq!(one(world.workspace_id, world.user.id).await.expect("reading works"), Some(key.clone()));
    assert_eq!(one(other, world.user.id).await.expect("reading works"), None);
    assert_eq!(one(world.workspace_id, stranger.id).await.expect("reading works"), None);
    let revoke = |user_id| vec![Event::ApiKeyRevoked { api_key_id: key.id, user_id }];
    assert_refused!(world.commit(revoke(stranger.id)).await, StorageError::Conflict);
    world.done(revoke(world.user.id)).await;
    assert_refused!(world.commit(revoke(world.user.id)).await, StorageError::Conflict);
    assert_eq!(port.api_key_by_hash(key.key_hash).await.expect("reading works"), None);
}

/// What is spent counts for the month in which it was, for its key alone, and is no obstacle once the key is gone.
pub async fn spending_counts_by_key_and_month(storage: Storage) {
    let world = World::new(storage).await;
    let keys = [1, 2].map(|secret| world.api_key(&world.user, secret));
    world.done(keys.iter().cloned().map(Event::ApiKeyCreated).collect()).await;
    let moment = |text| Timestamp::parse_rfc3339(text).expect("it is a moment");
    let entry = |api_key_id, micros| UsageEntry {
        user_id: world.user.id,
        api_key_id,
        model: super::world::model(),
        requests: 1,
        input_tokens: 1,
        output_tokens: 1,
        cost: Money::from_micros(micros),
    };
    let used = |at, entries| {
        let unit = UnitOfWork { at: moment(at), ..world.unit(vec![Event::UsageRecorded(entries)]) };
        world.storage.journal.commit(unit)
    };
    let (first, second) = (Some(keys[0].id), Some(keys[1].id));
    used("2026-11-30T23:59:59.999999Z", vec![entry(first, 5), entry(None, 100), entry(first, 6)])
        .await
        .expect("it is in order");
    used("2026-11-01T00:00:00Z", vec![entry(first, 7), entry(second, 9)]).await.expect("it is in order");
    used("2026-12-01T00:00:00Z", vec![entry(first, 1)]).await.expect("it is in order");
    let port = &world.storage.identities;
    for (id, at, expected) in [
        (keys[0].id, "2026-11-15T12:00:00Z", 18),
        (keys[0].id, "2026-12-31T23:59:59Z", 1),
        (keys[0].id, "2025-11-15T12:00:00Z", 0),
        (keys[1].id, "2026-11-15T12:00:00Z", 9),
    ] {
        let spent: Money = port.spent_with_key(id, moment(at)).await.expect("reading works");
        assert_eq!(spent.micros(), expected, "{at}");
    }
    let api_key_id: ApiKeyId = keys[0].id;
    world.done(vec![Event::ApiKeyRevoked { api_key_id, user_id: world.user.id }]).await;
    used("2026-12-02T00:00:00Z", vec![entry(first, 3)]).await.expect("a revoked key is no obstacle");
    let spent = port.spent_with_key(api_key_id, moment("2026-12-02T00:00:00Z")).await;
    assert_eq!(spent.expect("reading works"), Money::ZERO);
}
