//! Fakes, for what tests must control: faults, time and identifiers.

mod counting_rate_limiter;
mod faulty_journal;
mod faulty_relay;
mod manual_clock;
mod provider_connections;
mod scripted_model;
mod sequential_ids;
mod shared;

pub use counting_rate_limiter::CountingRateLimiter;
pub use faulty_journal::{Fault, FaultyJournal};
pub use faulty_relay::{FaultyRelay, RelayFault};
pub use manual_clock::ManualClock;
pub use provider_connections::RememberedConnections;
pub use scripted_model::{Answer, ScriptedModel};
pub use sequential_ids::SequentialIds;
pub use shared::{Noise, SharedDatabase, SharedNode};
