//! What a log tells other processes, and what a mirror of it hears.

use std::sync::Arc;

use domain::Parts;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use super::{LogEntry, RunEvent, RunLog};

/// The most events at the end of a catch-up.
const TAIL_ENTRIES: usize = 512;
/// The most memory that those may take, in bytes.
const TAIL_BYTES: usize = 64 * 1024;

/// Everything that a run has said until a moment, with the newest of its events, so that a mirror which lacks no more
/// than these goes on without a snapshot.
#[derive(Serialize, Deserialize)]
pub struct Catchup {
    /// The last position that it covers: that of the last event in the tail.
    #[serde(skip)]
    pub position: u64,
    /// The parts so far.
    pub parts: Parts,
    /// The newest events, oldest first.
    pub tail: Vec<RunEvent>,
}

/// What arrived does not follow what is there.
#[derive(Debug)]
pub struct OutOfOrder;

impl RunLog {
    /// From now on `wake` is notified whenever there is something to carry to other processes.
    pub fn publish_to(&self, wake: Arc<Notify>) {
        self.state.lock().publisher = Some(wake);
    }

    /// Up to `most` events after a position, each as it was appended; `None` where the log holds them no longer.
    pub fn raw_after(&self, position: u64, most: usize) -> Option<Vec<Arc<LogEntry>>> {
        let state = self.state.lock();
        let holds = state.holds_everything_after(position);
        holds.then(|| state.unmerged_after(position).take(most).cloned().collect())
    }

    /// Everything so far, but for the end of the run, in place of its events. The tail holds those after `position`
    /// where the log has them, and as many before as are worth it. `None` where there is nothing but the end.
    pub fn catchup(&self, position: u64) -> Option<Catchup> {
        let state = self.state.lock();
        let until = state.position_before_end();
        let mut bytes = 0;
        let mut tail: Vec<RunEvent> = Vec::new();
        for entry in state.entries.iter().rev().skip_while(|entry| entry.position > until) {
            bytes += entry.event.size();
            let is_wanted = entry.position > position;
            if !tail.is_empty() && !is_wanted && (tail.len() >= TAIL_ENTRIES || bytes > TAIL_BYTES) {
                break;
            }
            tail.push(entry.event.clone());
        }
        tail.reverse();
        (!tail.is_empty()).then(|| Catchup { position: until, parts: state.parts.clone(), tail })
    }

    /// The length of the answer so far, in bytes.
    pub fn answer_bytes(&self) -> usize {
        self.state.lock().parts.bytes()
    }

    /// The newest position.
    pub fn last_position(&self) -> u64 {
        self.state.lock().last_position
    }

    /// Whether anybody reads the log.
    pub fn has_readers(&self) -> bool {
        !self.state.lock().readers.is_empty()
    }

    /// Takes one event of the owner's log. One that is here already is left alone.
    pub fn receive(&self, position: u64, event: RunEvent) -> Result<(), OutOfOrder> {
        let mut state = self.state.lock();
        if position <= state.last_position {
            return Ok(());
        }
        if position != state.last_position + 1 || state.is_over {
            return Err(OutOfOrder);
        }
        state.push(event);
        state.wake_all();
        Ok(())
    }

    /// Takes everything that the owner's log had said: its newest events where nothing is missing before them, the whole
    /// otherwise; readers who were behind those get a snapshot then.
    pub fn receive_catchup(&self, catchup: Catchup) -> Result<(), OutOfOrder> {
        let Catchup { position, parts, tail } = catchup;
        let mut state = self.state.lock();
        if position <= state.last_position {
            return Ok(());
        }
        let before_tail = position.checked_sub(tail.len() as u64).ok_or(OutOfOrder)?;
        if state.is_over || tail.iter().any(RunEvent::is_terminal) {
            return Err(OutOfOrder);
        }
        if before_tail <= state.last_position {
            let known = usize::try_from(state.last_position - before_tail).unwrap_or(usize::MAX);
            tail.into_iter().skip(known).for_each(|event| state.push(event));
        } else {
            state.entries =
                (before_tail + 1..).zip(tail).map(|(at, event)| LogEntry::new(at, event)).collect();
            state.bytes = state.entries.iter().map(|entry| entry.event.size()).sum();
            state.parts = parts;
            state.last_position = position;
            state.drop_oldest();
        }
        state.wake_all();
        Ok(())
    }

    /// The rest of what the run says will never arrive here, unless its end has; readers are told.
    pub fn lose(&self) {
        let mut state = self.state.lock();
        if !state.is_over {
            state.is_lost = true;
            state.wake_all();
        }
    }

    /// Whether the rest will never arrive.
    pub fn is_lost(&self) -> bool {
        self.state.lock().is_lost
    }
}
