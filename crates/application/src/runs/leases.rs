//! Keeping the leases of the runs of this process.

use std::sync::Arc;
use std::time::Duration;

use domain::{RunStatus, Timestamp};
use tokio::time::Instant;

use super::RunEngine;
use super::begin::LEASE;

/// How often leases are renewed.
const RENEWAL: Duration = Duration::from_secs(2);

/// When the leases were renewed, by two clocks: either may stand still while the process does.
#[derive(Clone, Copy)]
struct Renewed {
    at: Instant,
    wall: Timestamp,
}

impl RunEngine {
    /// Extends the leases of the runs that are going on, stops those that somebody asked to stop in another process, and
    /// gives up those that another process has ended, until the engine stops.
    pub async fn keep_leases(self: Arc<Self>) {
        let mut ticks = tokio::time::interval(RENEWAL);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut renewed: Option<Renewed> = None;
        loop {
            tokio::select! {
                () = self.interrupt.cancelled() => return,
                _ = ticks.tick() => {}
            }
            self.forget_old_logs();
            if self.active_runs() == 0 {
                renewed = None;
                continue;
            }
            let now = Renewed { at: Instant::now(), wall: self.clock.now() };
            match self.journal.renew_leases(self.node_id, self.lease_clock.now().plus(LEASE)).await {
                Ok(unwanted) => {
                    for run_id in unwanted {
                        self.cancel(run_id);
                    }
                    let has_lapsed = renewed.is_some_and(|last| {
                        let by_wall = now.wall.micros().saturating_sub(last.wall.micros());
                        now.at - last.at >= LEASE
                            || Duration::from_micros(by_wall.max(0).unsigned_abs()) >= LEASE
                    });
                    if !has_lapsed || self.look_for_lost_runs().await {
                        renewed = Some(now);
                    }
                }
                Err(error) => tracing::warn!(%error, "leases could not be renewed"),
            }
        }
    }

    /// Has the runs given up that are over in storage. Gives whether all could be looked at.
    async fn look_for_lost_runs(&self) -> bool {
        let mut has_seen_all = true;
        for (run_id, workspace_id, lost) in self.active() {
            match self.runs_port.get(workspace_id, run_id).await {
                Ok(run) if run.as_ref().is_none_or(|run| run.status != RunStatus::Running) => lost.cancel(),
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(%error, "it could not be found out which runs are still this process's");
                    has_seen_all = false;
                }
            }
        }
        has_seen_all
    }
}
