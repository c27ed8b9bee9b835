//! The models against a real HTTP upstream, and against the contract of their port.

mod contract;
mod faults;
mod openai_compatible;
mod recall;
mod support;
