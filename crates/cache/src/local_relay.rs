//! What runs say, carried within this process: for tests of what uses a relay.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use async_trait::async_trait;
use domain::RunId;
use domain::ports::{Relay, RelayEntry, RelayError, RelayKind};
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

/// What runs say, carried within this process.
#[derive(Default)]
pub struct LocalRelay {
    runs: Mutex<HashMap<RunId, Stream>>,
    changed: watch::Sender<()>,
}

#[derive(Default)]
struct Stream {
    entries: VecDeque<RelayEntry>,
    closed_at: Option<Instant>,
}

impl LocalRelay {
    /// The most entries of a stream; older ones go.
    pub const MOST_ENTRIES: usize = 4096;
    const PAGE: usize = 256;
    const KEEP_CLOSED: Duration = Duration::from_mins(1);

    /// Loses everything, as a server does that is flushed.
    pub fn flush(&self) {
        self.runs.lock().clear();
        self.changed.send_replace(());
    }

    fn fetch(&self, run_id: RunId, after: u64) -> Result<Vec<RelayEntry>, RelayError> {
        let runs = self.runs.lock();
        let Some(stream) = runs.get(&run_id) else {
            return if after == 0 { Ok(Vec::new()) } else { Err(RelayError::Gap) };
        };
        let newest = stream.newest().map_or(0, |entry| entry.position);
        let entries: Vec<RelayEntry> =
            stream.entries.iter().filter(|entry| entry.position > after).take(Self::PAGE).cloned().collect();
        let is_whole = match entries.first() {
            Some(entry) => entry.position == after + 1 || entry.kind == RelayKind::Snapshot,
            None => newest == after,
        };
        if is_whole { Ok(entries) } else { Err(RelayError::Gap) }
    }
}

impl Stream {
    fn newest(&self) -> Option<&RelayEntry> {
        self.entries.back()
    }

    fn append(&mut self, entry: &RelayEntry) -> Result<(), RelayError> {
        let newest = self.newest().filter(|newest| newest.epoch == entry.epoch).map(|newest| newest.position);
        match newest {
            Some(newest) if entry.position <= newest => return Ok(()),
            _ if entry.kind == RelayKind::Snapshot => self.entries.clear(),
            None if entry.position == 1 => self.entries.clear(),
            Some(newest) if entry.position == newest + 1 => {}
            _ => return Err(RelayError::Gap),
        }
        self.entries.push_back(entry.clone());
        if self.entries.len() > LocalRelay::MOST_ENTRIES {
            self.entries.pop_front();
        }
        Ok(())
    }
}

#[async_trait]
impl Relay for LocalRelay {
    async fn append(&self, run_id: RunId, entries: &[RelayEntry]) -> Result<(), RelayError> {
        let mut runs = self.runs.lock();
        let is_kept = |at: Instant| at.elapsed() < Self::KEEP_CLOSED;
        runs.retain(|_, stream| stream.closed_at.is_none_or(is_kept));
        let appended = {
            let stream = runs.entry(run_id).or_default();
            entries.iter().try_for_each(|entry| stream.append(entry))
        };
        if runs.get(&run_id).is_some_and(|stream| stream.entries.is_empty()) {
            runs.remove(&run_id);
        }
        drop(runs);
        self.changed.send_replace(());
        appended
    }

    async fn read(&self, run_id: RunId, after: u64, wait: Duration) -> Result<Vec<RelayEntry>, RelayError> {
        let until = Instant::now() + wait;
        let mut changed = self.changed.subscribe();
        loop {
            changed.mark_unchanged();
            let entries = self.fetch(run_id, after)?;
            if !entries.is_empty() || timeout_at(until, changed.changed()).await.is_err() {
                return Ok(entries);
            }
        }
    }

    async fn close(&self, run_id: RunId) -> Result<(), RelayError> {
        if let Some(stream) = self.runs.lock().get_mut(&run_id) {
            stream.closed_at = Some(Instant::now());
        }
        Ok(())
    }
}
