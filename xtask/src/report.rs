//! Steps, their times, and the last line.

use std::time::{Duration, Instant};

use crate::Outcome;

/// How many checks passed and failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// How many passed.
    pub passed: usize,
    /// How many failed.
    pub failed: usize,
}

/// What happened so far. A step that counts its own tests adds those; any other step counts as one.
#[derive(Default)]
pub struct Report {
    steps: Vec<(&'static str, Duration, bool)>,
    counts: Counts,
}

impl Report {
    /// Runs a step that either works or does not; gives whether it did.
    pub fn check(&mut self, name: &'static str, step: impl FnOnce() -> Outcome) -> bool {
        self.tests(name, || step().map(|()| Counts { passed: 1, failed: 0 }))
    }

    /// Runs a step that counts its tests; gives whether all passed.
    pub fn tests(&mut self, name: &'static str, step: impl FnOnce() -> Outcome<Counts>) -> bool {
        println!("\n── {name}");
        let start = Instant::now();
        let counts = step().unwrap_or_else(|error| {
            println!("{name}: {error}");
            Counts { passed: 0, failed: 1 }
        });
        let took = start.elapsed();
        println!(
            "── {name}: {} passed, {} failed in {:.1} s",
            counts.passed,
            counts.failed,
            took.as_secs_f64()
        );
        self.counts.passed += counts.passed;
        self.counts.failed += counts.failed;
        self.steps.push((name, took, counts.failed == 0));
        counts.failed == 0
    }

    /// Prints every step with its time and, as the last line, the totals.
    pub fn finish(self) -> Outcome {
        println!();
        for (name, took, passed) in &self.steps {
            println!("{:>8.1} s  {name:<24}{}", took.as_secs_f64(), if *passed { "" } else { "  FAILED" });
        }
        let Counts { passed, failed } = self.counts;
        println!("{passed} passed, {failed} failed");
        if failed == 0 { Ok(()) } else { Err("not everything passed".into()) }
    }
}
