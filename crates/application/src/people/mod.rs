//! People: their profile, registration, forgotten passwords, what administrators do with accounts.

mod mails;
mod names;
mod post;
mod tickets;

pub use post::Post;
