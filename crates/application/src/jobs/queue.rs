//! Claiming jobs and carrying them out.

use std::time::Duration;

use domain::{Job, JobKind};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::title;
use crate::{Error, Services};

/// How long a claimed job stays its owner's.
const LEASE: Duration = Duration::from_mins(2);
/// How often jobs are looked for without being woken.
const PERIOD: Duration = Duration::from_secs(15);
/// How many jobs are claimed in one go.
const BATCH: u16 = 8;
/// How often a job is tried.
const MAX_ATTEMPTS: u32 = 3;

/// Wakes the worker when jobs were committed.
#[derive(Default)]
pub struct JobQueue(Notify);

impl JobQueue {
    /// There may be something to do.
    pub fn wake(&self) {
        self.0.notify_one();
    }

    /// Carries out jobs until `stop` is cancelled.
    pub async fn work(services: &Services, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = services.job_queue.0.notified() => {}
                () = tokio::time::sleep(PERIOD) => {}
            }
            if let Err(error) = work_off(services, &stop).await {
                tracing::warn!(%error, "background work could not be claimed");
            }
        }
    }
}

async fn work_off(services: &Services, stop: &CancellationToken) -> Result<(), Error> {
    loop {
        let now = services.ports.clock.now();
        let jobs = services.ports.jobs.claim(services.node_id, now, now.plus(LEASE), BATCH).await?;
        if jobs.is_empty() {
            return Ok(());
        }
        for job in jobs {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                done = carry_out(services, &job) => settle(services, &job, done).await?,
            }
        }
    }
}

async fn carry_out(services: &Services, job: &Job) -> Result<(), Error> {
    match job.kind {
        JobKind::TitleConversation { conversation_id } => {
            title::propose(services, job.workspace_id, conversation_id).await
        }
    }
}

async fn settle(services: &Services, job: &Job, done: Result<(), Error>) -> Result<(), Error> {
    match done {
        Ok(()) => services.ports.jobs.finish(job.id).await?,
        Err(error) if job.attempts >= MAX_ATTEMPTS => {
            tracing::warn!(%error, job_id = %job.id, kind = ?job.kind, "background work was given up");
            services.ports.jobs.finish(job.id).await?;
        }
        Err(error) => {
            tracing::info!(%error, job_id = %job.id, kind = ?job.kind, "background work will be tried again");
            let pause = Duration::from_secs(10 * u64::from(job.attempts.max(1)));
            services.ports.jobs.retry(job.id, services.ports.clock.now().plus(pause)).await?;
        }
    }
    Ok(())
}
