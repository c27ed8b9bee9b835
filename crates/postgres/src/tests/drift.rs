//! What was changed behind the back of the rules is found and repaired.

use domain::ports::{DriftKind, FactScope, Maintenance};

use super::{connect, empty, world};

#[tokio::test]
async fn what_was_changed_by_hand_is_found_and_repaired() {
    let database = empty().await;
    let (world, postgres) = world(&database).await;
    let mut conversation = world.conversation("Drifting").await;
    let first = world.post(&mut conversation, None, "One").await;
    let second = world.post(&mut conversation, Some(&first), "Two").await;
    let head = world.head().await;
    let client = connect(&database.admin_url()).await;
    client
        .batch_execute(
            "SET session_replication_role = replica;
             UPDATE conversations SET message_count = 7, active_leaf_id = id, newest_message_id = oldest_message_id;
             UPDATE journal_heads SET position = 0",
        )
        .await
        .expect("nothing is checked now");
    let found = postgres.reconcile(false).await.expect("reading works");
    let (id, owner) = (conversation.id.uuid(), world.user.id.uuid());
    let told: Vec<_> = found
        .iter()
        .map(|drift| (drift.kind, drift.id, drift.stored.clone(), drift.expected.clone()))
        .collect();
    let range = |last| format!("{} to {last}", first.id);
    assert_eq!(
        told,
        [
            (DriftKind::MessageCount, id, "7".to_owned(), "2".to_owned()),
            (DriftKind::ActiveLeaf, id, id.to_string(), second.id.to_string()),
            (DriftKind::MessageRange, id, range(first.id), range(second.id)),
            (DriftKind::JournalHead, owner, "0".to_owned(), head.0.to_string()),
        ]
    );
    assert_eq!(postgres.reconcile(true).await.expect("repairing works"), found);
    assert_eq!(postgres.reconcile(false).await.expect("reading works"), []);
    let stored = world.storage.conversations.get(world.workspace_id, conversation.id).await;
    let stored = stored.expect("reading works").expect("it is there");
    assert_eq!((stored.message_count, stored.active_leaf_id), (2, Some(second.id)));
    let scope = FactScope::User(world.user.id);
    assert_eq!(world.storage.journal.head(world.workspace_id, scope).await.expect("reading works"), head);
}
