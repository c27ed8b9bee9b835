//! Mirrors: the logs of other processes' runs, kept here for who reads them here.
//!
//! A mirror has the epoch and the positions of the owner's log, so a reader may come from there and go on here. It is
//! filled from the relay, by one follower however many readers there are. Where the relay has lost a part, it goes on
//! from everything until then, and so do its readers. What the relay never brings is in storage once the run is over: the
//! mirror is lost then, and its readers are sent there.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::ports::{Relay, RelayEntry, RelayError, Runs};
use domain::{Run, RunId, RunStatus};
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::log::OutOfOrder;
use super::wire::{self, Told};
use super::{Resume, RunLog};

/// The most mirrors.
const MOST: usize = 4_096;
/// The most memory that they may take, in bytes, before those that nobody reads are dropped.
const MOST_BYTES: usize = 256 * 1024 * 1024;
/// How long the first entry of a run that is going on is waited for.
const FIRST_ENTRY: Duration = Duration::from_secs(1);
/// The longest that somebody who wants to follow a run is kept waiting for its mirror.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long one reading of the relay waits, and how long the run is not looked at in storage meanwhile.
const LOOK: Duration = Duration::from_millis(900);
/// How long the end of a run may take on its way once it is stored.
const END_ON_ITS_WAY: Duration = Duration::from_millis(400);
/// How long a mirror stays that nobody reads, and one whose run is over.
const KEPT_UNREAD: Duration = Duration::from_secs(30);
const KEPT_OVER: Duration = Duration::from_mins(1);
/// How long it is believed that the relay has nothing of a run.
const KEPT_NOTHING: Duration = Duration::from_secs(1);
/// The pause after a first failure; doubled up to the longest one.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(800);

/// The logs of other processes' runs.
pub struct Mirrors {
    relay: Arc<dyn Relay>,
    runs: Arc<dyn Runs>,
    known: Mutex<HashMap<RunId, Arc<Mirror>>>,
    /// Where followers run. A shutdown does not wait for them: they only read, and readers stay until the end.
    runtime: Handle,
}

struct Mirror {
    found: watch::Sender<Found>,
    /// Whether somebody has asked for it since its follower last looked.
    is_wanted: AtomicBool,
    /// Ends its follower.
    dropped: CancellationToken,
}

#[derive(Clone)]
enum Found {
    NotYet,
    Log(Arc<RunLog>),
    Nothing,
}

impl Mirror {
    /// The log, once it is found out whether there is one.
    async fn log(&self) -> Option<Arc<RunLog>> {
        let mut found = self.found.subscribe();
        match &*found.wait_for(|found| !matches!(found, Found::NotYet)).await.ok()? {
            Found::Log(log) => Some(Arc::clone(log)),
            Found::NotYet | Found::Nothing => None,
        }
    }

    /// The log, if it has been found.
    fn found_log(&self) -> Option<Arc<RunLog>> {
        match &*self.found.borrow() {
            Found::Log(log) => Some(Arc::clone(log)),
            Found::NotYet | Found::Nothing => None,
        }
    }
}

impl Mirrors {
    /// No mirrors yet. Their followers run on the present tokio runtime.
    pub fn new(relay: Arc<dyn Relay>, runs: Arc<dyn Runs>) -> Arc<Self> {
        Arc::new(Self { relay, runs, known: Mutex::default(), runtime: Handle::current() })
    }

    /// The mirror of a run, up to where a reader wants to go on, if that arrives in time; `None` where the relay has
    /// nothing of the run, or not its end although it is over.
    pub async fn of(self: &Arc<Self>, run: &Run, resume: Option<&Resume>) -> Option<Arc<RunLog>> {
        let mirror = self.mirror(run)?;
        let until = Instant::now() + PATIENCE;
        let log = tokio::time::timeout_at(until, mirror.log()).await.ok().flatten()?;
        if let Some(resume) = resume.filter(|resume| resume.epoch.as_deref() == Some(log.epoch())) {
            // A reader that comes from the owner may be ahead of what has arrived here.
            let _ = tokio::time::timeout_at(until, reach(&log, resume.after)).await;
        }
        (!log.is_lost()).then_some(log)
    }

    /// The mirror that is there, or a new one; `None` where there is no room.
    fn mirror(self: &Arc<Self>, run: &Run) -> Option<Arc<Mirror>> {
        let mut known = self.known.lock();
        if let Some(mirror) = known.get(&run.id) {
            mirror.is_wanted.store(true, Ordering::Relaxed);
            return Some(Arc::clone(mirror));
        }
        make_room(&mut known);
        if known.len() >= MOST {
            tracing::warn!("too many runs of other processes are read here; some are told from storage");
            return None;
        }
        let mirror = Arc::new(Mirror {
            found: watch::Sender::new(Found::NotYet),
            is_wanted: AtomicBool::new(true),
            dropped: CancellationToken::new(),
        });
        known.insert(run.id, Arc::clone(&mirror));
        let known_here = Known { mirrors: Arc::clone(self), run_id: run.id, mirror: Arc::clone(&mirror) };
        self.runtime.spawn(keep(known_here, run.clone()));
        Some(mirror)
    }
}

/// Drops mirrors that nobody reads while there are too many, or they take too much memory.
fn make_room(known: &mut HashMap<RunId, Arc<Mirror>>) {
    let mut bytes: usize = known.values().filter_map(|mirror| mirror.found_log()).map(|log| log.size()).sum();
    let mut count = known.len();
    if count < MOST && bytes < MOST_BYTES {
        return;
    }
    known.retain(|_, mirror| {
        let has_room = count < MOST / 2 && bytes < MOST_BYTES / 2;
        let Some(log) = mirror.found_log().filter(|log| !has_room && !log.has_readers()) else { return true };
        bytes -= log.size().min(bytes);
        count -= 1;
        mirror.dropped.cancel();
        false
    });
}

/// Waits until a log has reached a position, or says nothing more.
async fn reach(log: &Arc<RunLog>, position: u64) {
    let wake = Arc::new(Notify::new());
    let _reader = log.attach(None, Arc::clone(&wake));
    while log.last_position() < position && !log.is_over() && !log.is_lost() {
        wake.notified().await;
    }
}

/// A mirror among the known ones; dropped, it is no longer.
struct Known {
    mirrors: Arc<Mirrors>,
    run_id: RunId,
    mirror: Arc<Mirror>,
}

impl Drop for Known {
    fn drop(&mut self) {
        let mut known = self.mirrors.known.lock();
        if known.get(&self.run_id).is_some_and(|mirror| Arc::ptr_eq(mirror, &self.mirror)) {
            known.remove(&self.run_id);
        }
        drop(known);
        self.mirror.found.send_if_modified(|found| {
            let has_waiters = matches!(found, Found::NotYet);
            if has_waiters {
                *found = Found::Nothing;
            }
            has_waiters
        });
    }
}

/// A log whose readers are told when nobody fills it any more.
struct Filled(Arc<RunLog>);

impl Drop for Filled {
    fn drop(&mut self) {
        self.0.lose();
    }
}

/// Keeps one mirror for as long as it is of use.
async fn keep(known: Known, run: Run) {
    let dropped = known.mirror.dropped.clone();
    let work = async {
        let follower = Follower { relay: &*known.mirrors.relay, run: &run };
        let Some(log) = follower.open().await else {
            known.mirror.found.send_replace(Found::Nothing);
            return tokio::time::sleep(KEPT_NOTHING).await;
        };
        let log = Filled(log);
        known.mirror.found.send_replace(Found::Log(Arc::clone(&log.0)));
        let end = follower.follow(&log.0, &*known.mirrors.runs, &known.mirror.is_wanted).await;
        match end {
            End::Told => tokio::time::sleep(KEPT_OVER).await,
            End::Unread => {}
            End::Lost => {
                log.0.lose();
                known.mirror.found.send_replace(Found::Nothing);
                tokio::time::sleep(KEPT_NOTHING).await;
            }
        }
    };
    tokio::select! {
        () = dropped.cancelled() => {}
        () = work => {}
    }
}

/// Why a mirror is no longer filled.
enum End {
    /// The run is over, and everything has arrived.
    Told,
    /// The run is over or nothing that can be understood arrives; what became of it is in storage.
    Lost,
    /// Nobody reads it.
    Unread,
}

/// What arrived cannot be used.
struct Unusable;

impl From<OutOfOrder> for Unusable {
    fn from(_: OutOfOrder) -> Self {
        Self
    }
}

/// Fills one mirror.
struct Follower<'a> {
    relay: &'a dyn Relay,
    run: &'a Run,
}

impl Follower<'_> {
    /// A log with everything that the relay has now.
    async fn open(&self) -> Option<Arc<RunLog>> {
        let is_over = self.run.status != RunStatus::Running;
        let wait = if is_over { Duration::ZERO } else { FIRST_ENTRY };
        let mut entries = self.relay.read(self.run.id, 0, wait).await.ok()?;
        let epoch = entries.first()?.epoch.clone();
        let log = RunLog::new(self.run.id, self.run.conversation_id, self.run.model.clone(), epoch);
        loop {
            take(&log, &entries).ok()?;
            if log.is_over() || entries.is_empty() {
                break;
            }
            entries =
                self.relay.read(self.run.id, log.last_position(), Duration::ZERO).await.unwrap_or_default();
        }
        (log.is_over() || !is_over).then_some(log)
    }

    /// Takes what arrives, and looks at the run in storage while nothing does.
    async fn follow(&self, log: &Arc<RunLog>, runs: &dyn Runs, is_wanted: &AtomicBool) -> End {
        let mut read_at = Instant::now();
        let mut heard_at = Instant::now();
        let mut looked_at = Instant::now();
        let mut over_since = None;
        let mut pause = FIRST_PAUSE;
        while !log.is_over() {
            let now = Instant::now();
            if log.has_readers() || is_wanted.swap(false, Ordering::Relaxed) {
                read_at = now;
            } else if now - read_at > KEPT_UNREAD {
                return End::Unread;
            }
            let wait = if over_since.is_some() { END_ON_ITS_WAY / 2 } else { jittered(LOOK, self.run.id) };
            match self.relay.read(self.run.id, log.last_position(), wait).await {
                Ok(entries) if entries.is_empty() => {}
                Ok(entries) => {
                    if take(log, &entries).is_err() {
                        return End::Lost;
                    }
                    (pause, over_since, heard_at) = (FIRST_PAUSE, None, Instant::now());
                    continue;
                }
                Err(error) => {
                    if let RelayError::Unavailable(error) = error {
                        tracing::debug!(%error, run_id = %self.run.id, "a run of another process is not heard");
                    }
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
            if over_since.is_some_and(|since: Instant| since.elapsed() >= END_ON_ITS_WAY) {
                return End::Lost;
            }
            if over_since.is_none() && heard_at.max(looked_at).elapsed() >= LOOK / 2 {
                looked_at = Instant::now();
                // While storage is away, nobody knows better.
                if let Ok(run) = runs.get(self.run.workspace_id, self.run.id).await
                    && run.is_none_or(|run| run.status != RunStatus::Running)
                {
                    over_since = Some(Instant::now());
                }
            }
        }
        End::Told
    }
}

/// Takes entries into a mirror, in order.
fn take(log: &RunLog, entries: &[RelayEntry]) -> Result<(), Unusable> {
    for entry in entries {
        if entry.epoch != log.epoch() {
            tracing::warn!(run_id = %log.run_id(), "two processes tell of the same run");
            return Err(Unusable);
        }
        let told = wire::read(entry).map_err(|error| {
            tracing::warn!(%error, run_id = %log.run_id(), "what another process tells of a run cannot be read");
            Unusable
        })?;
        match told {
            Told::Event(event) => log.receive(entry.position, event)?,
            Told::Catchup(catchup) => log.receive_catchup(catchup)?,
        }
    }
    Ok(())
}

/// Between half and all of a time, so that many followers do not ask storage at one time.
fn jittered(time: Duration, run_id: RunId) -> Duration {
    let share = f64::from(u8::try_from(run_id.uuid().as_u128() & 0xFF).unwrap_or_default()) / 512.0;
    time.mul_f64(1.0 - share)
}
