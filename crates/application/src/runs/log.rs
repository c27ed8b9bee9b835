//! The run log: what one run has said, shared by all its readers.
//!
//! The log is bounded. A reader is a cursor into it and owns no queue: a slow reader costs nothing, and catches up with
//! merged deltas, or with a snapshot where the log no longer holds what it missed. Only the run's owner appends, so
//! positions have no gaps; the epoch tells this log from one that another process kept under the same run. A mirror is
//! the same log in another process, filled with what the owner's log has said.

mod relayed;

use std::collections::{VecDeque, vec_deque};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use domain::{ConversationId, ModelName, Parts, RunId};
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::RunEvent;
pub(super) use relayed::{Catchup, OutOfOrder};

/// The most events that a log holds.
const MAX_ENTRIES: usize = 1_024;
/// The most memory that a log's events may take, in bytes.
const MAX_BYTES: usize = 256 * 1024;
/// A reader that is behind by more events than this gets neighbouring deltas as one.
const MERGE_ABOVE: usize = 8;

/// What one run has said, shared by all its readers.
pub struct RunLog {
    run_id: RunId,
    conversation_id: ConversationId,
    model: ModelName,
    epoch: String,
    state: Mutex<State>,
}

struct State {
    entries: VecDeque<Arc<LogEntry>>,
    bytes: usize,
    last_position: u64,
    parts: Parts,
    /// What the last reader got that needed one, while there are readers.
    snapshot: Option<Arc<Snapshot>>,
    is_over: bool,
    /// Whether the rest of what the run says will never arrive here.
    is_lost: bool,
    readers: Vec<(u64, Arc<Notify>)>,
    next_reader: u64,
    /// Wakes whoever carries the log to other processes.
    publisher: Option<Arc<Notify>>,
}

/// One event in a log.
#[derive(Debug)]
pub struct LogEntry {
    /// Its place, from 1, without gaps. A merged delta has the place of its last piece.
    pub position: u64,
    /// What happened.
    pub event: RunEvent,
    encoded: OnceLock<Bytes>,
}

impl LogEntry {
    fn new(position: u64, event: RunEvent) -> Arc<Self> {
        Arc::new(Self { position, event, encoded: OnceLock::new() })
    }

    /// The event in a transport's form; `encode` runs once, however many readers there are.
    pub fn encoded(&self, encode: impl FnOnce(&Self) -> Bytes) -> Bytes {
        self.encoded.get_or_init(|| encode(self)).clone()
    }
}

/// Where a reader wants to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resume {
    /// The epoch that the reader knows; `None` matches any, for a reader that begins with the run.
    pub epoch: Option<String>,
    /// The last position that it has.
    pub after: u64,
}

/// Everything that a run has said until a moment, in place of the events that said it. Readers that need one share it:
/// each of them could be as large as the answer.
#[derive(Debug)]
pub struct Snapshot {
    /// The last position that it covers.
    pub position: u64,
    /// The parts so far.
    pub parts: Parts,
    encoded: OnceLock<Bytes>,
}

impl Snapshot {
    /// What was said until a position.
    pub const fn new(position: u64, parts: Parts) -> Self {
        Self { position, parts, encoded: OnceLock::new() }
    }

    /// The snapshot in a transport's form; `encode` runs once, however many readers there are.
    pub fn encoded(&self, encode: impl FnOnce(&Self) -> Bytes) -> Bytes {
        self.encoded.get_or_init(|| encode(self)).clone()
    }
}

/// A reader and how it came in.
pub struct Attached {
    /// The reader.
    pub reader: RunReader,
    /// Whether everything after the reader's position will follow; otherwise a snapshot comes first.
    pub recovered: bool,
    /// The newest position at this moment.
    pub position: u64,
}

/// What a reader has missed.
#[derive(Debug)]
pub enum ReadResult {
    /// These events, in order; empty when there is nothing new.
    Events(Vec<Arc<LogEntry>>),
    /// More than the log holds; further reads go on after the snapshot.
    Snapshot(Arc<Snapshot>),
    /// The rest will never arrive here; what became of the run is in storage.
    Lost,
}

impl RunLog {
    /// An empty log.
    pub fn new(run_id: RunId, conversation_id: ConversationId, model: ModelName, epoch: String) -> Arc<Self> {
        let state = State {
            entries: VecDeque::new(),
            bytes: 0,
            last_position: 0,
            parts: Parts::new(),
            snapshot: None,
            is_over: false,
            is_lost: false,
            readers: Vec::new(),
            next_reader: 0,
            publisher: None,
        };
        Arc::new(Self { run_id, conversation_id, model, epoch, state: Mutex::new(state) })
    }

    /// The run.
    pub const fn run_id(&self) -> RunId {
        self.run_id
    }

    /// The conversation in which the answer appears.
    pub const fn conversation_id(&self) -> ConversationId {
        self.conversation_id
    }

    /// The model that writes the answer.
    pub const fn model(&self) -> &ModelName {
        &self.model
    }

    /// What tells this log from another one of the same run.
    pub fn epoch(&self) -> &str {
        &self.epoch
    }

    /// Adds what happened and wakes the readers. What follows the end of the run is ignored.
    pub fn append(&self, events: impl IntoIterator<Item = RunEvent>) {
        let mut state = self.state.lock();
        let before = state.last_position;
        for event in events {
            if state.is_over {
                break;
            }
            state.push(event);
        }
        if state.last_position != before {
            state.wake_all();
        }
    }

    /// The parts so far.
    pub fn parts(&self) -> Parts {
        self.state.lock().parts.clone()
    }

    /// Whether the run has ended.
    pub fn is_over(&self) -> bool {
        self.state.lock().is_over
    }

    /// About how much memory the log takes, in bytes.
    pub(super) fn size(&self) -> usize {
        let state = self.state.lock();
        state.bytes + state.parts.bytes()
    }

    /// Registers a reader and decides, in the same moment, what it has missed. `wake` is notified whenever there is
    /// something to read.
    pub fn attach(self: &Arc<Self>, resume: Option<&Resume>, wake: Arc<Notify>) -> Attached {
        let mut state = self.state.lock();
        let id = state.next_reader;
        state.next_reader += 1;
        state.readers.push((id, wake));
        let recoverable = resume.filter(|resume| {
            let same_log = resume.epoch.as_ref().is_none_or(|epoch| *epoch == self.epoch);
            same_log && state.holds_everything_after(resume.after)
        });
        let reader = RunReader {
            log: Arc::clone(self),
            id,
            position: recoverable.map_or(0, |resume| resume.after),
            needs_snapshot: recoverable.is_none(),
        };
        Attached { reader, recovered: recoverable.is_some(), position: state.last_position }
    }
}

impl State {
    fn push(&mut self, event: RunEvent) {
        event.apply(&mut self.parts);
        self.is_over = event.is_terminal();
        self.bytes += event.size();
        self.last_position += 1;
        self.entries.push_back(LogEntry::new(self.last_position, event));
        self.drop_oldest();
    }

    fn drop_oldest(&mut self) {
        while self.entries.len() > MAX_ENTRIES || (self.bytes > MAX_BYTES && self.entries.len() > 1) {
            if let Some(dropped) = self.entries.pop_front() {
                self.bytes -= dropped.event.size();
            }
        }
    }

    fn wake_all(&self) {
        for wake in self.readers.iter().map(|(_, wake)| wake).chain(&self.publisher) {
            wake.notify_one();
        }
    }

    fn holds_everything_after(&self, position: u64) -> bool {
        let first = self.entries.front().map_or(self.last_position + 1, |entry| entry.position);
        position <= self.last_position && position + 1 >= first
    }

    /// The state just before the end of the run where it has ended, so that its end always follows as an event. An
    /// earlier snapshot does as long as the log holds everything after it.
    fn snapshot(&mut self) -> Arc<Snapshot> {
        if let Some(earlier) = &self.snapshot
            && self.holds_everything_after(earlier.position)
        {
            return Arc::clone(earlier);
        }
        let snapshot = Arc::new(Snapshot::new(self.position_before_end(), self.parts.clone()));
        self.snapshot = Some(Arc::clone(&snapshot));
        snapshot
    }

    /// The newest position that a snapshot may cover.
    const fn position_before_end(&self) -> u64 {
        if self.is_over { self.last_position - 1 } else { self.last_position }
    }

    fn entries_after(&self, position: u64) -> Vec<Arc<LogEntry>> {
        let missed = self.unmerged_after(position);
        if missed.len() > MERGE_ABOVE { merge(missed) } else { missed.cloned().collect() }
    }

    fn unmerged_after(&self, position: u64) -> vec_deque::Iter<'_, Arc<LogEntry>> {
        let newer = usize::try_from(self.last_position.saturating_sub(position)).unwrap_or(usize::MAX);
        self.entries.range(self.entries.len().saturating_sub(newer)..)
    }
}

/// Joins neighbouring deltas of one part.
fn merge<'a>(entries: impl Iterator<Item = &'a Arc<LogEntry>>) -> Vec<Arc<LogEntry>> {
    let mut merged: Vec<Arc<LogEntry>> = Vec::new();
    let mut open: Option<(u64, usize, String)> = None;
    for entry in entries {
        match (&entry.event, &mut open) {
            (RunEvent::Delta { part, text }, Some((position, open_part, joined))) if part == open_part => {
                *position = entry.position;
                joined.push_str(text);
            }
            (RunEvent::Delta { part, text }, _) => {
                merged.extend(close(open.take()));
                open = Some((entry.position, *part, text.clone()));
            }
            _ => {
                merged.extend(close(open.take()));
                merged.push(Arc::clone(entry));
            }
        }
    }
    merged.extend(close(open));
    merged
}

fn close(open: Option<(u64, usize, String)>) -> Option<Arc<LogEntry>> {
    open.map(|(position, part, text)| LogEntry::new(position, RunEvent::Delta { part, text }))
}

/// A cursor into a log.
pub struct RunReader {
    log: Arc<RunLog>,
    id: u64,
    position: u64,
    needs_snapshot: bool,
}

impl RunReader {
    /// The log that is read.
    pub const fn log(&self) -> &Arc<RunLog> {
        &self.log
    }

    /// The last position that was read.
    pub const fn position(&self) -> u64 {
        self.position
    }

    /// What happened since the last read.
    pub fn read(&mut self) -> ReadResult {
        let mut state = self.log.state.lock();
        if state.is_lost {
            return ReadResult::Lost;
        }
        if self.needs_snapshot || !state.holds_everything_after(self.position) {
            let snapshot = state.snapshot();
            self.position = snapshot.position;
            self.needs_snapshot = false;
            return ReadResult::Snapshot(snapshot);
        }
        let events = state.entries_after(self.position);
        self.position = state.last_position;
        ReadResult::Events(events)
    }

    /// Whether the end of the run has been read.
    pub fn is_finished(&self) -> bool {
        let state = self.log.state.lock();
        state.is_over && self.position == state.last_position
    }
}

impl Drop for RunReader {
    fn drop(&mut self) {
        let mut state = self.log.state.lock();
        state.readers.retain(|(id, _)| *id != self.id);
        if state.readers.is_empty() {
            state.snapshot = None;
        }
    }
}
