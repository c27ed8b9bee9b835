//! Committed facts as frames.

use application::events::{EventChannel, Published, RecordedEvent};
use domain::UserId;
use domain::ports::Position;

use super::{Channel, Encoded, EventFrame};

/// The epoch of the journal's positions.
pub const JOURNAL_EPOCH: &str = "journal";

/// A journal position as clients see it.
pub fn position_of(position: Position) -> u64 {
    position.0.try_into().unwrap_or_default()
}

/// The frame of a fact that was just committed, as somebody sees it. It is written once a kind of channel.
pub fn published_event(channel: EventChannel, reader_id: UserId, published: &Published) -> Encoded {
    Encoded::from_socket(published.encoded(channel, reader_id, |view| {
        let channel = match channel {
            EventChannel::User(_) => Channel::User,
            EventChannel::Conversation(id) => Channel::Conversation(id),
        };
        let frame = EventFrame { channel, position: published.position.0, event: view };
        Encoded::new(&frame).socket()
    }))
}

/// The frame of a fact that was read from the journal.
pub fn recorded_event(channel: Channel, recorded: &RecordedEvent) -> Encoded {
    Encoded::new(&EventFrame { channel, position: recorded.position.0, event: &recorded.view })
}
