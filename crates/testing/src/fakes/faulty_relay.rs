//! A relay that keeps everything in memory, and loses it or fails when it is told to.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use async_trait::async_trait;
use domain::RunId;
use domain::ports::{Relay, RelayEntry, RelayError, RelayKind};
use parking_lot::Mutex;
use tokio::sync::watch;

/// The most entries that one reading gives.
const PAGE: usize = 200;
/// The most entries of a stream; older ones go.
const MOST_ENTRIES: usize = 4_096;

/// What happens to one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelayFault {
    /// It goes through.
    None,
    /// It fails with `Unavailable`; nothing happens.
    Unavailable,
    /// It happens, but the answer is `Unavailable`: the connection broke meanwhile.
    Unclear,
    /// Everything is lost before it happens.
    Flushed,
    /// It goes through after a while.
    Delay(Duration),
}

/// A relay for the processes of one test. Every call takes the next fault that was planned; without a plan it goes
/// through.
pub struct FaultyRelay {
    streams: Mutex<HashMap<RunId, VecDeque<RelayEntry>>>,
    plan: Mutex<VecDeque<RelayFault>>,
    is_away: Mutex<bool>,
    changed: watch::Sender<()>,
}

impl Default for FaultyRelay {
    fn default() -> Self {
        Self {
            streams: Mutex::default(),
            plan: Mutex::default(),
            is_away: Mutex::default(),
            changed: watch::Sender::new(()),
        }
    }
}

impl FaultyRelay {
    /// Adds faults for the next calls, in order.
    pub fn plan(&self, faults: impl IntoIterator<Item = RelayFault>) {
        self.plan.lock().extend(faults);
    }

    /// From now on every call fails with `Unavailable`, or none does.
    pub fn set_away(&self, is_away: bool) {
        *self.is_away.lock() = is_away;
        self.changed.send_replace(());
    }

    /// Loses everything.
    pub fn flush(&self) {
        self.streams.lock().clear();
        self.changed.send_replace(());
    }

    /// How many entries it keeps of a run.
    pub fn kept(&self, run_id: RunId) -> usize {
        self.streams.lock().get(&run_id).map_or(0, VecDeque::len)
    }

    async fn through<T>(
        &self,
        work: impl Future<Output = Result<T, RelayError>> + Send,
    ) -> Result<T, RelayError> {
        let fault = self.plan.lock().pop_front().unwrap_or(RelayFault::None);
        if *self.is_away.lock() {
            return Err(unavailable());
        }
        match fault {
            RelayFault::None => {}
            RelayFault::Unavailable => return Err(unavailable()),
            RelayFault::Unclear => {
                work.await?;
                return Err(unavailable());
            }
            RelayFault::Flushed => self.flush(),
            RelayFault::Delay(delay) => tokio::time::sleep(delay).await,
        }
        work.await
    }

    fn append_now(&self, run_id: RunId, entries: &[RelayEntry]) -> Result<(), RelayError> {
        let mut streams = self.streams.lock();
        let stream = streams.entry(run_id).or_default();
        let appended = extend(stream, entries);
        if stream.is_empty() {
            streams.remove(&run_id);
        }
        drop(streams);
        self.changed.send_replace(());
        appended
    }

    fn page(&self, run_id: RunId, after: u64) -> Result<Vec<RelayEntry>, RelayError> {
        let streams = self.streams.lock();
        let Some(stream) = streams.get(&run_id) else {
            return if after == 0 { Ok(Vec::new()) } else { Err(RelayError::Gap) };
        };
        let newest = stream.back().map_or(0, |last| last.position);
        let page: Vec<RelayEntry> =
            stream.iter().filter(|entry| entry.position > after).take(PAGE).cloned().collect();
        let is_whole = match page.first() {
            Some(first) => first.position == after + 1 || first.kind == RelayKind::Snapshot,
            None => newest == after,
        };
        if is_whole { Ok(page) } else { Err(RelayError::Gap) }
    }
}

fn unavailable() -> RelayError {
    RelayError::Unavailable("a planned fault".into())
}

/// Adds entries, all of them or none.
fn extend(stream: &mut VecDeque<RelayEntry>, entries: &[RelayEntry]) -> Result<(), RelayError> {
    let mut newest = stream.back();
    let mut news = Vec::new();
    for entry in entries {
        match newest.filter(|newest| newest.epoch == entry.epoch).map(|newest| newest.position) {
            Some(newest) if entry.position <= newest => continue,
            Some(newest) if entry.position == newest + 1 => {}
            None if entry.position == 1 => {}
            _ if entry.kind == RelayKind::Snapshot => {}
            _ => return Err(RelayError::Gap),
        }
        newest = Some(entry);
        news.push(entry.clone());
    }
    for entry in news {
        if entry.kind == RelayKind::Snapshot || entry.position == 1 {
            stream.clear();
        }
        stream.push_back(entry);
    }
    stream.drain(..stream.len().saturating_sub(MOST_ENTRIES));
    Ok(())
}

#[async_trait]
impl Relay for FaultyRelay {
    async fn append(&self, run_id: RunId, entries: &[RelayEntry]) -> Result<(), RelayError> {
        self.through(async { self.append_now(run_id, entries) }).await
    }

    async fn read(&self, run_id: RunId, after: u64, wait: Duration) -> Result<Vec<RelayEntry>, RelayError> {
        let reading = async {
            let until = tokio::time::Instant::now() + wait;
            let mut changed = self.changed.subscribe();
            loop {
                if *self.is_away.lock() {
                    return Err(unavailable());
                }
                let page = self.page(run_id, after)?;
                if !page.is_empty() {
                    return Ok(page);
                }
                match tokio::time::timeout_at(until, changed.changed()).await {
                    Ok(Ok(())) => {}
                    Ok(Err(_)) | Err(_) => return Ok(Vec::new()),
                }
            }
        };
        self.through(reading).await
    }

    async fn close(&self, _: RunId) -> Result<(), RelayError> {
        self.through(async { Ok(()) }).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    crate::relay_contract!(Arc::new(FaultyRelay::default()));
}
