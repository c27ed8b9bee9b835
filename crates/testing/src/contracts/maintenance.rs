//! What keeping a database in order must do.

use std::time::Duration;

use domain::ports::Clock;
use domain::{Event, IdempotencyKey, IdempotencyRecord, Session, TokenHash, UnitOfWork};

use super::{Storage, World};

/// The readiness probe names the engine and the schema.
pub async fn a_healthy_database_says_what_it_is(storage: Storage) {
    let health = storage.maintenance.health().await.expect("a fresh database is healthy");
    assert!(health.engine.contains(' '), "{:?} should name an engine and a version", health.engine);
    assert!(!health.schema.is_empty());
}

/// What only went through the ports agrees with itself, and repairing changes nothing.
pub async fn nothing_drifts_by_itself(storage: Storage) {
    let world = World::new(storage).await;
    let mut conversation = world.conversation("Steady").await;
    let question = world.post(&mut conversation, None, "One").await;
    let (answer, run) = world.answer(&mut conversation, &question).await;
    world.done(vec![world.completed(&run, &answer, "Two")]).await;
    let stored = world.storage.conversations.get(world.workspace_id, conversation.id).await;
    for repair in [false, true] {
        assert_eq!(world.storage.maintenance.reconcile(repair).await.expect("reading works"), []);
    }
    let after = world.storage.conversations.get(world.workspace_id, conversation.id).await;
    assert_eq!(after.expect("reading works"), stored.expect("reading works"));
}

/// Expired sessions and records go; valid ones stay.
pub async fn what_has_expired_is_forgotten(storage: Storage) {
    let world = World::new(storage).await;
    let now = world.clock.now();
    let tokens = [1, 2].map(|number| TokenHash::new([number; 32]));
    for (seconds, token_hash) in [(10, tokens[0]), (1000, tokens[1])] {
        let expires_at = now.plus(Duration::from_secs(seconds));
        let session = Session { token_hash, expires_at, ..world.session(&world.user, 0) };
        let record = IdempotencyRecord {
            user_id: world.user.id,
            operation: "session.open".to_owned(),
            key: IdempotencyKey::new(&format!("key-{seconds}")).expect("the key is valid"),
            fingerprint: [0; 32],
            result: "{}".to_owned(),
            version: None,
            expires_at,
        };
        let unit =
            UnitOfWork { idempotency: Some(record), ..world.unit(vec![Event::SessionOpened(session)]) };
        world.storage.journal.commit(unit).await.expect("the session is in order");
    }
    let purge = |seconds| world.storage.maintenance.purge_expired(now.plus(Duration::from_secs(seconds)));
    assert_eq!(purge(9).await.expect("purging works"), 0);
    assert_eq!(purge(10).await.expect("purging works"), 2);
    let port = &world.storage.identities;
    assert_eq!(port.session_by_token(tokens[0]).await.expect("reading works"), None);
    assert!(port.session_by_token(tokens[1]).await.expect("reading works").is_some());
}
