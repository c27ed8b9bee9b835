//! The contract suites, and what happens while Redis is away, with real servers.

mod contract;
mod faults;
mod figures;
mod nodes;
mod refusals;
mod support;
