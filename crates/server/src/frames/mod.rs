//! The frames of the WebSocket protocol, which event streams share: their types, and how they become bytes.

mod channel;
mod encoded;
mod events;
mod incoming;
mod outgoing;
mod run;

use schemars::{Schema, SchemaGenerator};

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
    from_client("hello", |generator| generator.subschema_for::<Hello>()),
    from_client("subscribe", |generator| generator.subschema_for::<Subscribe>()),
    from_client("unsubscribe", |generator| generator.subschema_for::<Unsubscribe>()),
    from_client("command", |generator| generator.subschema_for::<Command>()),
    from_client("authenticate", |generator| generator.subschema_for::<Authenticate>()),
    from_client("ping", |generator| generator.subschema_for::<ClientPing>()),
    from_client("pong", |generator| generator.subschema_for::<Pong>()),
    from_server("welcome", |generator| generator.subschema_for::<Welcome<'_>>()),
    from_server("subscribed", |generator| generator.subschema_for::<Subscribed<'_>>()),
    from_server("unsubscribed", |generator| generator.subschema_for::<Unsubscribed<'_>>()),
    from_server("snapshot", |generator| generator.subschema_for::<Snapshot<'_>>()),
    from_server("result", |generator| generator.subschema_for::<CommandResult<'_>>()),
    from_server("event", |generator| generator.subschema_for::<EventFrame<'_>>()),
    from_server("run.started", |generator| generator.subschema_for::<RunStarted<'_>>()),
    from_server("part.started", |generator| generator.subschema_for::<PartStarted<'_>>()),
    from_server("delta", |generator| generator.subschema_for::<Delta<'_>>()),
    from_server("part.ended", |generator| generator.subschema_for::<PartEnded>()),
    from_server("run.completed", |generator| generator.subschema_for::<RunEnded<'_>>()),
    from_server("run.failed", |generator| generator.subschema_for::<RunEnded<'_>>()),
    from_server("run.cancelled", |generator| generator.subschema_for::<RunEnded<'_>>()),
    from_server("run.interrupted", |generator| generator.subschema_for::<RunEnded<'_>>()),
    from_server("ping", |generator| generator.subschema_for::<Ping>()),
    from_server("pong", |generator| generator.subschema_for::<ServerPong<'_>>()),
    from_server("error", |generator| generator.subschema_for::<ErrorFrame<'_>>()),
];

const fn from_client(name: &'static str, schema: fn(&mut SchemaGenerator) -> Schema) -> FrameDescription {
    FrameDescription { direction: Direction::FromClient, name, schema }
}

const fn from_server(name: &'static str, schema: fn(&mut SchemaGenerator) -> Schema) -> FrameDescription {
    FrameDescription { direction: Direction::FromServer, name, schema }
}

#[cfg(test)]
mod tests;
