//! The frames of the WebSocket protocol, which event streams share: their types, and how they become bytes.

mod channel;
mod encoded;
mod events;
mod incoming;
mod outgoing;
mod run;

use schemars::{JsonSchema, Schema, SchemaGenerator};

pub use channel::{Channel, InvalidChannel};
pub use encoded::Encoded;
pub use events::{JOURNAL_EPOCH, position_of, published_event, recorded_event};
pub use incoming::{
    Authenticate, ClientPing, Command, Hello, Incoming, Pong, Subscribe, SubscriptionRequest, Unreadable,
    Unsubscribe,
};
pub use outgoing::{
    CommandResult, ErrorFrame, EventFrame, Limits, Ping, ServerPong, Snapshot, SnapshotState, Subscribed,
    Unsubscribed, Welcome, end_of_run,
};
pub use run::{
    Delta, PartEnded, PartStarted, RunEnded, RunStarted, STORED_END, STORED_EPOCH, run_event, run_event_type,
    run_snapshot, stored_end, stored_snapshot,
};

/// Who sends a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Clients.
    FromClient,
    /// The server.
    FromServer,
}

/// What documents say about a frame.
pub struct FrameDescription {
    /// Who sends it.
    pub direction: Direction,
    /// Its `type`.
    pub name: &'static str,
    /// Its schema.
    pub schema: fn(&mut SchemaGenerator) -> Schema,
}

/// Every frame of the protocol.
pub const FRAMES: &[FrameDescription] = &[
    from_client::<Hello>("hello"),
    from_client::<Subscribe>("subscribe"),
    from_client::<Unsubscribe>("unsubscribe"),
    from_client::<Command>("command"),
    from_client::<Authenticate>("authenticate"),
    from_client::<ClientPing>("ping"),
    from_client::<Pong>("pong"),
    from_server::<Welcome<'_>>("welcome"),
    from_server::<Subscribed<'_>>("subscribed"),
    from_server::<Unsubscribed<'_>>("unsubscribed"),
    from_server::<Snapshot<'_>>("snapshot"),
    from_server::<CommandResult<'_>>("result"),
    from_server::<EventFrame<'_>>("event"),
    from_server::<RunStarted<'_>>("run.started"),
    from_server::<PartStarted<'_>>("part.started"),
    from_server::<Delta<'_>>("delta"),
    from_server::<PartEnded>("part.ended"),
    from_server::<RunEnded<'_>>("run.completed"),
    from_server::<RunEnded<'_>>("run.failed"),
    from_server::<RunEnded<'_>>("run.cancelled"),
    from_server::<RunEnded<'_>>("run.interrupted"),
    from_server::<Ping>("ping"),
    from_server::<ServerPong<'_>>("pong"),
    from_server::<ErrorFrame<'_>>("error"),
];

const fn from_client<T: JsonSchema>(name: &'static str) -> FrameDescription {
    FrameDescription { direction: Direction::FromClient, name, schema: SchemaGenerator::subschema_for::<T> }
}

const fn from_server<T: JsonSchema>(name: &'static str) -> FrameDescription {
    FrameDescription { direction: Direction::FromServer, name, schema: SchemaGenerator::subschema_for::<T> }
}

#[cfg(test)]
mod tests;
