//! Figures of the server as it ships, each beside what it is compared with, taken in the same run on the same
//! machine. Nothing here passes or fails.
//!
//! The bare upstream and the bare pass-through are this same program, started again: what is measured is always a
//! process of its own.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a task speaks to the person at the terminal")]
#![expect(
    clippy::disallowed_methods,
    reason = "a load generator spawns, sends and measures without the server's ports"
)]

mod cases;
mod figures;
mod http;
mod load;
mod passthrough;
mod process;
mod server;
mod sockets;
mod stores;
mod upstream;

use std::error::Error;
use std::process::ExitCode;

/// What may go wrong, in words.
type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["serve-upstream"] => block_on(upstream::serve()),
        ["serve-passthrough", upstream] => passthrough::serve(upstream),
        names => block_on(cases::run(names)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn block_on(work: impl Future<Output = Outcome>) -> Outcome {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}
