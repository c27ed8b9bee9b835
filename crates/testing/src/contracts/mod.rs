//! Contract suites: what every implementation of a port must do.
//!
//! A suite is a set of plain functions, each one promise, and a macro that makes a test of each for one
//! implementation.

pub mod cache;
pub mod chat_model;
pub mod clock;
pub mod conversations;
pub mod idempotency;
pub mod identities;
pub mod ids;
pub mod jobs;
pub mod journal;
pub mod maintenance;
pub mod messages;
pub mod models;
pub mod rate_limiter;
pub mod relay;
pub mod runs;
pub mod search;
mod storage;
mod world;
pub mod writing;

pub use storage::Storage;
pub use world::World;
