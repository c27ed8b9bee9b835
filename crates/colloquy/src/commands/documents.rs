//! `colloquy openapi` and `colloquy asyncapi`: the documents that a running server shows.

use crate::failure::Failure;
use crate::output;

/// Prints the OpenAPI document.
pub fn openapi() -> Result<(), Failure> {
    output::print(&server::openapi())
}

/// Prints the AsyncAPI document.
pub fn asyncapi() -> Result<(), Failure> {
    output::print(&server::asyncapi())
}
