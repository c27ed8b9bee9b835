//! Everything that goes on without being asked, from start to shutdown.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::JobQueue;
use crate::jitter::jittered;
use crate::runs::recover_abandoned_runs;
use crate::{Lookout, Services};

/// About how often abandoned runs are looked for.
const RECOVERY_PERIOD: Duration = Duration::from_secs(2);
/// About how often what has expired is forgotten.
const PURGE_PERIOD: Duration = Duration::from_mins(10);
/// About how often the server's keys are read again: an operator may have replaced some.
const KEYS_PERIOD: Duration = Duration::from_mins(1);
/// How soon that is tried again where it failed; longer each time, because trying may keep others waiting.
const FIRST_PAUSE: Duration = Duration::from_secs(10);

/// The background tasks of this process.
pub struct Background {
    services: Arc<Services>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Background {
    /// Starts all of it.
    pub fn start(services: Arc<Services>) -> Self {
        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        tasks.spawn(Arc::clone(&services.engine).keep_leases());
        tasks.spawn(Arc::clone(&services.meter).keep_storing(stop.clone()));
        tasks.spawn(Arc::clone(&services.uses).keep_storing(stop.clone()));
        let (worker, worker_stop) = (Arc::clone(&services), stop.clone());
        tasks.spawn(async move { JobQueue::work(&worker, worker_stop).await });
        tasks.spawn(Lookout::keep_looking(Arc::clone(&services), stop.clone()));
        tasks.spawn(keep_recovering(Arc::clone(&services), stop.clone()));
        tasks.spawn(keep_purging(Arc::clone(&services), stop.clone()));
        tasks.spawn(keep_reading_keys(Arc::clone(&services), stop.clone()));
        Self { services, stop, tasks }
    }

    /// Lets running answers end, as the settings allow, then stops everything.
    pub async fn shut_down(self) {
        self.services.engine.drain().await;
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

async fn keep_recovering(services: Arc<Services>, stop: CancellationToken) {
    let period = || jittered(&*services.ports.ids, RECOVERY_PERIOD);
    while tokio::time::timeout(period(), stop.cancelled()).await.is_err() {
        match recover_abandoned_runs(&services).await {
            Ok(0) => {}
            Ok(runs) => tracing::info!(runs, "ended answers that nobody was working on any more"),
            Err(error) => tracing::warn!(%error, "abandoned answers could not be looked for"),
        }
    }
}

async fn keep_purging(services: Arc<Services>, stop: CancellationToken) {
    let mut pause = FIRST_PAUSE;
    loop {
        let period = match services.ports.maintenance.purge_expired(services.ports.clock.now()).await {
            Ok(_) => {
                pause = FIRST_PAUSE;
                PURGE_PERIOD
            }
            Err(error) => {
                tracing::warn!(%error, retry_in = ?pause, "not all that has expired could be forgotten");
                let longer = (pause * 2).min(PURGE_PERIOD);
                std::mem::replace(&mut pause, longer)
            }
        };
        let period = jittered(&*services.ports.ids, period);
        if tokio::time::timeout(period, stop.cancelled()).await.is_ok() {
            return;
        }
    }
}

async fn keep_reading_keys(services: Arc<Services>, stop: CancellationToken) {
    let period = || jittered(&*services.ports.ids, KEYS_PERIOD);
    while tokio::time::timeout(period(), stop.cancelled()).await.is_err() {
        if let Err(error) = services.keyring.refresh().await {
            tracing::warn!(%error, "the server's keys could not be read again");
        }
    }
}
