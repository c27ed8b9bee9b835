//! What the binary does besides serving.

pub mod config;
pub mod copy;
pub mod doctor;
pub mod documents;
pub mod migrate;
pub mod reindex;
pub mod secrets;
pub mod user;
