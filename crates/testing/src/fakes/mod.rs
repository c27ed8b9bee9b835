//! Fakes, for what tests must control: faults, time and identifiers.

mod faulty_journal;
mod manual_clock;
mod scripted_model;
mod sequential_ids;

pub use faulty_journal::{Fault, FaultyJournal};
pub use manual_clock::ManualClock;
pub use scripted_model::{Answer, ScriptedModel};
pub use sequential_ids::SequentialIds;
