//! Contract suites: what every implementation of a port must do.
//!
//! A suite is a set of plain functions, each one promise, and a macro that makes a test of each for one
//! implementation.

use std::sync::Arc;

use domain::ports::{
    Conversations, IdempotencyRecords, Identities, Jobs, Journal, Maintenance, Messages, Runs, Search,
};

pub mod chat_model;
pub mod conversations;
pub mod idempotency;
pub mod identities;
pub mod jobs;
pub mod journal;
pub mod maintenance;
pub mod messages;
pub mod runs;
pub mod search;
mod storage;
mod world;

pub use storage::Storage;
pub use world::World;
pub mod world;

/// All ports of one database.
#[derive(Clone)]
pub struct Storage {
    /// The one way to change data.
    pub journal: Arc<dyn Journal>,
    /// Reading conversations.
    pub conversations: Arc<dyn Conversations>,
    /// Reading messages.
    pub messages: Arc<dyn Messages>,
    /// Reading runs.
    pub runs: Arc<dyn Runs>,
    /// Reading accounts, sessions and keys.
    pub identities: Arc<dyn Identities>,
    /// Reading idempotency records.
    pub idempotency: Arc<dyn IdempotencyRecords>,
    /// Claiming background work.
    pub jobs: Arc<dyn Jobs>,
    /// Full-text search.
    pub search: Arc<dyn Search>,
    /// Keeping the database in order.
    pub maintenance: Arc<dyn Maintenance>,
}
