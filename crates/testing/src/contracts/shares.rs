//! What links to conversations must do.

use std::time::Duration;

use domain::ports::{Clock, Ids, StorageError};
use domain::{Conversation, Event, Share, ShareId, ShareKind, TokenHash};

use super::{Storage, World};
use crate::assert_refused;

fn share(world: &World, conversation: &Conversation, kind: ShareKind) -> Share {
    let is_snapshot = kind == ShareKind::Snapshot;
    Share {
        id: ShareId::from_uuid(world.ids.uuid()),
        workspace_id: world.workspace_id,
        conversation_id: conversation.id,
        owner_id: conversation.owner_id,
        kind,
        token_hash: TokenHash::new([5; 32]),
        leaf_id: conversation.active_leaf_id.filter(|_| is_snapshot),
        snapshot: is_snapshot.then(|| "{ \"title\":\"Kept\" }".to_owned()),
        created_at: world.tick(),
        expires_at: is_snapshot.then(|| world.clock.now().plus(Duration::from_mins(1))),
    }
}

/// A link is found by its id, with what it shows, until it is taken back or the conversation goes.
pub async fn a_link_is_found_until_it_is_revoked(storage: Storage) {
    let world = World::new(storage).await;
    let mut conversation = world.conversation("Shown").await;
    world.post(&mut conversation, None, "Words").await;
    let kept = share(&world, &conversation, ShareKind::Snapshot);
    let live = share(&world, &conversation, ShareKind::Live);
    world.done(vec![Event::ShareCreated(kept.clone()), Event::ShareCreated(live.clone())]).await;
    let port = &world.storage.shares;
    let one = |id| port.share(id);
    assert_eq!(one(kept.id).await.expect("reading works").as_ref(), Some(&kept));
    assert_eq!(one(live.id).await.expect("reading works").as_ref(), Some(&live));
    let listed = port.shares_of(world.workspace_id, conversation.id).await.expect("reading works");
    assert_eq!(listed, [live.clone(), Share { snapshot: None, ..kept.clone() }]);
    let (other, _) = world.neighbour().await;
    assert_eq!(port.shares_of(other, conversation.id).await.expect("reading works"), []);
    let revoked = || vec![Event::ShareRevoked { share_id: live.id, conversation_id: conversation.id }];
    world.done(revoked()).await;
    assert_refused!(world.commit(revoked()).await, StorageError::Conflict);
    assert_eq!(one(live.id).await.expect("reading works"), None);
    let deleted = Conversation { version: conversation.version.next(), ..conversation };
    world.done(vec![Event::ConversationDeleted(deleted)]).await;
    assert_eq!(one(kept.id).await.expect("reading works"), None);
}

/// A link leads to a conversation of its workspace, or nowhere.
pub async fn a_link_needs_a_conversation(storage: Storage) {
    let world = World::new(storage).await;
    let missing = world.new_conversation(world.user.id, "Never stored");
    let lost = share(&world, &missing, ShareKind::Live);
    let answer = world.commit(vec![Event::ShareCreated(lost)]).await;
    assert!(matches!(answer, Err(StorageError::Conflict | StorageError::Rejected(_))), "{answer:?}");
    let conversation = world.conversation("Shown").await;
    let (other, _) = world.neighbour().await;
    let foreign = Share { workspace_id: other, ..share(&world, &conversation, ShareKind::Live) };
    let answer = world.commit_in(other, vec![Event::ShareCreated(foreign.clone())]).await;
    assert!(matches!(answer, Err(StorageError::Conflict | StorageError::Rejected(_))), "{answer:?}");
    assert_eq!(world.storage.shares.share(foreign.id).await.expect("reading works"), None);
}
