//! `colloquy reindex`: the index of words, built anew.

use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::ReindexArguments;
use crate::database;
use crate::failure::Failure;
use crate::output;
use crate::settings::Loaded;
use crate::short_runtime;

/// Builds the search index anew, for another language where one is given.
pub fn run(loaded: &Loaded, arguments: &ReindexArguments) -> Result<(), Failure> {
    let bar = ProgressBar::no_length();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {human_pos} messages {per_sec}") {
        bar.set_style(style);
    }
    let language = arguments.language.as_deref();
    let indexed =
        short_runtime()?.block_on(database::reindex(loaded, language, |done| bar.set_position(done)));
    bar.finish_and_clear();
    match indexed? {
        Some(messages) => output::print(&format!("Indexed {messages} messages anew.")),
        None => output::print(
            "There is nothing to do: SQLite has one index for all languages, which changes with the messages.",
        ),
    }
}
