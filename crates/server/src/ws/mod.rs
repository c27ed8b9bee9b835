//! WebSockets: many channels and commands over one connection.

mod close;
mod decoder;
mod outbox;
mod settings;

pub use close::{CloseCode, End};
pub use decoder::{Decoder, Received, Violation, close_frame};
pub use settings::Settings;
