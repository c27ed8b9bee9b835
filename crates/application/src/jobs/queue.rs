//! Claiming jobs and carrying them out.

use std::sync::Arc;
use std::time::Duration;

use domain::{Job, JobKind};
use futures_util::future::join_all;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::title;
use crate::jitter::jittered;
use crate::{Code, Error, Services};

/// How long a claimed job stays its owner's without a sign of life.
const LEASE: Duration = Duration::from_secs(6);
/// How often leases are renewed while jobs are at work.
const RENEWAL: Duration = Duration::from_secs(2);
/// The longest that a job may take.
const LONGEST: Duration = Duration::from_mins(1);
/// About how often jobs are looked for without being woken: those of processes that are gone, where there are others,
/// and those that are due again.
const PERIOD: Duration = Duration::from_secs(2);
const PERIOD_ALONE: Duration = Duration::from_secs(15);
/// How many jobs are claimed in one go.
const BATCH: u16 = 8;
/// How often a job is tried.
const MAX_ATTEMPTS: u32 = 3;

/// Wakes the worker when jobs were committed.
#[derive(Clone, Default)]
pub struct JobQueue(Arc<Notify>);

impl JobQueue {
    /// There may be something to do.
    pub fn wake(&self) {
        self.0.notify_one();
    }

    /// Carries out jobs until `stop` is cancelled.
    pub async fn work(services: &Services, stop: CancellationToken) {
        let period = if services.ports.journal.commits_alone() { PERIOD_ALONE } else { PERIOD };
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = services.job_queue.0.notified() => {}
                () = tokio::time::sleep(jittered(&*services.ports.ids, period)) => {}
            }
            if let Err(error) = work_off(services, &stop).await {
                tracing::warn!(%error, "background work could not be claimed");
            }
        }
    }
}

async fn work_off(services: &Services, stop: &CancellationToken) -> Result<(), Error> {
    loop {
        let now = services.lease_clock.now();
        let jobs = services.ports.jobs.claim(services.node_id, now, now.plus(LEASE), BATCH).await?;
        if jobs.is_empty() {
            return Ok(());
        }
        // One that waits for a model that hangs does not hold up the others.
        let work = join_all(jobs.iter().map(|job| async {
            let done = tokio::time::timeout(LONGEST, carry_out(services, job)).await;
            settle(services, job, done.unwrap_or_else(|_| Err(took_too_long()))).await
        }));
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            settled = work => settled.into_iter().collect::<Result<(), Error>>()?,
            () = keep_leases(services) => {}
        }
    }
}

async fn keep_leases(services: &Services) {
    loop {
        tokio::time::sleep(RENEWAL).await;
        let until = services.lease_clock.now().plus(LEASE);
        if let Err(error) = services.ports.jobs.renew_leases(services.node_id, until).await {
            tracing::warn!(%error, "the leases of background work could not be renewed");
        }
    }
}

fn took_too_long() -> Error {
    Error::new(Code::TimedOut, "timed_out", format!("It took longer than {} seconds.", LONGEST.as_secs()))
}

async fn carry_out(services: &Services, job: &Job) -> Result<(), Error> {
    match job.kind {
        JobKind::TitleConversation { conversation_id } => {
            title::propose(services, job.workspace_id, conversation_id).await
        }
    }
}

/// An error and what is behind it, in one line.
fn told(error: &Error) -> String {
    error.internal_source().map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}

async fn settle(services: &Services, job: &Job, done: Result<(), Error>) -> Result<(), Error> {
    match done {
        Ok(()) => services.ports.jobs.finish(job.id).await?,
        Err(error) if job.attempts >= MAX_ATTEMPTS => {
            let (error, JobKind::TitleConversation { conversation_id }) = (told(&error), job.kind);
            tracing::warn!(%error, job_id = %job.id, %conversation_id, "a title was given up");
            services.ports.jobs.finish(job.id).await?;
        }
        Err(error) => {
            let (error, JobKind::TitleConversation { conversation_id }) = (told(&error), job.kind);
            tracing::info!(%error, job_id = %job.id, %conversation_id, "a title will be tried again");
            let pause = Duration::from_secs(10 * u64::from(job.attempts.max(1)));
            services.ports.jobs.retry(job.id, services.lease_clock.now().plus(pause)).await?;
        }
    }
    Ok(())
}
