//! The transports of Colloquy: parse, hand to the bus, map the answer. Only this crate knows HTTP.

mod context;
mod hosts;
mod problem;
mod request;
mod settings;
mod state;

pub use settings::Settings;
