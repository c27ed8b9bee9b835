//! The guard for every address that somebody else than the operator chose: providers that administrators connect, and
//! whatever the documents of a sign-in provider point to.
//!
//! Only public addresses are connected to, and those that the operator allows by name. What is judged is the address
//! that is really connected to: a name is looked up once, what it may not lead to is left out, and the connection is
//! made to what is left. No redirect is followed, and no proxy of the environment is used, which would look the name up
//! again.

mod addresses;
mod client;
mod guard;
mod lookup;
mod settings;
mod tls;

pub use client::{Client, Failure};
pub use guard::{Guard, Refusal};
pub use lookup::{Looked, Lookup, SystemLookup};
pub use settings::{Settings, SettingsProblem};
pub use tls::tls;
