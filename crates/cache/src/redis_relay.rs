//! What runs say, carried through Redis.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::RunId;
use domain::ports::{Relay, RelayEntry, RelayError, RelayKind};
use parking_lot::Mutex;
use redis::Script;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use crate::connection::{Away, Connection, Listener};

/// What runs say, carried through Redis: one stream a run, in which an entry's id is its position, so that nothing can be
/// there twice or in another order.
///
/// Whoever appends wakes the readers through a channel of the run; they fetch what is new. So no connection is ever
/// blocked, and what waits for a run costs a place in a map.
pub struct RedisRelay {
    connection: Connection,
    prefix: String,
    append: Script,
    awaited: Arc<Awaited>,
    /// Held while the channels that are listened on change.
    changing: tokio::sync::Mutex<Instant>,
}

/// The runs that are read by this process.
struct Awaited {
    /// What the names of channels begin with.
    prefix: String,
    runs: Mutex<HashMap<RunId, AwaitedRun>>,
}

struct AwaitedRun {
    changed: watch::Sender<()>,
    last_read: Instant,
}

/// An entry as Redis gives it: its id, and three fields with their names.
type StoredEntry = (String, (String, String, String, String, String, Vec<u8>));

impl RedisRelay {
    /// The most entries of a stream; older ones go. The application's snapshots make that rare.
    pub const MOST_ENTRIES: u32 = 4096;
    /// The most entries of one answer.
    const PAGE: u32 = 256;
    /// How long the stream of a run is kept that says nothing.
    const KEEP: Duration = Duration::from_mins(30);
    /// How long the stream of a run is kept that is over.
    const KEEP_CLOSED: Duration = Duration::from_mins(1);
    /// How long an answer may take.
    pub(crate) const PATIENCE: Duration = Duration::from_secs(1);
    /// The longest wait before looking anew: a message on a channel can be lost.
    const LOOK: Duration = Duration::from_millis(500);
    /// How long the channel of a run is listened on that nobody reads any more.
    const LISTEN: Duration = Duration::from_secs(10);

    pub(crate) fn new(connect: impl FnOnce(Arc<dyn Listener>) -> Connection, prefix: &str) -> Self {
        let awaited = Arc::new(Awaited { prefix: format!("{prefix}:run:"), runs: Mutex::default() });
        let listener: Arc<Awaited> = Arc::clone(&awaited);
        Self {
            connection: connect(listener),
            prefix: prefix.to_owned(),
            append: Script::new(include_str!("append.lua")),
            awaited,
            changing: tokio::sync::Mutex::new(Instant::now()),
        }
    }

    /// Waits until Redis is there, for so long at most, and says whether it is.
    pub async fn ready(&self, wait: Duration) -> bool {
        self.connection.ready(wait).await
    }

    fn stream(&self, run_id: RunId) -> String {
        format!("{}:stream:{{{run_id}}}", self.prefix)
    }

    fn newest(&self, run_id: RunId) -> String {
        format!("{}:newest:{{{run_id}}}", self.prefix)
    }

    /// What is there after a position.
    async fn fetch(&self, run_id: RunId, after: u64) -> Result<Vec<RelayEntry>, RelayError> {
        let mut both = redis::pipe();
        let first = after.saturating_add(1);
        both.cmd("XRANGE").arg(self.stream(run_id)).arg(first).arg("+").arg("COUNT").arg(Self::PAGE);
        both.get(self.newest(run_id));
        let found = self.connection.run(async |mut connection| {
            both.query_async::<(Vec<StoredEntry>, Option<String>)>(&mut connection).await
        });
        let (entries, newest) = found.await?;
        let entries = entries.into_iter().map(entry).collect::<Option<Vec<_>>>().ok_or(RelayError::Gap)?;
        let newest =
            newest.as_deref().and_then(|text| text.split(' ').next()).and_then(|text| text.parse().ok());
        let is_whole = match entries.first() {
            Some(entry) => entry.position == first || entry.kind == RelayKind::Snapshot,
            None => newest.unwrap_or(0) == after,
        };
        if is_whole { Ok(entries) } else { Err(RelayError::Gap) }
    }

    /// Listens to the run from now on.
    async fn listen(&self, run_id: RunId) -> watch::Receiver<()> {
        if let Some(receiver) = self.awaited.join(run_id) {
            return receiver;
        }
        let mut tidied = self.changing.lock().await;
        if let Some(receiver) = self.awaited.join(run_id) {
            return receiver;
        }
        // Where this fails a new connection comes, and listens on everything that is awaited.
        let channel = self.awaited.channel(run_id);
        let _ = self.connection.run(async |mut connection| connection.subscribe(channel).await).await;
        let receiver = self.awaited.enter(run_id);
        if tidied.elapsed() > Self::LISTEN {
            *tidied = Instant::now();
            let left = self.awaited.leave_unread(Self::LISTEN);
            if !left.is_empty() {
                let _ = self.connection.run(async |mut connection| connection.unsubscribe(left).await).await;
            }
        }
        receiver
    }
}

#[async_trait]
impl Relay for RedisRelay {
    async fn append(&self, run_id: RunId, entries: &[RelayEntry]) -> Result<(), RelayError> {
        if entries.is_empty() {
            return Ok(());
        }
        let mut invocation = self.append.key(self.stream(run_id));
        invocation.key(self.newest(run_id));
        invocation.arg(self.awaited.channel(run_id)).arg(Self::MOST_ENTRIES).arg(Self::KEEP.as_secs());
        for entry in entries {
            let kind = match entry.kind {
                RelayKind::Event => "e",
                RelayKind::Snapshot => "s",
            };
            invocation.arg(entry.position).arg(&entry.epoch).arg(kind).arg(&entry.payload[..]);
        }
        let added =
            self.connection.run(async |mut connection| invocation.invoke_async(&mut connection).await);
        let is_added: u8 = added.await?;
        if is_added == 1 { Ok(()) } else { Err(RelayError::Gap) }
    }

    async fn read(&self, run_id: RunId, after: u64, wait: Duration) -> Result<Vec<RelayEntry>, RelayError> {
        let until = Instant::now() + wait;
        let listening = self.awaited.join(run_id);
        if listening.is_none() {
            let entries = self.fetch(run_id, after).await?;
            if !entries.is_empty() || wait.is_zero() {
                return Ok(entries);
            }
        }
        let mut changed = match listening {
            Some(changed) => changed,
            None => self.listen(run_id).await,
        };
        loop {
            changed.mark_unchanged();
            let entries = self.fetch(run_id, after).await?;
            let left = until.saturating_duration_since(Instant::now());
            if !entries.is_empty() || left.is_zero() {
                return Ok(entries);
            }
            // Whether it was woken or not, it looks again.
            let _ = timeout(left.min(Self::LOOK), changed.changed()).await;
        }
    }

    async fn close(&self, run_id: RunId) -> Result<(), RelayError> {
        let seconds = Self::KEEP_CLOSED.as_secs();
        let mut both = redis::pipe();
        for name in [self.stream(run_id), self.newest(run_id)] {
            both.cmd("EXPIRE").arg(name).arg(seconds).ignore();
        }
        let closed =
            self.connection.run(async |mut connection| both.query_async::<()>(&mut connection).await);
        Ok(closed.await?)
    }
}

impl Awaited {
    fn channel(&self, run_id: RunId) -> String {
        format!("{}{run_id}", self.prefix)
    }

    /// A receiver where the run's channel is listened on.
    fn join(&self, run_id: RunId) -> Option<watch::Receiver<()>> {
        let mut runs = self.runs.lock();
        let run = runs.get_mut(&run_id)?;
        run.last_read = Instant::now();
        Some(run.changed.subscribe())
    }

    /// A receiver of a run whose channel is listened on from now on.
    fn enter(&self, run_id: RunId) -> watch::Receiver<()> {
        let (changed, receiver) = watch::channel(());
        self.runs.lock().insert(run_id, AwaitedRun { changed, last_read: Instant::now() });
        receiver
    }

    /// Takes out the runs that nobody has read for a while, and gives their channels.
    fn leave_unread(&self, unread: Duration) -> Vec<String> {
        let mut left = Vec::new();
        self.runs.lock().retain(|run_id, run| {
            let is_read = run.changed.receiver_count() > 0 || run.last_read.elapsed() < unread;
            if !is_read {
                left.push(self.channel(*run_id));
            }
            is_read
        });
        left
    }
}

impl Listener for Awaited {
    fn channels(&self) -> Vec<String> {
        self.runs.lock().keys().map(|run_id| self.channel(*run_id)).collect()
    }

    fn connected(&self) {
        for run in self.runs.lock().values() {
            run.changed.send_replace(());
        }
    }

    fn heard(&self, channel: &str, _: &[u8]) {
        let run_id = channel.strip_prefix(&self.prefix).and_then(|id| id.parse::<RunId>().ok());
        if let Some(run_id) = run_id
            && let Some(run) = self.runs.lock().get(&run_id)
        {
            run.changed.send_replace(());
        }
    }
}

fn entry((id, (_, epoch, _, kind, _, payload)): StoredEntry) -> Option<RelayEntry> {
    let position = id.split('-').next()?.parse().ok()?;
    let kind = match kind.as_str() {
        "e" => RelayKind::Event,
        "s" => RelayKind::Snapshot,
        _ => return None,
    };
    Some(RelayEntry { position, epoch, kind, payload })
}

impl From<Away> for RelayError {
    fn from(away: Away) -> Self {
        Self::Unavailable(Box::new(away))
    }
}
