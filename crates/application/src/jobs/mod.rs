//! Background work.

mod background;
mod queue;
mod title;

pub use background::Background;
pub use queue::JobQueue;
