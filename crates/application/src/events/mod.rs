//! Committed events on their way to subscribers.

mod catch_up;
mod chain;
mod guests;
mod hub;
mod inbox;
mod read;
mod subscribe;
mod view;

pub use guests::Guest;
pub use hub::{EventChannel, EventHub, EventOwner, Published, Subscription};
pub use inbox::{Delivery, Inbox, Mail};
pub use read::{EventScope, ReadEvents, RecordedEvent};
pub use subscribe::{Subscribe, Subscribed};
pub use view::{EventView, RunReference};
