//! What claiming background work must do.

use std::collections::HashSet;
use std::time::Duration;

use domain::ports::{Clock, Ids};
use domain::{Conversation, ConversationId, Event, Job, JobId, JobKind, NodeId, Timestamp, UnitOfWork};
use futures_util::future::join_all;

use super::{Storage, World};

async fn enqueue(world: &World, conversation_id: ConversationId, run_at: Timestamp) -> Job {
    let job = Job {
        id: JobId::from_uuid(world.ids.uuid()),
        workspace_id: world.workspace_id,
        kind: JobKind::TitleConversation { conversation_id },
        run_at,
        attempts: 0,
    };
    let unit = UnitOfWork { jobs: vec![job.clone()], ..world.unit(Vec::new()) };
    world.storage.journal.commit(unit).await.expect("the job is in order");
    job
}

async fn claim(world: &World, limit: u16) -> Vec<Job> {
    let now = world.clock.now();
    let lease = now.plus(Duration::from_secs(30));
    world.storage.jobs.claim(world.node_id, now, lease, limit).await.expect("claiming works")
}

/// A lease keeps others away as long as it lasts; each claim counts.
pub async fn a_claimed_job_is_claimed_again_only_after_its_lease(storage: Storage) {
    let world = World::new(storage).await;
    let conversation = world.conversation("Job").await;
    let job = enqueue(&world, conversation.id, world.clock.now()).await;
    assert_eq!(claim(&world, 10).await, std::slice::from_ref(&job));
    assert_eq!(claim(&world, 10).await, []);
    world.clock.advance(Duration::from_secs(31));
    assert_eq!(claim(&world, 10).await, [Job { attempts: 1, ..job.clone() }]);
    let later = world.clock.now().plus(Duration::from_secs(5));
    world.storage.jobs.retry(job.id, later).await.expect("giving back works");
    assert_eq!(claim(&world, 10).await, []);
    world.clock.set(later);
    assert_eq!(claim(&world, 10).await, [Job { attempts: 2, run_at: later, ..job }]);
}

/// A lease that is renewed keeps a job; others' jobs, and those given back, stay as they are.
pub async fn a_renewed_lease_keeps_a_job(storage: Storage) {
    let world = World::new(storage).await;
    let conversation = world.conversation("Job").await;
    let kept = enqueue(&world, conversation.id, world.clock.now()).await;
    let given_back = enqueue(&world, conversation.id, world.clock.now()).await;
    assert_eq!(claim(&world, 10).await.len(), 2);
    let jobs = &world.storage.jobs;
    jobs.retry(given_back.id, world.clock.now()).await.expect("giving back works");
    let later = world.clock.now().plus(Duration::from_mins(2));
    jobs.renew_leases(world.node_id, later).await.expect("renewing works");
    let stranger = NodeId::from_uuid(world.ids.uuid());
    jobs.renew_leases(stranger, world.clock.now()).await.expect("who has no jobs renews none");
    world.clock.advance(Duration::from_secs(31));
    let claimed = claim(&world, 10).await;
    assert_eq!(claimed.iter().map(|job| job.id).collect::<Vec<_>>(), [given_back.id]);
    jobs.finish(given_back.id).await.expect("finishing works");
    world.clock.set(later);
    assert_eq!(claim(&world, 10).await, [Job { attempts: 1, ..kept }]);
}

/// Finishing removes a job; finishing it again is harmless.
pub async fn a_finished_job_is_gone(storage: Storage) {
    let world = World::new(storage).await;
    let conversation = world.conversation("Job").await;
    let job = enqueue(&world, conversation.id, world.clock.now()).await;
    for _ in 0..2 {
        world.storage.jobs.finish(job.id).await.expect("finishing works");
    }
    world.storage.jobs.retry(job.id, world.clock.now()).await.expect("a job that is gone is left alone");
    assert_eq!(claim(&world, 10).await, []);
}

/// Not before their time, the oldest first, and no more than asked for.
pub async fn due_jobs_are_claimed_oldest_first(storage: Storage) {
    let world = World::new(storage).await;
    let conversation = world.conversation("Job").await;
    let now = world.clock.now();
    let mut jobs = Vec::new();
    for seconds in [30, 10, 20, 999] {
        jobs.push(enqueue(&world, conversation.id, now.plus(Duration::from_secs(seconds))).await);
    }
    assert_eq!(claim(&world, 10).await, []);
    world.clock.advance(Duration::from_mins(1));
    assert_eq!(claim(&world, 2).await, [jobs[1].clone(), jobs[2].clone()]);
    assert_eq!(claim(&world, 2).await, [jobs[0].clone()]);
}

/// A job about a deleted conversation is pointless.
pub async fn jobs_go_with_their_conversation(storage: Storage) {
    let world = World::new(storage).await;
    let conversation = world.conversation("Job").await;
    enqueue(&world, conversation.id, world.clock.now()).await;
    let deleted = Conversation { version: conversation.version.next(), ..conversation };
    world.done(vec![Event::ConversationDeleted(deleted)]).await;
    assert_eq!(claim(&world, 10).await, []);
}

/// Many processes that claim at once divide the jobs among them.
pub async fn many_claimants_never_share_a_job(storage: Storage) {
    let world = World::new(storage).await;
    let conversation = world.conversation("Job").await;
    for _ in 0..20 {
        enqueue(&world, conversation.id, world.clock.now()).await;
    }
    let now = world.clock.now();
    let claims = (0..10).map(|_| {
        let owner = NodeId::from_uuid(world.ids.uuid());
        world.storage.jobs.claim(owner, now, now.plus(Duration::from_secs(30)), 3)
    });
    let claimed: Vec<Job> =
        join_all(claims).await.into_iter().flat_map(|jobs| jobs.expect("claiming works")).collect();
    let distinct: HashSet<JobId> = claimed.iter().map(|job| job.id).collect();
    assert_eq!((claimed.len(), distinct.len()), (20, 20));
}
