//! What keeping a database in order must do.

use std::time::Duration;

use domain::ports::{Clock, Ids};
use domain::{
    Event, IdempotencyKey, IdempotencyRecord, KeyPurpose, SecretKey, SecretKeyId, Session, Ticket, TicketId,
    TicketKind, TokenHash, UnitOfWork,
};

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

/// Tickets go when they expire, invitations a month later, signing keys a day after another took their place; nothing
/// else goes.
pub async fn what_nobody_can_use_any_more_is_forgotten(storage: Storage) {
    let world = World::new(storage).await;
    let start = world.clock.now();
    let ticket = Ticket {
        id: TicketId::from_uuid(world.ids.uuid()),
        kind: TicketKind::PasskeySignIn,
        workspace_id: world.workspace_id,
        user_id: None,
        token_hash: TokenHash::new([1; 32]),
        payload: String::new(),
        created_at: start,
        expires_at: start.plus(Duration::from_secs(10)),
    };
    let mut invitation = super::workspaces::invitation(&world, 2);
    invitation.expires_at = start.plus(Duration::from_secs(10));
    world.done(vec![Event::TicketIssued(ticket.clone()), Event::InvitationCreated(invitation.clone())]).await;
    let keys = &world.storage.secret_keys;
    for purpose in [KeyPurpose::Sealing, KeyPurpose::Signing] {
        let key = |at| SecretKey {
            id: SecretKeyId::from_uuid(world.ids.uuid()),
            purpose,
            wrapped: vec![1],
            wrapped_by: "root".to_owned(),
            created_at: at,
            retired_at: None,
        };
        assert!(keys.add_secret_key(key(start)).await.expect("writing works"));
        let replaced = vec![key(world.tick())];
        let rotated = vec![Event::SecretKeysRotated { rewrapped: Vec::new(), replaced }];
        let unit = UnitOfWork { at: start, ..world.unit(rotated) };
        world.storage.journal.commit(unit).await.expect("there is one to replace");
    }
    let day = 24 * 60 * 60;
    for (seconds, gone) in [(9, 0), (10, 1), (day - 1, 0), (day, 1), (30 * day + 9, 0), (30 * day + 10, 1)] {
        let now = start.plus(Duration::from_secs(seconds));
        let purged = world.storage.maintenance.purge_expired(now).await.expect("purging works");
        assert_eq!(purged, gone, "after {seconds} seconds");
    }
    let Storage { identities, workspaces, .. } = &world.storage;
    assert_eq!(identities.ticket(ticket.token_hash).await.expect("reading works"), None);
    assert_eq!(workspaces.invitation_by_token(invitation.token_hash).await.expect("reading works"), None);
    let left = keys.secret_keys().await.expect("reading works");
    let left: Vec<_> = left.iter().map(|key| (key.purpose, key.retired_at.is_some())).collect();
    assert_eq!(left.len(), 3);
    assert!(left.contains(&(KeyPurpose::Sealing, true)) && !left.contains(&(KeyPurpose::Signing, true)));
}
