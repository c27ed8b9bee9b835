//! What a command prints for whoever called it. Logs go elsewhere.

use std::io::{self, Write as _};

use crate::failure::Failure;

/// Prints a text, with a line end behind it, to the standard output.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut output = io::stdout().lock();
    match writeln!(output, "{}", text.trim_end_matches('\n')).and_then(|()| output.flush()) {
        // Whoever read along has seen enough, such as `head`.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(Failure::failed(format!("nothing can be printed: {error}"))),
        Ok(()) => Ok(()),
    }
}

/// Tells of something to think of, on the standard error stream.
pub fn warn(text: &str) {
    // Where this cannot be written nobody reads along.
    let _ = writeln!(io::stderr().lock(), "colloquy: {text}");
}

/// Tells why a command failed, on the standard error stream.
pub fn complain(failure: &Failure) {
    // Where even this cannot be written there is nobody to tell.
    let _ = writeln!(io::stderr().lock(), "colloquy: {failure}");
}
