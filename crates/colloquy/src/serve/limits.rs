//! What the operating system allows this process.

/// Raises the number of open files to what the operating system allows: each socket is one, and the usual 1,024 are
/// few.
#[cfg(unix)]
pub fn allow_many_sockets() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current == maximum {
        return;
    }
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        tracing::warn!(%error, allowed = current, "the number of open files could not be raised");
    }
}

/// Elsewhere there is no such limit.
#[cfg(not(unix))]
pub fn allow_many_sockets() {}
