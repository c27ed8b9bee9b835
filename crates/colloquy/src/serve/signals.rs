//! The signals that tell the server to stop.

use std::io;

use crate::failure::Failure;

/// The signals that tell the server to stop. From the moment on that this exists they no longer end the process.
#[cfg(unix)]
pub struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// Begins to listen.
    pub fn listen() -> Result<Self, Failure> {
        use tokio::signal::unix::{SignalKind, signal};

        Ok(Self {
            terminate: signal(SignalKind::terminate()).map_err(|error| failed(&error))?,
            interrupt: signal(SignalKind::interrupt()).map_err(|error| failed(&error))?,
        })
    }

    /// Waits for the next one and gives its name.
    pub async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

/// The signals that tell the server to stop.
#[cfg(not(unix))]
pub struct Signals;

#[cfg(not(unix))]
impl Signals {
    /// Begins to listen.
    pub fn listen() -> Result<Self, Failure> {
        Ok(Self)
    }

    /// Waits for the next one and gives its name.
    pub async fn next(&mut self) -> &'static str {
        match tokio::signal::ctrl_c().await {
            Ok(()) => "Ctrl-C",
            Err(error) => {
                tracing::error!(%error, "signals cannot be listened to");
                std::future::pending().await
            }
        }
    }
}

fn failed(error: &io::Error) -> Failure {
    Failure::failed(format!("signals cannot be listened to: {error}"))
}
