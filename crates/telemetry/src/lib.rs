//! What an operator sees of the server: one structured line for each event, and the identifiers that tie lines,
//! requests and other systems together.
//!
//! [`init`] is called once, by the binary. Everybody else only uses the `tracing` macros. The subscriber is
//! process-wide, and so is the panic hook that turns a panic into an ordinary line; nothing else is.

mod capture;
mod init;
mod redact;
mod render;
mod request_id;
mod settings;
mod trace_context;

pub use init::{Guard, InitError, init};
pub use request_id::RequestId;
pub use settings::{Format, Settings};
pub use trace_context::{InvalidTraceparent, SpanId, TraceContext, TraceId};

/// `N` random bytes from the operating system.
fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .expect("the operating system gives random bytes: nothing can be served without them");
    bytes
}

/// Writes bytes in lower-case hexadecimal.
fn write_hex(formatter: &mut std::fmt::Formatter<'_>, bytes: &[u8]) -> std::fmt::Result {
    bytes.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
}
