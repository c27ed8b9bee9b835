//! The application on two nodes that share a database whose news are unreliable. Time is the test's own.

mod accounts;
mod credentials;
mod events;
mod jobs;
mod leases;
mod links;
mod people;
mod programs;
mod providers;
mod sharing;
mod signing_in;
mod stopping;
mod streams;
mod world;
