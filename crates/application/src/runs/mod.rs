//! Runs: beginning an answer, streaming it, stopping it, and ending what a crash left behind.

mod begin;
mod cancel;
mod coalesce;
mod engine;
mod events;
mod generate;
mod leases;
mod log;
#[cfg(test)]
mod log_tests;
mod mirror;
#[cfg(test)]
mod mirror_tests;
mod prompt;
mod publish;
#[cfg(test)]
mod publish_tests;
mod read;
mod recovery;
mod view;
mod wire;

pub use begin::RunPlan;
pub(crate) use begin::{AnswerRequest, begin_answer};
pub use cancel::CancelRun;
pub use engine::{ReservedRun, RunEngine};
pub use events::RunEvent;
pub use log::{Attached, LogEntry, ReadResult, Resume, RunLog, RunReader, Snapshot};
pub use read::{FollowRun, Followed, Following, GetRun, RunsElsewhere};
pub use recovery::{Recovery, recover_abandoned_runs};
pub use view::RunView;
