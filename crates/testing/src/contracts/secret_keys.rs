//! What the keys of the server, and what is encrypted with them, must do.

use domain::ports::{Ids, SealedKind, SealedPlace, StorageError};
use domain::{Event, KeyPurpose, SecretKey, SecretKeyId};
use futures_util::future::join_all;

use super::factors::totp;
use super::providers::provider;
use super::{Storage, World};
use crate::assert_refused;

fn key(world: &World, purpose: KeyPurpose) -> SecretKey {
    SecretKey {
        id: SecretKeyId::from_uuid(world.ids.uuid()),
        purpose,
        wrapped: vec![0, 1, 254, 255],
        wrapped_by: "0123456789abcdef".to_owned(),
        created_at: world.tick(),
        retired_at: None,
    }
}

async fn stored(world: &World) -> Vec<SecretKey> {
    world.storage.secret_keys.secret_keys().await.expect("reading works")
}

/// Of many processes that start at once, one makes the key of each purpose.
pub async fn a_key_of_a_purpose_is_added_once(storage: Storage) {
    let world = World::new(storage).await;
    let port = &world.storage.secret_keys;
    for purpose in KeyPurpose::ALL {
        let keys: Vec<SecretKey> = (0..10).map(|_| key(&world, purpose)).collect();
        let added = join_all(keys.iter().map(|key| port.add_secret_key(key.clone()))).await;
        let added: Vec<bool> = added.into_iter().map(|added| added.expect("writing works")).collect();
        let winner = added.iter().position(|added| *added).expect("one of them was added");
        assert_eq!(added.iter().filter(|added| **added).count(), 1);
        let of_purpose: Vec<SecretKey> =
            stored(&world).await.into_iter().filter(|key| key.purpose == purpose).collect();
        assert_eq!(of_purpose, [keys[winner].clone()]);
    }
}

/// A key takes the place of another, which stays readable until it is removed.
pub async fn a_key_takes_the_place_of_another(storage: Storage) {
    let world = World::new(storage).await;
    let port = &world.storage.secret_keys;
    let [first, second, third] = [0; 3].map(|_| key(&world, KeyPurpose::Signing));
    let replaced =
        |key: &SecretKey| Event::SecretKeysRotated { rewrapped: Vec::new(), replaced: vec![key.clone()] };
    assert_refused!(world.commit(vec![replaced(&second)]).await, StorageError::Conflict);
    assert_eq!(stored(&world).await, []);
    assert!(port.add_secret_key(first.clone()).await.expect("writing works"));
    let at = world.tick();
    world.done(vec![replaced(&second)]).await;
    let retired = SecretKey { retired_at: Some(at), ..first.clone() };
    assert_eq!(stored(&world).await, [retired, second.clone()]);
    assert!(!port.add_secret_key(third).await.expect("writing works"));
    assert_refused!(port.remove_secret_key(second.id).await, StorageError::Conflict);
    port.remove_secret_key(first.id).await.expect("it is retired");
    port.remove_secret_key(first.id).await.expect("it is gone, as was wanted");
    assert_eq!(stored(&world).await, [second]);
}

/// All keys are encrypted anew, or none.
pub async fn keys_are_wrapped_anew_all_or_none(storage: Storage) {
    let world = World::new(storage).await;
    let port = &world.storage.secret_keys;
    let keys = KeyPurpose::ALL.map(|purpose| key(&world, purpose));
    for key in &keys {
        assert!(port.add_secret_key(key.clone()).await.expect("writing works"));
    }
    let wrapped = |key: &SecretKey| SecretKey {
        wrapped: vec![9; 60],
        wrapped_by: "fedcba9876543210".to_owned(),
        ..key.clone()
    };
    let rewrapped = |keys: &[SecretKey]| Event::SecretKeysRotated {
        rewrapped: keys.iter().map(wrapped).collect(),
        replaced: Vec::new(),
    };
    let partial = [keys[0].clone(), key(&world, KeyPurpose::Signing)];
    assert_refused!(world.commit(vec![rewrapped(&partial)]).await, StorageError::Conflict);
    assert_eq!(stored(&world).await, keys);
    world.done(vec![rewrapped(&keys)]).await;
    assert_eq!(stored(&world).await, keys.each_ref().map(wrapped));
}

/// A reset leaves the new keys, and nothing that only the earlier ones could read or recognise.
pub async fn a_reset_leaves_nothing_that_earlier_keys_opened(storage: Storage) {
    let world = World::new(storage).await;
    for purpose in [KeyPurpose::Hashing, KeyPurpose::Sealing] {
        world.storage.secret_keys.add_secret_key(key(&world, purpose)).await.expect("writing works");
    }
    let mut sealed = provider(&world, "sealed");
    sealed.sealed_api_key = Some(vec![8]);
    let mut open = provider(&world, "open");
    open.sealed_api_key = None;
    let (session, api_key) = (world.session(&world.user, 1), world.api_key(&world.user, 2));
    let invitation = super::workspaces::invitation(&world, 3);
    let recovery_codes = vec![session.token_hash];
    world
        .done(vec![
            Event::TotpEnabled { totp: totp(&world, world.user.id), recovery_codes },
            Event::SessionOpened(session.clone()),
            Event::ApiKeyCreated(api_key.clone()),
            Event::InvitationCreated(invitation.clone()),
            Event::ProviderCreated(sealed.clone()),
            Event::ProviderCreated(open.clone()),
        ])
        .await;
    let keys = KeyPurpose::ALL.map(|purpose| key(&world, purpose));
    world.done(vec![Event::SecretKeysReset(keys.to_vec())]).await;
    assert_eq!(stored(&world).await, keys);
    let Storage { identities, workspaces, secret_keys, providers, .. } = &world.storage;
    assert_eq!(secret_keys.sealed_values(None, 9).await.expect("reading works"), []);
    assert!(identities.totp(world.user.id).await.expect("reading works").is_none());
    assert!(identities.session(session.id).await.expect("reading works").is_none());
    assert!(identities.api_key_by_hash(api_key.key_hash).await.expect("reading works").is_none());
    assert_eq!(workspaces.invitation_by_token(invitation.token_hash).await.expect("reading works"), None);
    for (before, version) in [(sealed.clone(), sealed.version.next()), (open.clone(), open.version)] {
        let after = providers.provider(before.id).await.expect("reading works");
        assert_eq!(after, Some(domain::Provider { sealed_api_key: None, version, ..before }));
    }
    assert!(identities.user(world.workspace_id, world.user.id).await.expect("reading works").is_some());
}

/// What is encrypted is found page by page, and replaced only where nobody else did so first.
pub async fn a_value_is_sealed_anew_only_if_unchanged(storage: Storage) {
    let world = World::new(storage).await;
    let port = &world.storage.secret_keys;
    let mut places = Vec::new();
    for number in 0..3_u8 {
        let user = world.colleague(&format!("user{number}@example.org")).await;
        let mut secret = totp(&world, user.id);
        secret.sealed_secret = vec![number, 7];
        let mut connected = provider(&world, &format!("provider-{number}"));
        connected.sealed_api_key = (number != 1).then(|| vec![number, 8]);
        places.push((SealedPlace { kind: SealedKind::Totp, id: user.id.uuid() }, vec![number, 7]));
        if number != 1 {
            let place = SealedPlace { kind: SealedKind::ProviderKey, id: connected.id.uuid() };
            places.push((place, vec![number, 8]));
        }
        let enabled = Event::TotpEnabled { totp: secret, recovery_codes: Vec::new() };
        world.done(vec![enabled, Event::ProviderCreated(connected)]).await;
    }
    places.sort();
    for limit in [1, 2, 3, 5, 9] {
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = port.sealed_values(after, limit).await.expect("reading works");
            assert!(page.len() <= usize::from(limit));
            let Some((last, _)) = page.last() else { break };
            after = Some(*last);
            seen.extend(page);
        }
        assert_eq!(seen, places, "with pages of {limit}");
    }
    for (place, old) in &places {
        let reseal = |from: &[u8], to: &[u8]| {
            let (from, to) = (from.to_vec(), to.to_vec());
            async move { port.reseal(*place, &from, &to).await.expect("writing works") }
        };
        assert!(!reseal(b"another", b"new").await);
        assert!(reseal(old, b"new").await);
        assert!(!reseal(old, b"newer").await);
        let gone = SealedPlace { id: world.ids.uuid(), ..*place };
        assert!(!port.reseal(gone, b"new", b"newer").await.expect("writing works"));
    }
    let sealed = port.sealed_values(None, 9).await.expect("reading works");
    assert!(sealed.len() == 5 && sealed.iter().all(|(_, value)| value == b"new"), "{sealed:?}");
}
