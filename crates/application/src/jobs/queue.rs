//! Claiming jobs and carrying them out.

use std::sync::Arc;
use std::time::Duration;

use domain::{Job, JobKind};
use futures_util::future::join_all;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::title;
use crate::{Code, Error, Services};

/// How long a claimed job stays its owner's.
const LEASE: Duration = Duration::from_mins(2);
/// The longest that a job may take; less than its lease, so that nobody else begins it meanwhile.
const LONGEST: Duration = Duration::from_mins(1);
/// How often jobs are looked for without being woken.
const PERIOD: Duration = Duration::from_secs(15);
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
        // One that waits for a model that hangs does not hold up the others.
        let work = join_all(jobs.iter().map(|job| async {
            let done = tokio::time::timeout(LONGEST, carry_out(services, job)).await;
            settle(services, job, done.unwrap_or_else(|_| Err(took_too_long()))).await
        }));
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            settled = work => settled.into_iter().collect::<Result<(), Error>>()?,
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
            services.ports.jobs.retry(job.id, services.ports.clock.now().plus(pause)).await?;
        }
    }
    Ok(())
}
