//! The events of one run.

use std::sync::Arc;

use application::Context;
use application::events::{EventChannel, Subscription};
use application::runs::{FollowRun, Followed, ReadResult, Resume, RunReader};
use bytes::BytesMut;
use domain::{Message, Run, RunId, RunStatus};

use super::event;
use super::stream::{Progress, Reader, Source, mail};
use crate::frames::{self, STORED_END, STORED_EPOCH};
use crate::problem::Problem;

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
    /// The run is somebody else's or was left behind by a crash; its end comes through the journal.
    Waiting {
        /// The run.
        run: Box<Run>,
        /// The answer so far, until it has been told.
        snapshot: Option<Box<Message>>,
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
        match follow(reader, &reader.context, run_id).await? {
            Followed::Live(log) => {
                let resume = match known {
                    Some((epoch, after)) => Resume { epoch: Some(epoch.to_owned()), after },
                    None => Resume { epoch: None, after: 0 },
                };
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
                Self::wait(reader, run, position.is_some()).await.map(Some)
            }
        }
    }

    /// Waits for the end of a run that nobody here works on. Subscribes first, then looks again: the end cannot slip
    /// through in between.
    async fn wait(reader: &Reader, run: Box<Run>, has_snapshot: bool) -> Result<Self, Problem> {
        let channel = EventChannel::Conversation(run.conversation_id);
        let subscription = reader.state.services().hub.subscribe(channel, &reader.inbox);
        match follow(reader, &reader.context, run.id).await? {
            Followed::Stored { run, message } if run.status != RunStatus::Running => {
                Ok(Self::Stored { run, message, has_snapshot: false })
            }
            Followed::Stored { message, .. } => Ok(Self::Waiting {
                run,
                snapshot: (!has_snapshot).then_some(message),
                _subscription: subscription,
            }),
            Followed::Live(log) => {
                let attached = log.attach(None, Arc::clone(&reader.wake));
                Ok(Self::Live(Box::new(attached.reader)))
            }
        }
    }
}

async fn follow(reader: &Reader, context: &Context, run_id: RunId) -> Result<Followed, Problem> {
    Ok(reader.state.bus.ask(context, FollowRun { run_id }).await?)
}

impl Source for RunSource {
    async fn fill(&mut self, reader: &Reader, buffer: &mut BytesMut) -> Progress {
        match self {
            Self::Live(log) => fill_live(log, buffer),
            Self::Stored { run, message, has_snapshot } => {
                if !*has_snapshot {
                    write_stored_snapshot(run, message, buffer);
                }
                write_stored_end(run, message, buffer);
                Progress::Over
            }
            Self::Waiting { run, snapshot, .. } => {
                if let Some(message) = snapshot.take() {
                    write_stored_snapshot(run, &message, buffer);
                }
                let arrived = mail(reader);
                let is_about_run = |delivery: &application::events::Delivery| {
                    delivery.published.view.run.as_ref().is_some_and(|told| told.id == run.id)
                };
                if !arrived.overflowed && !arrived.deliveries.iter().any(is_about_run) {
                    return Progress::Open;
                }
                match follow(reader, &reader.context, run.id).await {
                    Ok(Followed::Stored { run: ended, message }) if ended.status != RunStatus::Running => {
                        // The text may have grown since the snapshot: the last word is what is stored.
                        write_stored_snapshot(&ended, &message, buffer);
                        write_stored_end(&ended, &message, buffer);
                        Progress::Over
                    }
                    Ok(_) => Progress::Open,
                    Err(problem) => {
                        reader.write_problem(buffer, &problem);
                        Progress::Over
                    }
                }
            }
        }
    }
}

fn fill_live(reader: &mut RunReader, buffer: &mut BytesMut) -> Progress {
    loop {
        let result = reader.read();
        let log = reader.log();
        match result {
            ReadResult::Snapshot(snapshot) => {
                let id = format_args!("{}:{}", log.epoch(), snapshot.position);
                event::write(buffer, Some(id), "snapshot", &frames::run_snapshot(log, &snapshot).json());
            }
            ReadResult::Events(entries) if entries.is_empty() => return Progress::Open,
            ReadResult::Events(entries) => {
                for entry in &entries {
                    let id = format_args!("{}:{}", log.epoch(), entry.position);
                    let name = frames::run_event_type(&entry.event);
                    event::write(buffer, Some(id), name, &frames::run_event(log, entry).json());
                }
                return if reader.is_finished() { Progress::Over } else { Progress::Open };
            }
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
