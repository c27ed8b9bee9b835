//! The publisher: carries what a run says to other processes, at their pace and never at the run's.

use std::sync::Arc;
use std::time::Duration;

use domain::ports::{Relay, RelayEntry, RelayError, RelayKind};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::{RunLog, wire};

/// The most events that go out together.
const BATCH: usize = 256;
/// After so many events, or bytes, everything before is replaced by one entry, so that what the relay keeps stays small.
const CATCHUP_ENTRIES: usize = 512;
const CATCHUP_BYTES: usize = 128 * 1024;
/// What replaces it is as large as the answer, so a large answer waits until this share of it was said, but no longer
/// than for so many events.
const CATCHUP_SHARE: usize = 4;
const MOST_ENTRIES: usize = 2_048;
/// The pause after a first failure; doubled up to the longest one.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// How long after its end a run is still carried while the relay is away. Other processes find the end in storage then.
const AFTER_THE_END: Duration = Duration::from_secs(2);

/// Carries everything that the log says to the relay, until the run is over and told.
pub async fn publish(relay: Arc<dyn Relay>, log: Arc<RunLog>) {
    let wake = Arc::new(Notify::new());
    log.publish_to(Arc::clone(&wake));
    let mut publisher = Publisher { log: &log, sent: 0, begins_anew: false, entries: 0, bytes: 0 };
    let mut failures = Failures::default();
    loop {
        let batch = match publisher.batch() {
            Ok(batch) => batch,
            Err(error) => {
                tracing::error!(%error, run_id = %log.run_id(), "what a run says cannot be written for others");
                return;
            }
        };
        let Some(last) = batch.last() else {
            if log.is_over() || log.is_lost() {
                break;
            }
            wake.notified().await;
            continue;
        };
        let position = last.position;
        let outcome = relay.append(log.run_id(), &batch).await;
        match outcome {
            Ok(()) => {
                publisher.sent(position, &batch);
                failures.forget();
                continue;
            }
            Err(RelayError::Gap) => publisher.begins_anew = true,
            Err(RelayError::Unavailable(ref error)) => failures.tell(error.as_ref()),
        }
        if failures.pause(log.is_over()).await.is_err() {
            return;
        }
    }
    while let Err(error) = relay.close(log.run_id()).await {
        tracing::debug!(%error, "the stream of a run could not be closed yet");
        if failures.pause(true).await.is_err() {
            return;
        }
    }
}

/// What has been carried.
struct Publisher<'a> {
    log: &'a RunLog,
    /// The last position that the relay has.
    sent: u64,
    /// Whether something is missing there before what comes next.
    begins_anew: bool,
    /// Since everything was last replaced by one entry.
    entries: usize,
    bytes: usize,
}

impl Publisher<'_> {
    /// What is to be carried next; empty where there is nothing.
    fn batch(&self) -> serde_json::Result<Vec<RelayEntry>> {
        let epoch = self.log.epoch();
        let news = self.log.raw_after(self.sent, BATCH);
        let is_complete = news.is_some();
        let news = news.unwrap_or_default();
        let is_due =
            !news.is_empty() && self.is_full() && !news.iter().any(|entry| entry.event.is_terminal());
        if is_due || self.begins_anew || !is_complete {
            let Some(catchup) = self.log.catchup(self.sent) else { return Ok(Vec::new()) };
            let mut batch = vec![wire::catchup(epoch, &catchup)?];
            for entry in self.log.raw_after(catchup.position, BATCH).unwrap_or_default() {
                batch.push(wire::event(epoch, entry.position, &entry.event)?);
            }
            return Ok(batch);
        }
        news.iter().map(|entry| wire::event(epoch, entry.position, &entry.event)).collect()
    }

    /// Whether the relay keeps so much of the run that it is time to replace it.
    fn is_full(&self) -> bool {
        let is_much = self.entries >= CATCHUP_ENTRIES || self.bytes >= CATCHUP_BYTES;
        let is_most = self.entries >= MOST_ENTRIES;
        is_most || is_much && self.bytes >= self.log.answer_bytes() / CATCHUP_SHARE
    }

    fn sent(&mut self, position: u64, batch: &[RelayEntry]) {
        self.sent = position;
        self.begins_anew = false;
        if let [RelayEntry { kind: RelayKind::Snapshot, .. }, ..] = batch {
            (self.entries, self.bytes) = (0, 0);
        } else {
            self.entries += batch.len();
            self.bytes += batch.iter().map(|entry| entry.payload.len()).sum::<usize>();
        }
    }
}

/// Failures in a row.
#[derive(Default)]
struct Failures {
    pause: Option<Duration>,
    over_since: Option<Instant>,
}

/// It is no use to go on.
struct GivenUp;

impl Failures {
    fn tell(&self, error: &(dyn std::error::Error + Send + Sync)) {
        if self.pause.is_none() {
            tracing::debug!(%error, "what a run says cannot be carried to other processes yet");
        }
    }

    fn forget(&mut self) {
        self.pause = None;
    }

    async fn pause(&mut self, is_over: bool) -> Result<(), GivenUp> {
        if is_over && self.over_since.get_or_insert_with(Instant::now).elapsed() >= AFTER_THE_END {
            return Err(GivenUp);
        }
        let pause = self.pause.map_or(FIRST_PAUSE, |last| (last * 2).min(LONGEST_PAUSE));
        self.pause = Some(pause);
        tokio::time::sleep(pause).await;
        Ok(())
    }
}
