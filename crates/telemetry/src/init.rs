//! Starting to log.

use std::io::{self, IsTerminal as _};
use std::panic;

use thiserror::Error;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};

use crate::capture::Capture;
use crate::render::Render;
use crate::{Format, Settings};

/// Why nothing can be logged.
#[derive(Debug, Error)]
pub enum InitError {
    /// The filter is not a level and not a list of directives.
    #[error(
        "the log filter {filter:?} cannot be understood; use a level such as `info`, or `info,sqlite=debug`"
    )]
    Filter {
        /// What was given.
        filter: String,
        /// What is wrong with it.
        source: ParseError,
    },
    /// Something in this process logs already.
    #[error("logging was started twice")]
    AlreadyStarted(#[from] TryInitError),
}

/// Keeps panics going to the log. Hold it as long as the process serves.
#[derive(Debug)]
#[must_use = "panics are logged only as long as the guard lives"]
pub struct Guard(());

impl Drop for Guard {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            drop(panic::take_hook());
        }
    }
}

/// Begins to log to the standard error stream: what `tracing` and `log` record, and panics. Called once, by the
/// binary.
pub fn init(settings: &Settings) -> Result<Guard, InitError> {
    let filter = settings
        .parse_filter()
        .map_err(|source| InitError::Filter { filter: settings.filter.clone(), source })?;
    let capture = Capture::new(io::stderr, render(settings.format, io::stderr().is_terminal()));
    tracing_subscriber::registry().with(filter).with(capture).try_init()?;
    panic::set_hook(Box::new(|panic| {
        let location = panic.location().map(ToString::to_string);
        let thread = std::thread::current();
        tracing::error!(
            location,
            thread = thread.name(),
            "panicked: {}",
            panic.payload_as_str().unwrap_or("with a value that is not text")
        );
    }));
    Ok(Guard(()))
}

fn render(format: Format, is_terminal: bool) -> Render {
    match format {
        Format::Json => Render::Json,
        Format::Auto if !is_terminal => Render::Json,
        Format::Auto | Format::Pretty => Render::Pretty { colours: is_terminal },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_json_unless_a_person_looks() {
        assert_eq!(render(Format::Auto, false), Render::Json);
        assert_eq!(render(Format::Auto, true), Render::Pretty { colours: true });
        assert_eq!(render(Format::Json, true), Render::Json);
        assert_eq!(render(Format::Pretty, false), Render::Pretty { colours: false });
    }
}
