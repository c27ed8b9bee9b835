//! The run engine: every generation of this process, from its start until its log is forgotten.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::ports::{Clock, Ids, Journal, Messages, Relay, Runs as RunsPort};
use domain::{ConversationId, NodeId, Run, RunId, RunStatus, WorkspaceId};
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::begin::RunPlan;
use super::mirror::Mirrors;
use super::{Resume, RunEvent, RunLog, generate, publish};
use crate::Ports;
use crate::Settings;
use crate::lease_clock::LeaseClock;

/// How long the log of a run that is over is kept for readers who come back.
const KEPT_FOR: Duration = Duration::from_mins(1);
/// How many logs of runs that are over are kept at most.
const MAX_KEPT: usize = 1_024;
/// How much memory logs of runs that are over may take, in bytes.
const MAX_KEPT_BYTES: usize = 64 * 1024 * 1024;

/// Every generation of this process.
pub struct RunEngine {
    pub(super) journal: Arc<dyn Journal>,
    pub(super) runs_port: Arc<dyn RunsPort>,
    pub(super) messages: Arc<dyn Messages>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) lease_clock: Arc<LeaseClock>,
    pub(super) ids: Arc<dyn Ids>,
    pub(super) settings: Settings,
    pub(super) node_id: NodeId,
    runs: Mutex<Runs>,
    active: AtomicUsize,
    draining: AtomicBool,
    /// Cancelled when running answers must end now.
    pub(super) interrupt: CancellationToken,
    tasks: TaskTracker,
    /// Carries what runs say to other processes.
    relay: Option<Arc<dyn Relay>>,
    /// The logs of other processes' runs.
    mirrors: Option<Arc<Mirrors>>,
    /// Where runs are carried out: not on the thread that happens to serve the request, which may end before them.
    runtime: Handle,
}

#[derive(Default)]
struct Runs {
    by_id: HashMap<RunId, KnownRun>,
    over: VecDeque<OverRun>,
    over_bytes: usize,
}

struct KnownRun {
    log: Arc<RunLog>,
    workspace_id: WorkspaceId,
    stop: Stop,
}

/// The ways in which a run is stopped from outside.
#[derive(Clone, Default)]
pub(super) struct Stop {
    /// Cancelled at the wish of a person.
    pub cancel: CancellationToken,
    /// Cancelled when another process has ended the run.
    pub lost: CancellationToken,
}

struct OverRun {
    id: RunId,
    bytes: usize,
    since: tokio::time::Instant,
}

/// A run whose log can be read already, but which starts only once it is durable. Dropped instead, it never was.
pub struct ReservedRun {
    engine: Arc<RunEngine>,
    plan: Option<Box<RunPlan>>,
    log: Arc<RunLog>,
    stop: Stop,
}

impl RunEngine {
    /// An engine without runs, which carries them out on the present tokio runtime.
    pub fn new(
        ports: &Ports,
        settings: &Settings,
        node_id: NodeId,
        lease_clock: Arc<LeaseClock>,
    ) -> Arc<Self> {
        let mirrors = ports.relay.clone().map(|relay| Mirrors::new(relay, Arc::clone(&ports.runs)));
        Arc::new(Self {
            relay: ports.relay.clone(),
            mirrors,
            journal: Arc::clone(&ports.journal),
            runs_port: Arc::clone(&ports.runs),
            messages: Arc::clone(&ports.messages),
            clock: Arc::clone(&ports.clock),
            lease_clock,
            ids: Arc::clone(&ports.ids),
            settings: settings.clone(),
            node_id,
            runs: Mutex::default(),
            active: AtomicUsize::new(0),
            draining: AtomicBool::new(false),
            interrupt: CancellationToken::new(),
            tasks: TaskTracker::new(),
            runtime: Handle::current(),
        })
    }

    /// Whether another run may start.
    pub fn accepts_runs(&self) -> bool {
        !self.draining.load(Ordering::Relaxed) && self.active.load(Ordering::Relaxed) < self.settings.max_runs
    }

    /// How many runs are going on.
    pub fn active_runs(&self) -> usize {
        self.active.load(Ordering::Relaxed)
    }

    /// Whether the run is this process's and still going on.
    pub fn is_active(&self, id: RunId) -> bool {
        self.log(id).is_some_and(|log| !log.is_over())
    }

    /// The log of a run that is going on, or was until recently.
    pub fn log(&self, id: RunId) -> Option<Arc<RunLog>> {
        self.runs.lock().by_id.get(&id).map(|run| Arc::clone(&run.log))
    }

    /// Whether other processes' runs can be read here.
    pub fn has_mirrors(&self) -> bool {
        self.mirrors.is_some()
    }

    /// The log of another process's run, kept here too: up to where a reader wants to go on, if that arrives in time.
    /// `None` where nothing brings it here; what there is of the run is in storage.
    pub(super) async fn mirror(&self, run: &Run, resume: Option<&Resume>) -> Option<Arc<RunLog>> {
        let is_old = run.ended_at.is_some_and(|ended| ended.plus(KEPT_FOR) < self.clock.now());
        let mirrors = self.mirrors.as_ref().filter(|_| run.status == RunStatus::Running || !is_old)?;
        mirrors.of(run, resume).await
    }

    /// The logs of this process's runs that are going on in a conversation.
    pub fn logs_of(&self, conversation_id: ConversationId) -> Vec<Arc<RunLog>> {
        let runs = self.runs.lock();
        let of_conversation = runs
            .by_id
            .values()
            .filter(|run| run.log.conversation_id() == conversation_id && !run.log.is_over());
        of_conversation.map(|run| Arc::clone(&run.log)).collect()
    }

    /// Stops a run at the wish of a person. A run that is over, or another process's, is left alone.
    pub fn cancel(&self, id: RunId) {
        if let Some(run) = self.runs.lock().by_id.get(&id) {
            run.stop.cancel.cancel();
        }
    }

    /// Makes a run known before it is durable, so that nobody who learns of it looks in vain.
    pub fn reserve(self: &Arc<Self>, plan: RunPlan) -> ReservedRun {
        // Six random bytes are enough to tell the logs of one run apart.
        let epoch = URL_SAFE_NO_PAD.encode(&self.ids.secret()[..6]);
        let log = RunLog::new(plan.run.id, plan.run.conversation_id, plan.run.model.clone(), epoch);
        let started = RunEvent::Started { message_id: plan.message.id, model: plan.run.model.clone() };
        log.append([started]);
        let stop = Stop::default();
        let (workspace_id, stopped) = (plan.run.workspace_id, stop.clone());
        let known = KnownRun { log: Arc::clone(&log), workspace_id, stop: stopped };
        self.runs.lock().by_id.insert(plan.run.id, known);
        self.active.fetch_add(1, Ordering::Relaxed);
        ReservedRun { engine: Arc::clone(self), plan: Some(Box::new(plan)), log, stop }
    }

    /// Refuses further runs from now on; the first step of shutting down.
    pub fn stop_accepting(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Gives running answers up to the configured time, then ends what is left as interrupted and waits until that is
    /// stored, but not for ever.
    pub async fn drain(&self) {
        /// The longest that storing interrupted answers may hold up the shutdown.
        const STORING: Duration = Duration::from_secs(10);
        self.stop_accepting();
        self.tasks.close();
        if tokio::time::timeout(self.settings.drain(), self.tasks.wait()).await.is_err() {
            tracing::info!(runs = self.active_runs(), "interrupting the answers that are still running");
        }
        self.interrupt.cancel();
        if tokio::time::timeout(STORING, self.tasks.wait()).await.is_err() {
            tracing::error!(
                runs = self.active_runs(),
                "some answers could not be stored before the shutdown"
            );
        }
    }

    /// The run is over: its log stays for a while.
    fn retire(&self, log: &Arc<RunLog>) {
        if !log.is_lost() {
            let bytes = log.size();
            let mut runs = self.runs.lock();
            runs.over_bytes += bytes;
            runs.over.push_back(OverRun { id: log.run_id(), bytes, since: tokio::time::Instant::now() });
        }
        self.active.fetch_sub(1, Ordering::Relaxed);
        self.forget_old_logs();
    }

    /// The runs that are going on, with what is cancelled when another process has ended them.
    pub(super) fn active(&self) -> Vec<(RunId, WorkspaceId, CancellationToken)> {
        let runs = self.runs.lock();
        let active = runs.by_id.iter().filter(|(_, run)| !run.log.is_over());
        active.map(|(id, run)| (*id, run.workspace_id, run.stop.lost.clone())).collect()
    }

    /// The run was given up: whoever follows it is sent to storage from now on.
    pub(super) fn give_up(&self, log: &RunLog) {
        self.runs.lock().by_id.remove(&log.run_id());
        log.lose();
    }

    pub(super) fn forget_old_logs(&self) {
        let mut runs = self.runs.lock();
        while let Some(oldest) = runs.over.front() {
            let fits = runs.over.len() <= MAX_KEPT && runs.over_bytes <= MAX_KEPT_BYTES;
            if fits && oldest.since.elapsed() < KEPT_FOR {
                break;
            }
            let (id, bytes) = (oldest.id, oldest.bytes);
            runs.over.pop_front();
            runs.over_bytes -= bytes;
            runs.by_id.remove(&id);
        }
    }
}

impl ReservedRun {
    /// Starts the run.
    pub fn start(mut self) {
        let Some(plan) = self.plan.take() else { return };
        let (engine, log, stop) = (Arc::clone(&self.engine), Arc::clone(&self.log), self.stop.clone());
        if let Some(relay) = &engine.relay {
            let publishing = publish::publish(Arc::clone(relay), Arc::clone(&log));
            self.engine.tasks.spawn_on(publishing, &self.engine.runtime);
        }
        let work = async move {
            generate::run(&engine, *plan, &log, stop).await;
            engine.retire(&log);
        };
        self.engine.tasks.spawn_on(work, &self.engine.runtime);
    }
}

impl ReservedRun {
    /// Starts the run if it turns out to be stored although the commit was not answered: nobody else would.
    pub fn start_if_stored(self) {
        let engine = Arc::clone(&self.engine);
        let looking = async move {
            let interrupt = self.engine.interrupt.clone();
            if interrupt.run_until_cancelled(self.is_stored()).await == Some(true) {
                self.start();
            }
        };
        engine.tasks.spawn_on(looking, &engine.runtime);
    }

    /// Whether the run is stored, as soon as the database tells. What is not there at a second look never was.
    async fn is_stored(&self) -> bool {
        const PAUSE: Duration = Duration::from_millis(500);
        const PATIENCE: u32 = 120;
        let Some(run) = self.plan.as_ref().map(|plan| &plan.run) else { return false };
        let mut misses = 0;
        for _ in 0..PATIENCE {
            tokio::time::sleep(PAUSE).await;
            match self.engine.runs_port.get(run.workspace_id, run.id).await {
                Ok(Some(stored)) => return stored.status == RunStatus::Running,
                Ok(None) if misses > 0 => return false,
                Ok(None) => misses += 1,
                Err(error) => tracing::debug!(%error, "it is not known yet whether a run was stored"),
            }
        }
        false
    }
}

impl Drop for ReservedRun {
    fn drop(&mut self) {
        if self.plan.is_some() {
            self.engine.runs.lock().by_id.remove(&self.log.run_id());
            self.engine.active.fetch_sub(1, Ordering::Relaxed);
        }
    }
}
