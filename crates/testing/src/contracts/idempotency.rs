//! What the records of earlier attempts must do.

use std::time::Duration;

use domain::ports::{Clock, StorageError};
use domain::{Event, IdempotencyKey, IdempotencyRecord, UnitOfWork, UserId, Version};
use futures_util::future::join_all;

use super::{Storage, World};
use crate::assert_refused;

fn record(world: &World, result: &str) -> IdempotencyRecord {
    IdempotencyRecord {
        user_id: world.user.id,
        operation: "conversation.create".to_owned(),
        key: key("attempt-1"),
        fingerprint: [7; 32],
        result: result.to_owned(),
        version: Some(Version::FIRST),
        expires_at: world.clock.now().plus(Duration::from_mins(1)),
    }
}

fn key(text: &str) -> IdempotencyKey {
    IdempotencyKey::new(text).expect("the key is valid")
}

fn unit(world: &World, record: IdempotencyRecord) -> UnitOfWork {
    UnitOfWork { idempotency: Some(record), ..world.unit(Vec::new()) }
}

async fn find(world: &World, user_id: UserId, operation: &str, name: &str) -> Option<IdempotencyRecord> {
    let port = &world.storage.idempotency;
    port.find(world.workspace_id, user_id, operation, &key(name)).await.expect("reading works")
}

/// The same user, operation and key conflict; any other is another attempt.
pub async fn a_key_is_used_once(storage: Storage) {
    let world = World::new(storage).await;
    let journal = &world.storage.journal;
    let first = record(&world, "1");
    journal.commit(unit(&world, first.clone())).await.expect("the key is fresh");
    assert_refused!(journal.commit(unit(&world, record(&world, "2"))).await, StorageError::Conflict);
    let others = [
        IdempotencyRecord { key: key("attempt-2"), ..record(&world, "3") },
        IdempotencyRecord { operation: "conversation.delete".to_owned(), ..record(&world, "4") },
        IdempotencyRecord { user_id: world.stranger("bob@example.org").id, ..record(&world, "5") },
    ];
    for other in others {
        journal.commit(unit(&world, other)).await.expect("another attempt");
    }
    assert_eq!(find(&world, world.user.id, "conversation.create", "attempt-1").await, Some(first));
    assert_eq!(find(&world, world.user.id, "conversation.create", "attempt-9").await, None);
    let (other, _) = world.neighbour().await;
    let port = &world.storage.idempotency;
    let elsewhere = port.find(other, world.user.id, "conversation.create", &key("attempt-1")).await;
    assert_eq!(elsewhere.expect("reading works"), None);
}

/// An attempt that failed may be repeated with its key.
pub async fn a_refused_unit_leaves_no_record(storage: Storage) {
    let world = World::new(storage).await;
    let conversation = world.conversation("Taken").await;
    let refused = UnitOfWork {
        idempotency: Some(record(&world, "1")),
        ..world.unit(vec![Event::ConversationCreated(conversation)])
    };
    assert_refused!(world.storage.journal.commit(refused).await, StorageError::Rejected(_));
    assert_eq!(find(&world, world.user.id, "conversation.create", "attempt-1").await, None);
}

/// After its time a key is as good as new.
pub async fn an_expired_record_gives_way(storage: Storage) {
    let world = World::new(storage).await;
    let journal = &world.storage.journal;
    journal.commit(unit(&world, record(&world, "1"))).await.expect("the key is fresh");
    world.clock.advance(Duration::from_mins(1));
    let second = record(&world, "2");
    journal.commit(unit(&world, second.clone())).await.expect("the record has expired");
    assert_eq!(find(&world, world.user.id, "conversation.create", "attempt-1").await, Some(second));
}

/// One of many simultaneous attempts wins, and what it did is there once.
pub async fn fifty_attempts_at_once_succeed_once(storage: Storage) {
    let world = World::new(storage).await;
    let attempts = (0..50).map(|number| {
        let created =
            Event::ConversationCreated(world.new_conversation(world.user.id, &format!("Attempt {number}")));
        let record = IdempotencyRecord {
            expires_at: world.clock.now().plus(Duration::from_hours(1)),
            ..record(&world, &number.to_string())
        };
        world.storage.journal.commit(UnitOfWork { idempotency: Some(record), ..world.unit(vec![created]) })
    });
    let outcomes = join_all(attempts).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(_) | Err(StorageError::Conflict))));
    let page = world.storage.conversations.list(
        world.workspace_id,
        domain::ports::ConversationsOf::Owner(world.user.id),
        domain::ports::ConversationFilter::default(),
        domain::PageRequest::first(100),
    );
    assert_eq!(page.await.expect("reading works").items.len(), 1);
}
