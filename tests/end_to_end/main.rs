//! End-to-end tests: the real binary, a scripted model provider, and nothing in between that a user would not have.
//!
//! Each test starts its own server in its own folder. The binary is the one that `COLLOQUY_BIN` names, or else the one
//! beside the tests in the target folder.

mod harness;

mod access;
mod annotations;
mod bad_input;
mod batch;
mod conversations;
mod framing;
mod idempotency;
mod kill;
mod lists;
mod nodes;
mod openai;
mod operations;
mod provider_faults;
mod resume;
mod sameness;
mod security;
mod sockets;
mod subscriptions;
mod tags;
