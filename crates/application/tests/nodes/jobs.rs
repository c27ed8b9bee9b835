//! Background work moves to a living node.

use std::time::Duration;

use domain::ports::{Ids, Jobs, Journal};
use domain::{Event, Job, JobId, JobKind, NodeId, Timestamp, UnitOfWork};
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
