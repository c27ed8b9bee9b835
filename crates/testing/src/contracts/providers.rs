//! What connected model providers must do.

use domain::ports::{Ids, StorageError};
use domain::{Event, ModelName, Provider, ProviderId, ProviderName, Version};

use super::{Storage, World};
use crate::assert_refused;

/// A provider that is not stored yet.
pub(super) fn provider(world: &World, name: &str) -> Provider {
    let now = world.tick();
    Provider {
        id: ProviderId::from_uuid(world.ids.uuid()),
        workspace_id: world.workspace_id,
        name: ProviderName::new(name).expect("the name is valid"),
        kind: "openai".to_owned(),
        base_url: Some("https://models.example/v1".to_owned()),
        sealed_api_key: Some(vec![0, 128, 255]),
        models: vec![ModelName::new("large").expect("the name is valid")],
        enabled: true,
        version: Version::FIRST,
        created_at: now,
        updated_at: now,
    }
}

/// Every field survives; versions replace each other; a name is taken once.
pub async fn a_provider_is_connected_changed_and_disconnected(storage: Storage) {
    let world = World::new(storage).await;
    let first = provider(&world, "zebra");
    let second = Provider {
        base_url: None,
        sealed_api_key: None,
        models: Vec::new(),
        enabled: false,
        ..provider(&world, "ant")
    };
    world.done(vec![Event::ProviderCreated(first.clone()), Event::ProviderCreated(second.clone())]).await;
    let port = &world.storage.providers;
    let all = || async { port.providers().await.expect("reading works") };
    assert_eq!(all().await, [second.clone(), first.clone()]);
    let twin = provider(&world, "ant");
    assert_refused!(world.commit(vec![Event::ProviderCreated(twin)]).await, StorageError::Rejected(_));
    let changed = Provider {
        name: ProviderName::new("bee").expect("the name is valid"),
        kind: "anthropic".to_owned(),
        base_url: None,
        sealed_api_key: Some(vec![7]),
        models: Vec::new(),
        enabled: false,
        version: first.version.next(),
        updated_at: world.tick(),
        ..first.clone()
    };
    let stolen = Provider { name: second.name.clone(), ..changed.clone() };
    assert_refused!(world.commit(vec![Event::ProviderUpdated(stolen)]).await, StorageError::Rejected(_));
    world.done(vec![Event::ProviderUpdated(changed.clone())]).await;
    for stale in [first.clone(), changed.clone()] {
        assert_refused!(
            world.commit(vec![Event::ProviderUpdated(stale.clone())]).await,
            StorageError::Conflict
        );
        assert_refused!(world.commit(vec![Event::ProviderDeleted(stale)]).await, StorageError::Conflict);
    }
    assert_eq!(port.provider(first.id).await.expect("reading works").as_ref(), Some(&changed));
    let deleted = Provider { version: changed.version.next(), ..changed };
    world.done(vec![Event::ProviderDeleted(deleted)]).await;
    assert_eq!(port.provider(first.id).await.expect("reading works"), None);
    assert_eq!(all().await, [second]);
}
