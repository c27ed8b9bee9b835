//! Listening, serving, stopping.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, web};
use application::Bus;

use crate::edge::{self, Edge};
use crate::state::State;
use crate::{Settings, routes, ws};

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 8_192;

/// A server that listens. It serves while [`Server::run`] is awaited.
pub struct Server {
    serving: actix_web::dev::Server,
    address: SocketAddr,
    state: Arc<State>,
}

/// Stops a server from elsewhere.
#[derive(Clone)]
pub struct Handle {
    server: ServerHandle,
    state: Arc<State>,
}

impl Server {
    /// Listens. From now on connections wait; they are served once [`Server::run`] is awaited.
    ///
    /// # Errors
    /// When the address is taken or not ours.
    pub fn bind(settings: Settings, bus: Arc<Bus>) -> io::Result<Self> {
        let shared: Arc<OnceLock<(Arc<State>, web::Data<Edge>)>> = Arc::default();
        let for_workers = Arc::clone(&shared);
        let websocket = settings.websocket.clone();
        let mut server = HttpServer::new(move || {
            let (state, edge) = for_workers.get().expect("workers start only after the address is known");
            App::new()
                .app_data(edge.clone())
                .configure(|config| routes::configure(config, state))
                .default_service(web::route().to(edge::unknown_route))
                .wrap(from_fn(edge::edge))
        })
        .on_connect(move |connection, _| ws::tune(connection, &websocket))
        .tcp_nodelay(true)
        // A client that has gone away is noticed at once, and what was done for it alone ends.
        .h1_allow_half_closed(false)
        .backlog(BACKLOG)
        .max_connections(settings.max_connections)
        .client_request_timeout(settings.header_timeout())
        .client_disconnect_timeout(Duration::from_secs(2))
        .keep_alive(settings.keep_alive())
        .shutdown_timeout(settings.shutdown_seconds)
        .disable_signals();
        if settings.workers > 0 {
            server = server.workers(settings.workers);
        }
        let server = server.bind(settings.listen)?;
        let address = *server.addrs().first().ok_or_else(|| io::Error::other("nothing is listening"))?;
        let limiter = Arc::clone(&bus.services().ports.rate_limiter);
        let state = State::new(settings, address, bus);
        let edge = web::Data::new(Edge::new(&state.settings, state.hosts.clone(), limiter));
        shared.get_or_init(|| (Arc::clone(&state), edge));
        Ok(Self { serving: server.run(), address, state })
    }

    /// Where the server listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What stops the server.
    pub fn handle(&self) -> Handle {
        Handle { server: self.serving.handle(), state: Arc::clone(&self.state) }
    }

    /// Serves until the server is stopped.
    pub async fn run(self) -> io::Result<()> {
        self.serving.await
    }
}

impl Handle {
    /// The first step of stopping: `/health/ready` says no, everything else goes on.
    pub fn drain(&self) {
        self.state.drain();
    }

    /// Ends open sockets and streams, lets requests finish within the configured time, and stops.
    pub async fn stop(&self) {
        self.state.drain();
        self.state.stopping.cancel();
        self.state.tasks.close();
        let patience = Duration::from_secs(self.state.settings.shutdown_seconds);
        if tokio::time::timeout(patience, self.state.tasks.wait()).await.is_err() {
            tracing::warn!("some connections did not end in time");
        }
        self.server.stop(true).await;
    }
}
