//! Builds anew when a migration is added; without this, only changed ones would be noticed.

fn main() {
    println!("cargo::rerun-if-changed=../../migrations/postgres");
}
