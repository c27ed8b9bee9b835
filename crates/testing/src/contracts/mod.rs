//! Contract suites: what every implementation of a port must do.
//!
//! A suite is a set of plain functions, each one promise, and a macro that makes a test of each for one
//! implementation.

pub mod annotations;
pub mod api_keys;
pub mod audit;
pub mod cache;
pub mod chat_model;
pub mod clock;
pub mod conversations;
pub mod factors;
pub mod idempotency;
pub mod ids;
pub mod jobs;
pub mod journal;
pub mod maintenance;
pub mod messages;
pub mod models;
pub mod people;
pub mod projects;
pub mod providers;
pub mod rate_limiter;
pub mod relay;
pub mod runs;
pub mod search;
pub mod secret_keys;
pub mod sessions;
pub mod shares;
mod storage;
pub mod tags;
pub mod tickets;
pub mod workspaces;
mod world;
pub mod writing;

pub use storage::Storage;
pub use world::World;
