//! What second factors, passkeys and identities elsewhere must do.

use std::collections::HashSet;

use domain::ports::{Clock, Ids, StorageError};
use domain::{Event, ExternalIdentity, Passkey, PasskeyId, PasskeyName, TokenHash, Totp, User, UserId};
use futures_util::future::join_all;

use super::{Storage, World};
use crate::assert_refused;

pub(super) fn totp(world: &World, user_id: UserId) -> Totp {
    Totp { user_id, sealed_secret: vec![0, 1, 255], last_step: 7, enabled_at: world.clock.now() }
}

fn codes(numbers: impl IntoIterator<Item = u8>) -> Vec<TokenHash> {
    numbers.into_iter().map(|number| TokenHash::new([number; 32])).collect()
}

async fn stored_codes(world: &World) -> HashSet<TokenHash> {
    let codes = world.storage.identities.recovery_codes(world.user.id).await.expect("reading works");
    codes.into_iter().collect()
}

/// Of many who use a code of one time step, one does; an earlier step never counts again.
pub async fn codes_of_a_step_count_once(storage: Storage) {
    let world = World::new(storage).await;
    let user_id = world.user.id;
    let enabled = totp(&world, user_id);
    let used = |step| vec![Event::TotpUsed { user_id, step }];
    assert_refused!(world.commit(used(9)).await, StorageError::Conflict);
    let enable = Event::TotpEnabled { totp: enabled.clone(), recovery_codes: codes(1..=3) };
    world.done(vec![enable.clone()]).await;
    assert_refused!(world.commit(vec![enable]).await, StorageError::Rejected(_));
    let port = &world.storage.identities;
    assert_eq!(port.totp(user_id).await.expect("reading works"), Some(enabled.clone()));
    assert_refused!(world.commit(used(enabled.last_step)).await, StorageError::Conflict);
    for step in [8, 9, 58_000_000] {
        let outcomes = join_all((0..10).map(|_| world.commit(used(step)))).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(_) | Err(StorageError::Conflict))));
        assert_refused!(world.commit(used(step - 1)).await, StorageError::Conflict);
    }
    let stored = port.totp(user_id).await.expect("reading works").map(|totp| totp.last_step);
    assert_eq!(stored, Some(58_000_000));
    let disable = || world.commit(vec![Event::TotpDisabled { user_id }]);
    disable().await.expect("it is enabled");
    assert_refused!(disable().await, StorageError::Conflict);
    assert_eq!(port.totp(user_id).await.expect("reading works"), None);
    assert_eq!(stored_codes(&world).await, HashSet::new());
}

/// A recovery code takes the place of one code once, and new ones take the place of all.
pub async fn a_recovery_code_works_once(storage: Storage) {
    let world = World::new(storage).await;
    let user_id = world.user.id;
    let colleague = world.colleague("bob@example.org").await;
    let theirs = Event::TotpEnabled { totp: totp(&world, colleague.id), recovery_codes: codes(1..=3) };
    let mine = Event::TotpEnabled { totp: totp(&world, user_id), recovery_codes: codes(1..=3) };
    world.done(vec![theirs, mine]).await;
    let used = |number: u8| vec![Event::RecoveryCodeUsed { user_id, code: TokenHash::new([number; 32]) }];
    let outcomes = join_all((0..10).map(|_| world.commit(used(2)))).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(_) | Err(StorageError::Conflict))));
    assert_eq!(stored_codes(&world).await, codes([1, 3]).into_iter().collect());
    world.done(vec![Event::RecoveryCodesReplaced { user_id, codes: codes([3, 4]) }]).await;
    assert_eq!(stored_codes(&world).await, codes([3, 4]).into_iter().collect());
    assert_refused!(world.commit(used(1)).await, StorageError::Conflict);
    let left = world.storage.identities.recovery_codes(colleague.id).await.expect("reading works");
    assert_eq!(left.len(), 3);
}

fn passkey(world: &World, user_id: UserId, credential_id: &[u8]) -> Passkey {
    Passkey {
        id: PasskeyId::from_uuid(world.ids.uuid()),
        user_id,
        name: PasskeyName::new("Phone").expect("the name is valid"),
        credential_id: credential_id.to_vec(),
        credential: "{\"counter\":0}".to_owned(),
        created_at: world.clock.now(),
        last_used_at: None,
    }
}

/// A passkey is found by what authenticators know it by, and belongs to one person.
pub async fn a_passkey_belongs_to_one_person(storage: Storage) {
    let world = World::new(storage).await;
    let colleague = world.colleague("bob@example.org").await;
    let mine = [b"\x00one", b"\x00two"].map(|id| passkey(&world, world.user.id, id));
    world.done(mine.iter().cloned().map(Event::PasskeyAdded).collect()).await;
    let twin = passkey(&world, colleague.id, &mine[0].credential_id);
    assert_refused!(world.commit(vec![Event::PasskeyAdded(twin)]).await, StorageError::Rejected(_));
    let port = &world.storage.identities;
    let found = port.passkey_by_credential(&mine[0].credential_id).await.expect("reading works");
    assert_eq!(found, Some((mine[0].clone(), world.user.clone())));
    assert_eq!(port.passkey_by_credential(b"unknown").await.expect("reading works"), None);
    let used = Passkey {
        credential: "{\"counter\":1}".to_owned(),
        last_used_at: Some(world.tick()),
        ..mine[0].clone()
    };
    world.done(vec![Event::PasskeyUsed(used.clone())]).await;
    // Whoever renames it, and whoever uses it, may have read it before the other did.
    let name = PasskeyName::new("Old phone").expect("the name is valid");
    world.done(vec![Event::PasskeyRenamed(Passkey { name: name.clone(), ..mine[0].clone() })]).await;
    let renamed = Passkey { name, ..used.clone() };
    assert_eq!(port.passkey(world.user.id, renamed.id).await.expect("reading works"), Some(renamed.clone()));
    world.done(vec![Event::PasskeyUsed(used)]).await;
    let stolen = Passkey { user_id: colleague.id, ..renamed.clone() };
    assert_refused!(world.commit(vec![Event::PasskeyUsed(stolen)]).await, StorageError::Conflict);
    let listed = port.passkeys(world.user.id).await.expect("reading works");
    assert_eq!(listed, [mine[1].clone(), renamed.clone()]);
    assert_eq!(port.passkeys(colleague.id).await.expect("reading works"), []);
    assert_eq!(port.passkey(colleague.id, renamed.id).await.expect("reading works"), None);
    let removed = |user_id| vec![Event::PasskeyRemoved { passkey_id: renamed.id, user_id }];
    assert_refused!(world.commit(removed(colleague.id)).await, StorageError::Conflict);
    assert_eq!(port.passkey(world.user.id, renamed.id).await.expect("reading works"), Some(renamed.clone()));
    world.done(removed(world.user.id)).await;
    assert_refused!(world.commit(removed(world.user.id)).await, StorageError::Conflict);
    assert_eq!(port.passkey(world.user.id, renamed.id).await.expect("reading works"), None);
}

/// A name at a provider leads to one account.
pub async fn an_identity_elsewhere_leads_to_one_account(storage: Storage) {
    let world = World::new(storage).await;
    let colleague = world.colleague("bob@example.org").await;
    let identity = |user_id, issuer: &str, subject: &str| ExternalIdentity {
        user_id,
        issuer: issuer.to_owned(),
        subject: subject.to_owned(),
        created_at: world.tick(),
    };
    let first = identity(world.user.id, "https://z.example", "ada");
    let second = identity(world.user.id, "https://a.example", "ada");
    let theirs = identity(colleague.id, "https://z.example", "ADA");
    let all = [&first, &second, &theirs];
    world.done(all.map(|it| Event::ExternalIdentityLinked(it.clone())).to_vec()).await;
    let taken = identity(colleague.id, "https://z.example", "ada");
    assert_refused!(
        world.commit(vec![Event::ExternalIdentityLinked(taken.clone())]).await,
        StorageError::Rejected(_)
    );
    let port = &world.storage.identities;
    let found = |issuer, subject| port.user_by_external(issuer, subject);
    assert_eq!(found("https://z.example", "ada").await.expect("reading works"), Some(world.user.clone()));
    assert_eq!(found("https://z.example", "ADA").await.expect("reading works"), Some(colleague.clone()));
    assert_eq!(found("https://a.example", "ADA").await.expect("reading works"), None);
    let listed = port.external_identities(world.user.id).await.expect("reading works");
    assert_eq!(listed, [first.clone(), second]);
    assert_refused!(world.commit(vec![Event::ExternalIdentityUnlinked(taken)]).await, StorageError::Conflict);
    world.done(vec![Event::ExternalIdentityUnlinked(first.clone())]).await;
    assert_refused!(world.commit(vec![Event::ExternalIdentityUnlinked(first)]).await, StorageError::Conflict);
    assert_eq!(found("https://z.example", "ada").await.expect("reading works"), None);
}

/// What proves who somebody is goes with their account.
pub async fn factors_go_with_their_account(storage: Storage) {
    let world = World::new(storage).await;
    let user_id = world.user.id;
    let external = ExternalIdentity {
        user_id,
        issuer: "https://id.example".to_owned(),
        subject: "7".to_owned(),
        created_at: world.clock.now(),
    };
    let key = passkey(&world, user_id, b"key");
    world
        .done(vec![
            Event::TotpEnabled { totp: totp(&world, user_id), recovery_codes: codes(1..=3) },
            Event::PasskeyAdded(key.clone()),
            Event::ExternalIdentityLinked(external.clone()),
        ])
        .await;
    let deleted = User { version: world.user.version.next(), ..world.user.clone() };
    world.done(vec![Event::UserDeleted(deleted)]).await;
    let port = &world.storage.identities;
    assert_eq!(port.totp(user_id).await.expect("reading works"), None);
    assert_eq!(stored_codes(&world).await, HashSet::new());
    assert_eq!(port.passkeys(user_id).await.expect("reading works"), []);
    assert_eq!(port.passkey_by_credential(&key.credential_id).await.expect("reading works"), None);
    assert_eq!(port.external_identities(user_id).await.expect("reading works"), []);
    let found = port.user_by_external(&external.issuer, &external.subject).await;
    assert_eq!(found.expect("reading works"), None);
}
