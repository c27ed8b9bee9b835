//! Sockets (RFC 6455): many channels and commands over one connection.
//!
//! `upgrade` makes a [`Connection`](connection::Connection), a task that reads frames through `decoder` and writes into
//! `outbox`; `requests`, `journal_channels` and `run_channels` are what it does with them, `work` is what it waits for.

mod close;
mod connection;
mod decoder;
mod journal_channels;
mod outbox;
mod requests;
mod run_channels;
mod session;
mod settings;
mod sockets;
mod subscriptions;
mod transport;
mod upgrade;
mod work;

pub use close::CloseCode;
pub use decoder::{Decoder, Received, Violation};
pub use settings::Settings;
pub(crate) use sockets::Sockets;
pub(crate) use transport::tune;
pub(crate) use upgrade::{open, open_conversation};
