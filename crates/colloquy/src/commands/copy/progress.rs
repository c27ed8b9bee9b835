//! How far it is, for a person at a terminal; nothing is shown elsewhere.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar that grows with the rows.
pub struct Bar(ProgressBar);

impl Bar {
    /// A bar of `total` rows, of which some are done.
    pub fn new(what: &'static str, total: u64, done: u64) -> Self {
        let bar = ProgressBar::new(total).with_position(done);
        bar.reset_eta();
        let template = "{prefix} {msg:20} {bar:30} {human_pos}/{human_len} {per_sec} {eta}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_prefix(what);
        Self(bar)
    }

    /// Names the table that is next.
    pub fn table(&self, name: &'static str) {
        self.0.set_message(name);
    }

    /// So many rows more are done.
    pub fn add(&self, rows: usize) {
        self.0.inc(rows as u64);
    }

    /// Takes the bar away, and gives how many rows are done.
    pub fn finish(self) -> u64 {
        let rows = self.0.position();
        self.0.finish_and_clear();
        rows
    }
}
