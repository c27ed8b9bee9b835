//! Background work moves to a living node.

use std::time::Duration;

use domain::ports::{IdempotencyRecords, Ids, Jobs, Journal};
use domain::{Event, IdempotencyKey, IdempotencyRecord, Job, JobId, JobKind, NodeId, Timestamp, UnitOfWork};
use testing::fakes::ScriptedModel;

use crate::world::{World, within};

#[tokio::test(start_paused = true)]
async fn a_dead_nodes_job_is_taken_over_within_ten_seconds() {
    let world = World::new(14, ScriptedModel::answering("A title")).await;
    let node = world.node();
    tokio::time::sleep(Duration::from_secs(10)).await;
    let conversation = world.conversation(world.user.id);
    let now = node.services.lease_clock.now();
    let job = Job {
        id: JobId::from_uuid(world.ids.uuid()),
        workspace_id: world.workspace_id,
        kind: JobKind::TitleConversation { conversation_id: conversation.id },
        run_at: now,
        attempts: 0,
    };
    // Claimed by a process before anybody else knew of it, which then died.
    let dead = NodeId::from_uuid(world.ids.uuid());
    let storage = world.database.node();
    let unit = UnitOfWork { jobs: vec![job], ..world.unit(vec![Event::ConversationCreated(conversation)]) };
    let committed = async {
        storage.commit(unit).await.expect("the job is in order");
        storage.claim(dead, now, now.plus(Duration::from_secs(6)), 1).await.expect("claiming works")
    };
    assert_eq!(committed.await.len(), 1);
    let done = within(Duration::from_secs(10), async || {
        let far = Timestamp::from_micros(i64::MAX / 2);
        let left = storage.claim(dead, far, far, 0).await.expect("claiming works");
        assert!(left.is_empty());
        (storage.pending_jobs() == 0).then_some(())
    });
    assert!(done.await.is_some(), "nobody took the job over");
}

/// A failure does not put off for ten minutes what has expired.
#[tokio::test(start_paused = true)]
async fn what_cannot_be_forgotten_now_is_forgotten_soon() {
    let world = World::new(15, ScriptedModel::answering("A title")).await;
    let key = IdempotencyKey::new("old").expect("the key is valid");
    let record = IdempotencyRecord {
        user_id: world.user.id,
        operation: "conversation.create".to_owned(),
        key: key.clone(),
        fingerprint: [0; 32],
        result: "{}".to_owned(),
        version: None,
        expires_at: Timestamp::from_micros(0),
    };
    let conversation = Event::ConversationCreated(world.conversation(world.user.id));
    let unit = UnitOfWork { idempotency: Some(record), ..world.unit(vec![conversation]) };
    let storage = world.database.node();
    storage.commit(unit).await.expect("the conversation is in order");
    let node = world.node();
    node.storage.cut_off(true);
    tokio::time::sleep(Duration::from_secs(1)).await;
    node.storage.cut_off(false);
    let find = async || {
        let found = storage.find(world.workspace_id, world.user.id, "conversation.create", &key).await;
        found.expect("reading works")
    };
    assert!(find().await.is_some());
    let forgotten = within(Duration::from_secs(20), async || find().await.is_none().then_some(()));
    assert!(forgotten.await.is_some(), "nobody tried again");
}
