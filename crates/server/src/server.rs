//! Listening, serving, stopping.

use std::future::ready;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use actix_http::error::DispatchError;
use actix_http::{HttpService, Protocol};
use actix_server::{GracefulShutdownSignal, ServerHandle};
use actix_service::{ServiceFactory, ServiceFactoryExt as _, fn_service, map_config};
use actix_web::dev::AppConfig;
use actix_web::middleware::from_fn;
use actix_web::rt::net::TcpStream;
use actix_web::{App, web};
use application::Bus;
use socket2::{Domain, Socket, Type};

use crate::edge::{self, Edge};
use crate::patience::{Connection, Patience};
use crate::state::State;
use crate::{Settings, routes, ws};

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 8_192;

/// A server that listens. It serves while [`Server::run`] is awaited.
pub struct Server {
    serving: actix_server::Server,
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
        let (listener, address) = listen(settings.listen)?;
        let mut server = actix_server::Server::build()
            .max_concurrent_connections(settings.max_connections)
            .shutdown_timeout(settings.shutdown_seconds)
            .disable_signals();
        if settings.workers > 0 {
            server = server.workers(settings.workers);
        }
        let closing = server.graceful_shutdown_signal();
        let server = server.listen("colloquy", listener, move || {
            let (state, edge) = for_workers.get().expect("workers start only after the address is known");
            worker(state, edge, closing.clone())
        })?;
        let limiter = Arc::clone(&bus.services().ports.rate_limiter);
        let state = State::new(settings, address, bus);
        let edge =
            web::Data::new(Edge::new(&state.settings, state.hosts.clone(), limiter, state.stopping.clone()));
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

/// Takes the address. Not left to actix, which would not say which port it took.
fn listen(on: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let socket = Socket::new(Domain::for_address(on), Type::STREAM, Some(socket2::Protocol::TCP))?;
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.bind(&on.into())?;
    socket.listen(BACKLOG)?;
    let listener = TcpListener::from(socket);
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// What one worker does with its connections. What actix-web's own server would do, but with connections that know
/// whether anything is asked on them.
fn worker(
    state: &Arc<State>,
    edge: &web::Data<Edge>,
    closing: GracefulShutdownSignal,
) -> impl ServiceFactory<TcpStream, Config = (), Response = (), Error = DispatchError, InitError = ()> + use<>
{
    let settings = &state.settings;
    let patience = Patience::new(settings);
    let application = App::new()
        .app_data(edge.clone())
        .configure(|config| routes::configure(config, state))
        .default_service(web::route().to(edge::unknown_route))
        .wrap(from_fn(edge::edge));
    let application = map_config(application, |()| AppConfig::default())
        .map_err(|error: actix_web::Error| error.error_response());
    let http = HttpService::<Connection, _, _>::build()
        .graceful_shutdown_signal(move || {
            let closing = closing.clone();
            async move { closing.notified().await }
        })
        .keep_alive(settings.keep_alive())
        .client_request_timeout(settings.header_timeout())
        .client_disconnect_timeout(Duration::from_secs(2))
        // A client that has gone away is noticed at once, and what was done for it alone ends.
        .h1_allow_half_closed(false)
        .on_connect_ext(|connection: &Connection, extensions| connection.introduce(extensions))
        .finish(application);
    let state = Arc::clone(state);
    fn_service(move |stream: TcpStream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection sends with delay");
        }
        ws::tune(&stream, state.sockets.settings());
        let peer = stream.peer_addr().ok();
        ready(Ok((Connection::new(stream, patience), Protocol::Http1, peer)))
    })
    .and_then(http)
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
