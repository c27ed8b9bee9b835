//! Committed events on their way to subscribers.

mod hub;
mod inbox;
mod read;
mod view;

pub use hub::{CredentialKey, EventChannel, EventHub, Published, Subscription};
pub use inbox::{Delivery, Inbox, Mail};
pub use read::{EventScope, JournalHead, ReadEvents, RecordedEvent};
pub use view::{EventView, RunReference};
