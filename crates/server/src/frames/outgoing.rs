//! What the server sends.

use application::conversations::ConversationView;
use application::events::{EventView, RunReference};
use application::identities::UserView;
use domain::{Parts, RunStatus, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;

use super::Channel;
use crate::problem::ProblemBody;

/// The connection is authenticated.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "type", rename = "welcome")]
#[schemars(title = "Welcome", rename = "Welcome")]
pub struct Welcome<'a> {
    /// The `id` of the frame that this answers; absent where the request for the socket was authenticated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<&'a str>,
    /// How logs name the connection.
    pub connection: &'a str,
    /// Who is connected; `null` where the credential may not read that.
    pub user: Option<&'a UserView>,
    /// After how many seconds of silence the server asks whether the client is there.
    pub ping_seconds: u64,
    /// What the connection holds.
    pub limits: Limits,
    /// When the credential ends, and the connection with it.
    pub expires_at: Option<Timestamp>,
}

/// What a connection holds.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Limits {
    /// The largest message from a client, in bytes.
    pub frame_bytes: usize,
    /// The most subscriptions.
    pub subscriptions: usize,
    /// The most that is sent to make up for what a client has missed, in bytes; beyond it there is a snapshot.
    pub queue_bytes: usize,
}

/// A subscription has begun.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "type", rename = "subscribed")]
#[schemars(title = "Subscribed", rename = "Subscribed")]
pub struct Subscribed<'a> {
    /// The `id` of the frame that this answers; absent for runs that came with their conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<&'a str>,
    /// The channel.
    pub channel: Channel,
    /// Goes with positions: positions of another epoch say nothing.
    pub epoch: &'a str,
    /// Whether every frame after the client's position follows; otherwise a snapshot does.
    pub recovered: bool,
    /// The newest position at this moment.
    pub position: u64,
}

/// A subscription has ended.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "type", rename = "unsubscribed")]
#[schemars(title = "Unsubscribed", rename = "Unsubscribed")]
pub struct Unsubscribed<'a> {
    /// The `id` of the frame that this answers; absent where the channel went away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<&'a str>,
    /// The channel.
    pub channel: Channel,
}

/// What a channel amounts to at a position, in place of the frames that led there.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "type", rename = "snapshot")]
#[schemars(title = "Snapshot", rename = "Snapshot")]
pub struct Snapshot<'a> {
    /// The channel.
    pub channel: Channel,
    /// Goes with the position.
    pub epoch: &'a str,
    /// The last position that it covers.
    pub position: u64,
    /// What it amounts to.
    pub state: SnapshotState<'a>,
}

/// What a channel amounts to.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub enum SnapshotState<'a> {
    /// Of a run.
    Run {
        /// `streaming`: the frame that ends the run always follows.
        status: &'static str,
        /// The answer so far.
        parts: &'a Parts,
    },
    /// Of a conversation.
    Conversation {
        /// The conversation.
        conversation: &'a ConversationView,
        /// The answers that are being written; each has a channel of its own, to which the client is subscribed.
        runs: &'a [RunReference],
    },
    /// Of a person.
    User {
        /// The first page of conversations, most recently updated first.
        conversations: &'a [ConversationView],
    },
}

/// The durable answer to a command.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "type", rename = "result")]
#[schemars(title = "Result", rename = "Result")]
pub struct CommandResult<'a> {
    /// The command's `id`.
    pub reply_to: &'a str,
    /// What the command gives.
    #[schemars(with = "serde_json::Value")]
    pub result: &'a RawValue,
    /// The version of the resource in the result, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// Whether this is the stored result of an earlier attempt with the same `id`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub replayed: bool,
}

/// A committed fact.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "type", rename = "event")]
#[schemars(title = "EventFrame", rename = "EventFrame")]
pub struct EventFrame<'a> {
    /// The channel.
    pub channel: Channel,
    /// Its place in the journal.
    pub position: i64,
    /// What happened.
    pub event: &'a EventView,
}

/// The server asks whether the client is there.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "type", rename = "ping")]
#[schemars(title = "Ping", rename = "Ping")]
pub struct Ping {}

/// The answer to a client's `ping`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "type", rename = "pong")]
#[schemars(title = "ServerPong", rename = "ServerPong")]
pub struct ServerPong<'a> {
    /// The `id` of the ping.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<&'a str>,
}

/// Something went wrong. Before the server closes a connection it says why with one of these.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "type", rename = "error")]
#[schemars(title = "ErrorFrame", rename = "ErrorFrame")]
pub struct ErrorFrame<'a> {
    /// The `id` of the frame that this answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<&'a str>,
    /// The channel that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    /// The same object as the body of a REST error.
    pub problem: &'a ProblemBody,
}

/// What a snapshot says of a run whose end follows.
pub const STREAMING: &str = "streaming";

/// The type of the frame that ends a run.
pub const fn end_of_run(status: RunStatus) -> &'static str {
    match status {
        // The end of a run is never `Running`.
        RunStatus::Running | RunStatus::Completed => "run.completed",
        RunStatus::Failed => "run.failed",
        RunStatus::Cancelled => "run.cancelled",
        RunStatus::Interrupted => "run.interrupted",
    }
}
