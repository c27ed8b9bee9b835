//! The binary.
mod adapters;
mod settings;
fn main() {}
