//! What every request handler works with.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use application::{Bus, Services};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::Settings;
use crate::hosts::Hosts;

/// What every request handler works with; one for all workers.
pub struct State {
    /// The door to the application.
    pub bus: Arc<Bus>,
    /// Limits and addresses.
    pub settings: Settings,
    /// Under which names the server may be called.
    pub hosts: Hosts,
    /// Cancelled when open sockets and streams must end: the server goes away.
    pub stopping: CancellationToken,
    /// Sockets and streams that are open; the shutdown waits for them.
    pub tasks: TaskTracker,
    is_draining: AtomicBool,
}

impl State {
    /// The state of a server that listens on `bound`.
    pub fn new(settings: Settings, bound: SocketAddr, bus: Arc<Bus>) -> Arc<Self> {
        Arc::new(Self {
            hosts: Hosts::new(&settings, bound),
            bus,
            settings,
            stopping: CancellationToken::new(),
            tasks: TaskTracker::new(),
            is_draining: AtomicBool::new(false),
        })
    }

    /// What handlers of the application work with.
    pub fn services(&self) -> &Arc<Services> {
        self.bus.services()
    }

    /// Whether the server is about to stop.
    pub fn is_draining(&self) -> bool {
        self.is_draining.load(Ordering::Relaxed)
    }

    /// From now on the server says that it is not ready.
    pub fn drain(&self) {
        self.is_draining.store(true, Ordering::Relaxed);
    }
}
