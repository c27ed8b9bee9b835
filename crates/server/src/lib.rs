//! The transports of Colloquy: parse, hand to the bus, map the answer. Only this crate knows HTTP.

mod context;
pub mod frames;
mod hosts;
mod problem;
mod request;
mod settings;
mod state;
pub mod ws;

pub use settings::Settings;
