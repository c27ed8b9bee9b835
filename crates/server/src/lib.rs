//! The transports of Colloquy: parse, hand to the bus, map the answer. Only this crate knows HTTP.

mod asyncapi;
mod compression;
mod context;
mod docs;
mod edge;
pub mod frames;
mod hosts;
mod json;
mod openai;
mod openapi;
mod pages;
mod patience;
mod problem;
mod query;
mod request;
mod respond;
mod route;
mod routes;
mod server;
mod settings;
mod sse;
mod state;
mod unread;
mod watch;
pub mod ws;

pub use server::{Handle, Server};
pub use settings::Settings;

/// The OpenAPI 3.1 document of the HTTP interface, as JSON text.
pub fn openapi() -> String {
    openapi::text(&openapi::document(&routes::table()))
}

/// The AsyncAPI 3 document of the WebSocket, as JSON text.
pub fn asyncapi() -> String {
    openapi::text(&asyncapi::document())
}
