//! What a run says while it is going on, as frames.

use application::messages::ProblemView;
use application::runs::{LogEntry, RunEvent, RunLog, Snapshot as LogSnapshot};
use domain::{ConversationId, FinishReason, Message, MessageId, ModelName, Part, Run, RunId, Usage};
use schemars::JsonSchema;
use serde::Serialize;

use super::outgoing::{STREAMING, Snapshot, SnapshotState, end_of_run};
use super::{Channel, Encoded};

/// The epoch of runs that are told from storage: their snapshot has position 0 and their end has position 1.
pub const STORED_EPOCH: &str = "stored";
/// The position of the end of a run that is told from storage.
pub const STORED_END: u64 = 1;

/// A model began to answer.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "type", rename = "run.started")]
#[schemars(title = "RunStarted", rename = "RunStarted")]
pub struct RunStarted<'a> {
    /// The run's channel.
    pub channel: Channel,
    /// Its place.
    pub position: u64,
    /// The conversation in which the answer appears.
    pub conversation_id: ConversationId,
    /// The answer.
    pub message_id: MessageId,
    /// The model.
    pub model: &'a ModelName,
}

/// A part of the answer began.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "type", rename = "part.started")]
#[schemars(title = "PartStarted", rename = "PartStarted")]
pub struct PartStarted<'a> {
    /// The run's channel.
    pub channel: Channel,
    /// Its place.
    pub position: u64,
    /// The part's index, from 0.
    pub part: usize,
    /// What is there of it already.
    pub content: &'a Part,
}

/// More of a part: text to append to its `text`, or to the `arguments` of a tool call.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "type", rename = "delta")]
#[schemars(title = "Delta", rename = "Delta")]
pub struct Delta<'a> {
    /// The run's channel.
    pub channel: Channel,
    /// Its place.
    pub position: u64,
    /// The part's index.
    pub part: usize,
    /// What to append.
    pub text: &'a str,
}

/// A part is whole.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "type", rename = "part.ended")]
#[schemars(title = "PartEnded", rename = "PartEnded")]
pub struct PartEnded {
    /// The run's channel.
    pub channel: Channel,
    /// Its place.
    pub position: u64,
    /// The part's index.
    pub part: usize,
}

/// The run is over and the answer is stored. The last frame of its channel.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "RunEnded", rename = "RunEnded")]
pub struct RunEnded<'a> {
    /// How it ended.
    #[serde(rename = "type")]
    #[schemars(with = "RunEndedType")]
    pub kind: &'static str,
    /// The run's channel.
    pub channel: Channel,
    /// Its place.
    pub position: u64,
    /// Why the model stopped.
    pub finish_reason: Option<FinishReason>,
    /// What the answer consumed.
    pub usage: Option<Usage>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<ProblemView>")]
    pub problem: Option<&'a ProblemView>,
}

/// How a run ends.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
#[expect(dead_code, reason = "only its schema is used")]
enum RunEndedType {
    #[serde(rename = "run.completed")]
    Completed,
    #[serde(rename = "run.failed")]
    Failed,
    #[serde(rename = "run.cancelled")]
    Cancelled,
    #[serde(rename = "run.interrupted")]
    Interrupted,
}

/// The frame of one event of a run. It is written once, however many readers there are.
pub fn run_event(log: &RunLog, entry: &LogEntry) -> Encoded {
    Encoded::from_socket(entry.encoded(|entry| write(log, entry).socket()))
}

fn write(log: &RunLog, entry: &LogEntry) -> Encoded {
    let channel = Channel::Run(log.run_id());
    let position = entry.position;
    match &entry.event {
        RunEvent::Started { message_id, model } => Encoded::new(&RunStarted {
            channel,
            position,
            conversation_id: log.conversation_id(),
            message_id: *message_id,
            model,
        }),
        RunEvent::PartStarted { index, part } => {
            Encoded::new(&PartStarted { channel, position, part: *index, content: part })
        }
        RunEvent::Delta { part, text } => Encoded::new(&Delta { channel, position, part: *part, text }),
        RunEvent::PartEnded { index } => Encoded::new(&PartEnded { channel, position, part: *index }),
        RunEvent::Ended { status, finish_reason, usage, failure } => {
            let problem = failure.clone().map(ProblemView::from);
            Encoded::new(&RunEnded {
                kind: end_of_run(*status),
                channel,
                position,
                finish_reason: *finish_reason,
                usage: *usage,
                problem: problem.as_ref(),
            })
        }
    }
}

/// The type of the frame of one event of a run.
pub const fn run_event_type(event: &RunEvent) -> &'static str {
    match event {
        RunEvent::Started { .. } => "run.started",
        RunEvent::PartStarted { .. } => "part.started",
        RunEvent::Delta { .. } => "delta",
        RunEvent::PartEnded { .. } => "part.ended",
        RunEvent::Ended { status, .. } => end_of_run(*status),
    }
}

/// What a run has said so far. It is written once for all readers that need it.
pub fn run_snapshot(log: &RunLog, snapshot: &LogSnapshot) -> Encoded {
    Encoded::from_socket(snapshot.encoded(|snapshot| {
        let frame = Snapshot {
            channel: Channel::Run(log.run_id()),
            epoch: log.epoch(),
            position: snapshot.position,
            state: SnapshotState::Run { status: STREAMING, parts: &snapshot.parts },
        };
        Encoded::new(&frame).socket()
    }))
}

/// What a run had said, from storage.
pub fn stored_snapshot(run_id: RunId, message: &Message) -> Encoded {
    Encoded::new(&Snapshot {
        channel: Channel::Run(run_id),
        epoch: STORED_EPOCH,
        position: 0,
        state: SnapshotState::Run { status: STREAMING, parts: &message.parts },
    })
}

/// How a run ended, from storage.
pub fn stored_end(run: &Run, message: &Message) -> Encoded {
    let problem = run.failure.clone().map(ProblemView::from);
    Encoded::new(&RunEnded {
        kind: end_of_run(run.status),
        channel: Channel::Run(run.id),
        position: STORED_END,
        finish_reason: message.finish_reason,
        usage: message.usage,
        problem: problem.as_ref(),
    })
}
