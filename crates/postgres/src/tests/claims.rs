//! Many processes that claim jobs at once.

use std::collections::HashSet;
use std::time::Duration;

use domain::ports::{Clock, Ids, Jobs};
use domain::{JobId, NodeId};
use futures_util::future::join_all;

use super::{connect, empty, open, world};

/// Two adapters, eight connections, 400 jobs: each is claimed once, and none is left.
#[tokio::test(flavor = "multi_thread")]
async fn two_processes_never_share_a_job() {
    let database = empty().await;
    let (world, one) = world(&database).await;
    let two = open(&database).await;
    let conversation = world.conversation("Busy").await;
    let now = world.clock.now();
    let client = connect(&database.admin_url()).await;
    let insert = format!(
        "INSERT INTO jobs (id, workspace_id, conversation_id, run_at, attempts, kind)
         SELECT gen_random_uuid(), '{}', '{}', '{now}', 0, 'title_conversation' FROM generate_series(1, 400)",
        world.workspace_id, conversation.id
    );
    client.batch_execute(&insert).await.expect("the jobs are in order");
    let claimants = (0..16).map(|number| {
        let adapter = if number % 2 == 0 { &one } else { &two };
        let owner = NodeId::from_uuid(world.ids.uuid());
        async move {
            let mut claimed: Vec<JobId> = Vec::new();
            loop {
                let jobs = adapter.claim(owner, now, now.plus(Duration::from_secs(30)), 7).await;
                let jobs = jobs.expect("claiming works");
                if jobs.is_empty() {
                    return claimed;
                }
                claimed.extend(jobs.iter().map(|job| job.id));
            }
        }
    });
    let claimed: Vec<JobId> = join_all(claimants).await.into_iter().flatten().collect();
    let distinct: HashSet<JobId> = claimed.iter().copied().collect();
    assert_eq!((claimed.len(), distinct.len()), (400, 400));
}
