//! What end-to-end tests start and talk through.

mod client;
mod deadline;
mod http;
mod memory;
pub mod raw;
mod server;
mod socket;
mod sse;

pub use client::{Answer, Client};
pub use deadline::{DEADLINE, eventually};
pub use http::RawHttp;
pub use raw::RawSocket;
pub use server::{OWNER_EMAIL, OWNER_PASSWORD, Server, ServerBuilder};
pub use socket::{Socket, new_id};
pub use sse::{Events, SseEvent};
