//! What tests share: contract suites that every adapter of a port runs, fakes, and fixtures.

pub mod contracts;
pub mod fakes;
pub mod mail_sink;
pub mod servers;
pub mod upstream;
