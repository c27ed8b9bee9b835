//! The application on two nodes that share a database whose news are unreliable. Time is the test's own.

mod accounts;
mod credentials;
mod events;
mod jobs;
mod leases;
mod providers;
mod stopping;
mod streams;
mod world;
