//! The use cases of Colloquy.
//!
//! A transport turns a request into a command or a query and hands it, with its [`Context`], to the [`Bus`]. A command's
//! handler loads what it needs, lets the domain decide, and gives back a [`Decision`]: what to commit and what to
//! answer. The bus commits it. Nothing here knows a transport or a database.

pub mod annotations;
pub mod audit;
pub mod bus;
pub mod conversations;
pub mod events;
pub mod identities;
pub mod jobs;
pub mod keyring;
pub mod messages;
pub mod models;
pub mod people;
pub mod projects;
pub mod providers;
pub mod runs;
pub mod search;
pub mod shares;
pub mod tags;
pub mod workspaces;

mod access;
mod cursor;
mod error;
mod input;
mod jitter;
mod lease_clock;
mod lookout;
mod network;
mod observer;
mod remembered;
mod services;
mod settings;
mod spending;

pub use bus::{Bus, Context, Counted, Decision, Query, Reply};
pub use cursor::{InvalidCursor, decode_cursor, encode_cursor};
pub use error::{Code, Error, FieldError, Problem};
pub use input::{PageInput, decode};
pub use lease_clock::LeaseClock;
pub use lookout::Lookout;
pub use network::network_of;
pub use services::{Ports, Services};
pub use settings::{IdentitySettings, Registration, Settings};
