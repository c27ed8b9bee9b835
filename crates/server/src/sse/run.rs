//! The events of one run.

use std::sync::Arc;
use std::time::Duration;

use application::events::{Delivery, EventChannel, EventOwner, Subscription};
use application::runs::{Followed, Following, ReadResult, Resume, RunLog, RunReader};
use bytes::BytesMut;
use domain::{Message, Run, RunId, RunStatus};
use tokio::time::Instant;

use super::event;
use super::stream::{Progress, Reader, Source, mail};
use crate::frames::{self, STORED_END, STORED_EPOCH};
use crate::problem::Problem;

/// How often a run is looked for that is going on, but of which nothing arrives here.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// The events of one run, live or from storage.
pub enum RunSource {
    /// The run is going on here, or was until recently.
    Live(Box<RunReader>),
    /// The run is over; this is still to be told.
    Stored {
        /// The run.
        run: Box<Run>,
        /// The answer.
        message: Box<Message>,
        /// Whether the client has the snapshot already.
        has_snapshot: bool,
    },
    /// What the run says does not arrive here; its end comes through the journal.
    Waiting {
        /// The run.
        run: Box<Run>,
        /// The answer so far, until it has been told.
        snapshot: Option<Box<Message>>,
        /// When to look whether it arrives by now.
        look_at: Instant,
        /// To the events of the conversation.
        _subscription: Subscription,
    },
}

impl RunSource {
    /// What follows after the event with this id; `None` when the client has everything.
    pub async fn open(
        reader: &Reader,
        run_id: RunId,
        last_id: Option<&str>,
    ) -> Result<Option<Self>, Problem> {
        let known = last_id.and_then(event::read_id);
        let resume = match known {
            Some((epoch, after)) => Resume { epoch: Some(epoch.to_owned()), after },
            None => Resume { epoch: None, after: 0 },
        };
        let Following { followed, owner, .. } = reader.follow(run_id, Some(resume.clone())).await?;
        match followed {
            Followed::Live(log) => {
                let attached = log.attach(Some(&resume), Arc::clone(&reader.wake));
                let has_everything = attached.recovered && attached.reader.is_finished();
                Ok((!has_everything).then(|| Self::Live(Box::new(attached.reader))))
            }
            Followed::Stored { run, message } => {
                let position =
                    known.filter(|(epoch, _)| *epoch == STORED_EPOCH).map(|(_, position)| position);
                if run.status != RunStatus::Running {
                    let has_everything = position == Some(STORED_END);
                    let stored = Self::Stored { run, message, has_snapshot: position.is_some() };
                    return Ok((!has_everything).then_some(stored));
                }
                Self::wait(reader, run, owner, position.is_some()).await.map(Some)
            }
        }
    }

    /// Waits for the end of a run that nobody here works on. Subscribes first, then looks again: the end cannot slip
    /// through in between.
    async fn wait(
        reader: &Reader,
        run: Box<Run>,
        owner: EventOwner,
        has_snapshot: bool,
    ) -> Result<Self, Problem> {
        let channel = EventChannel::Conversation(run.conversation_id);
        let subscription = reader.state.services().hub.subscribe(owner, channel, &reader.inbox);
        match reader.follow(run.id, None).await?.followed {
            Followed::Stored { run, message } if run.status != RunStatus::Running => {
                Ok(Self::Stored { run, message, has_snapshot: false })
            }
            Followed::Stored { message, .. } => Ok(Self::Waiting {
                run,
                snapshot: (!has_snapshot).then_some(message),
                look_at: Instant::now() + LOOK_AGAIN,
                _subscription: subscription,
            }),
            Followed::Live(log) => Ok(Self::with_snapshot(&log, reader)),
        }
    }

    /// Goes on live for a client that has something else, or nothing.
    fn with_snapshot(log: &Arc<RunLog>, reader: &Reader) -> Self {
        Self::Live(Box::new(log.attach(None, Arc::clone(&reader.wake)).reader))
    }

    /// What the run says no longer arrives: what became of it is in storage.
    async fn after_loss(reader: &Reader, run_id: RunId) -> Result<Self, Problem> {
        let Following { followed, owner, .. } = reader.follow(run_id, None).await?;
        match followed {
            Followed::Live(log) => Ok(Self::with_snapshot(&log, reader)),
            Followed::Stored { run, message } if run.status != RunStatus::Running => {
                Ok(Self::Stored { run, message, has_snapshot: false })
            }
            Followed::Stored { run, .. } => Self::wait(reader, run, owner, false).await,
        }
    }
}

impl Source for RunSource {
    async fn fill(&mut self, reader: &Reader, buffer: &mut BytesMut) -> Progress {
        let next = match self {
            Self::Live(log) => match fill_live(log, buffer) {
                Some(progress) => return progress,
                None => Self::after_loss(reader, log.log().run_id()).await,
            },
            Self::Stored { run, message, has_snapshot } => {
                if !*has_snapshot {
                    write_stored_snapshot(run, message, buffer);
                }
                write_stored_end(run, message, buffer);
                return Progress::Over;
            }
            Self::Waiting { run, snapshot, look_at, .. } => {
                if let Some(message) = snapshot.take() {
                    write_stored_snapshot(run, &message, buffer);
                }
                if !is_due(reader, run.id, look_at) {
                    return waiting(reader);
                }
                match reader.follow(run.id, None).await.map(|following| following.followed) {
                    // The text may have grown since the snapshot: the last word is what is stored.
                    Ok(Followed::Stored { run, message }) if run.status != RunStatus::Running => {
                        Ok(Self::Stored { run, message, has_snapshot: false })
                    }
                    Ok(Followed::Live(log)) => Ok(Self::with_snapshot(&log, reader)),
                    Ok(Followed::Stored { .. }) => return waiting(reader),
                    Err(error) => Err(error.into()),
                }
            }
        };
        match next {
            Ok(next) => {
                *self = next;
                Progress::Again(Duration::ZERO)
            }
            Err(problem) => {
                reader.write_problem(buffer, &problem);
                Progress::Over
            }
        }
    }
}

/// Whether something happened to a run whose end is waited for, or it is time to look for it.
fn is_due(reader: &Reader, run_id: RunId, look_at: &mut Instant) -> bool {
    let arrived = mail(reader);
    let is_about_run =
        |delivery: &Delivery| delivery.published.view.run.as_ref().is_some_and(|told| told.id == run_id);
    let is_time = reader.state.services().engine.has_mirrors() && Instant::now() >= *look_at;
    if is_time {
        *look_at = Instant::now() + LOOK_AGAIN;
    }
    is_time || arrived.overflowed || arrived.deliveries.iter().any(is_about_run)
}

/// Where other processes' runs can be read here, a run that is waited for may be live any time.
fn waiting(reader: &Reader) -> Progress {
    if reader.state.services().engine.has_mirrors() { Progress::Again(LOOK_AGAIN) } else { Progress::Open }
}

/// Writes what there is; `None` where no more will arrive here although the run is not over.
fn fill_live(reader: &mut RunReader, buffer: &mut BytesMut) -> Option<Progress> {
    loop {
        let result = reader.read();
        let log = reader.log();
        match result {
            ReadResult::Snapshot(snapshot) => {
                let id = format_args!("{}:{}", log.epoch(), snapshot.position);
                event::write(buffer, Some(id), "snapshot", &frames::run_snapshot(log, &snapshot).json());
            }
            ReadResult::Events(entries) if entries.is_empty() => return Some(Progress::Open),
            ReadResult::Events(entries) => {
                for entry in &entries {
                    let id = format_args!("{}:{}", log.epoch(), entry.position);
                    let name = frames::run_event_type(&entry.event);
                    event::write(buffer, Some(id), name, &frames::run_event(log, entry).json());
                }
                return Some(if reader.is_finished() { Progress::Over } else { Progress::Open });
            }
            ReadResult::Lost => return None,
        }
    }
}

fn write_stored_snapshot(run: &Run, message: &Message, buffer: &mut BytesMut) {
    let id = format_args!("{STORED_EPOCH}:0");
    event::write(buffer, Some(id), "snapshot", &frames::stored_snapshot(run.id, message).json());
}

fn write_stored_end(run: &Run, message: &Message, buffer: &mut BytesMut) {
    let id = format_args!("{STORED_EPOCH}:{STORED_END}");
    let end = frames::stored_end(run, message);
    event::write(buffer, Some(id), frames::end_of_run(run.status), &end.json());
}
