//! What accounts, sessions and API keys must do.

use domain::ports::{Clock, Ids, StorageError};
use domain::{
    Email, Event, Expectation, PageRequest, PasswordHash, Role, SessionEnd, TokenHash, UnitOfWork, User,
};
use futures_util::future::join_all;

use super::{Storage, World};
use crate::assert_refused;

/// Pages of accounts and keys hold every one once.
pub async fn accounts_and_keys_page_newest_first(storage: Storage) {
    let world = World::new(storage).await;
    let mut users = vec![world.user.clone()];
    let mut keys = Vec::new();
    for number in 0..4 {
        let user = world.stranger(&format!("user{number}@example.org"));
        let key = world.api_key(&world.user, number);
        world.done(vec![Event::UserCreated(user.clone()), Event::ApiKeyCreated(key.clone())]).await;
        users.insert(0, user);
        keys.insert(0, key);
    }
    let port = &world.storage.identities;
    let (mut seen_users, mut seen_keys) = (Vec::new(), Vec::new());
    let mut after = None;
    loop {
        let page = port
            .users(world.workspace_id, None, PageRequest { after, limit: 2 })
            .await
            .expect("reading works");
        seen_users.extend(page.items);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let mut after = None;
    loop {
        let page = PageRequest { after, limit: 3 };
        let page = port.api_keys(world.workspace_id, world.user.id, page).await.expect("reading works");
        seen_keys.extend(page.items);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!((seen_users, seen_keys), (users, keys));
}

/// An address is taken, however it is written.
pub async fn an_address_has_one_account_whatever_its_case(storage: Storage) {
    let world = World::new(storage).await;
    let mut twin = world.stranger("ADA@Example.org");
    assert_refused!(
        world.commit(vec![Event::UserCreated(twin.clone())]).await,
        StorageError::Rejected("an account with this e-mail address exists")
    );
    twin.email = Email::new("ada2@example.org").expect("the address is valid");
    twin.role = Role::Admin;
    twin.password_hash = Some(PasswordHash::from_phc("$argon2id$…".to_owned()));
    world.done(vec![Event::UserCreated(twin.clone())]).await;
    let port = &world.storage.identities;
    assert_eq!(port.user_by_email(&twin.email).await.expect("reading works"), Some(twin.clone()));
    assert_eq!(port.user(world.workspace_id, twin.id).await.expect("reading works"), Some(twin.clone()));
    let (other, _) = world.neighbour().await;
    assert_eq!(port.user(other, twin.id).await.expect("reading works"), None);
    assert_eq!(
        port.first_workspace().await.expect("reading works").map(|it| it.id),
        Some(world.workspace_id)
    );
}

/// A revoked key does not exist.
pub async fn api_keys_are_found_by_hash_until_revoked(storage: Storage) {
    let world = World::new(storage).await;
    let key = world.api_key(&world.user, 1);
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

/// A second account with an id is refused, and the first one stays.
pub async fn ids_are_not_taken_twice(storage: Storage) {
    let world = World::new(storage).await;
    let email = Email::new("other@example.org").expect("the address is valid");
    let twin = User { email, ..world.user.clone() };
    assert_refused!(world.commit(vec![Event::UserCreated(twin)]).await, StorageError::Rejected(_));
    let stored = world.storage.identities.user(world.workspace_id, world.user.id).await;
    assert_eq!(stored.expect("reading works"), Some(world.user.clone()));
}

/// A closed session does not exist.
pub async fn sessions_are_found_by_token_until_closed(storage: Storage) {
    let world = World::new(storage).await;
    let session = world.session(&world.user, 9);
    world.done(vec![Event::SessionOpened(session.clone())]).await;
    let port = &world.storage.identities;
    let found = port.session_by_token(session.token_hash).await.expect("reading works").expect("it is open");
    assert_eq!((found.session, found.user), (session.clone(), world.user.clone()));
    assert_eq!(port.session_by_token(TokenHash::new([8; 32])).await.expect("reading works"), None);
    let closed =
        Event::SessionClosed { session_id: session.id, user_id: world.user.id, end: SessionEnd::SignedOut };
    world.done(vec![closed.clone()]).await;
    assert_eq!(port.session_by_token(session.token_hash).await.expect("reading works"), None);
    assert_refused!(world.commit(vec![closed]).await, StorageError::Conflict);
}

/// Of many simultaneous attempts to make the first account, one succeeds.
pub async fn the_first_owner_is_made_once(storage: Storage) {
    assert!(!storage.identities.any_account().await.expect("reading works"));
    assert_eq!(storage.identities.first_workspace().await.expect("reading works"), None);
    let ids = crate::fakes::SequentialIds::new();
    let attempts = (0..20).map(|number| {
        let workspace_id = domain::WorkspaceId::from_uuid(ids.uuid());
        let clock = crate::fakes::ManualClock::default();
        let world = World {
            storage: storage.clone(),
            ids: crate::fakes::SequentialIds::new(),
            workspace_id,
            user: World::account(&ids, workspace_id, &format!("owner{number}@example.org"), clock.now()),
            node_id: domain::NodeId::from_uuid(ids.uuid()),
            clock,
        };
        let events = vec![Event::WorkspaceCreated(world.workspace()), Event::UserCreated(world.user.clone())];
        let unit = UnitOfWork { expected: vec![Expectation::NoAccountExists], ..world.unit(events) };
        storage.journal.commit(unit)
    });
    let outcomes = join_all(attempts).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(_) | Err(StorageError::Conflict))));
    assert!(storage.identities.any_account().await.expect("reading works"));
}
