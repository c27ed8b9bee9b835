//! What every request handler works with.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use application::{Bus, Code, Error, Services};
use bytes::Bytes;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::hosts::Hosts;
use crate::problem::Problem;
use crate::route::Route;
use crate::ws::Sockets;
use crate::{Settings, asyncapi, docs, openapi, routes};

/// How long clients are asked to wait for the next process.
const RESTART: Duration = Duration::from_secs(5);

/// What every request handler works with; one for all workers.
pub struct State {
    /// The door to the application.
    pub bus: Arc<Bus>,
    /// Limits and addresses.
    pub settings: Settings,
    /// Under which names the server may be called.
    pub hosts: Hosts,
    /// The sockets that are open.
    pub sockets: Sockets,
    /// Cancelled when open sockets and streams must end: the server goes away.
    pub stopping: CancellationToken,
    /// Sockets and streams that are open; the shutdown waits for them.
    pub tasks: TaskTracker,
    /// Every route that the OpenAPI document describes.
    pub table: Vec<Arc<Route>>,
    documents: OnceLock<Documents>,
    is_draining: AtomicBool,
}

/// What the interfaces say about themselves.
pub struct Documents {
    /// OpenAPI, in JSON.
    pub openapi: Bytes,
    /// AsyncAPI, in JSON.
    pub asyncapi: Bytes,
    /// OpenAPI, as a page.
    pub page: Bytes,
}

impl State {
    /// The state of a server that listens on `bound`.
    pub fn new(settings: Settings, bound: SocketAddr, bus: Arc<Bus>) -> Arc<Self> {
        Arc::new(Self {
            hosts: Hosts::new(&settings, bound),
            sockets: Sockets::new(settings.websocket.clone()),
            bus,
            settings,
            stopping: CancellationToken::new(),
            tasks: TaskTracker::new(),
            table: routes::table(),
            documents: OnceLock::new(),
            is_draining: AtomicBool::new(false),
        })
    }

    /// What handlers of the application work with.
    pub fn services(&self) -> &Arc<Services> {
        self.bus.services()
    }

    /// What the interfaces say about themselves, written when somebody first asks.
    pub fn documents(&self) -> &Documents {
        self.documents.get_or_init(|| {
            let document = openapi::document(&self.table);
            let sockets = asyncapi::document();
            Documents {
                page: docs::page(&document, &sockets).into(),
                openapi: openapi::text(&document).into(),
                asyncapi: openapi::text(&sockets).into(),
            }
        })
    }

    /// Whether the server is about to stop.
    pub fn is_draining(&self) -> bool {
        self.is_draining.load(Ordering::Relaxed)
    }

    /// Refuses what would go on for long once the server stops: it would hold the shutdown up.
    ///
    /// # Errors
    /// When the server stops.
    pub fn refuse_while_stopping(&self) -> Result<(), Problem> {
        if !self.stopping.is_cancelled() {
            return Ok(());
        }
        let detail = "The server restarts. Connect again after a random pause of a few seconds, and resume.";
        let error = Error::new(Code::Unavailable, "restarting", detail).retry_after(RESTART);
        Err(Problem::from(error).closing())
    }

    /// From now on the server says that it is not ready.
    pub fn drain(&self) {
        self.is_draining.store(true, Ordering::Relaxed);
    }
}
