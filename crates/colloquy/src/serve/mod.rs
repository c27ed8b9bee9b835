//! `colloquy serve`: from the settings to a server that listens, and back.
//!
//! Two kinds of threads do the work. The runtime that is made here has a thread for each core and carries out what must
//! outlive a request: answers, background work, this file. The server brings workers of its own, also one a core, each
//! a runtime on a single thread that serves connections. On a machine of two cores that makes four threads that wake
//! one another only where an answer's text meets its readers. An answer that ran on a worker would end with it, in the
//! middle of the shutdown that is meant to let it finish.

mod address_file;
mod limits;
mod owner;
mod signals;

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use application::identities::Setup;
use application::jobs::Background;
use application::providers::ConnectedProviders;
use application::runs::recover_abandoned_runs;
use application::{Bus, Services};
use server::{Handle, Server};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::cli::ServeArguments;
use crate::compose::{Composition, compose};
use crate::failure::Failure;
use crate::output;
use crate::settings::Loaded;
use signals::Signals;

/// Within this time after a signal the same one again is no second one.
const SAME_SIGNAL: Duration = Duration::from_secs(1);

/// What mails on their way have at least, when answers took all the time there was.
const LEAST_FOR_MAILS: Duration = Duration::from_secs(5);

/// Serves until a signal says to stop.
pub fn run(loaded: &Loaded, arguments: &ServeArguments) -> Result<(), Failure> {
    let _logging = telemetry::init(&loaded.settings.telemetry)
        .map_err(|error| Failure::settings(crate::failure::chain(&error)))?;
    limits::allow_many_sockets();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_name("colloquy").build();
    let runtime = runtime.map_err(|error| Failure::failed(format!("nothing can be started: {error}")))?;
    runtime.block_on(serve(loaded, arguments))
}

async fn serve(loaded: &Loaded, arguments: &ServeArguments) -> Result<(), Failure> {
    let address_file = arguments.address_file.as_deref();
    address_file.map_or(Ok(()), address_file::remove)?;
    // A first start that cannot listen leaves no database behind.
    TcpListener::bind(loaded.settings.server.listen).map_err(|error| cannot_listen(&error, loaded))?;
    let composition = compose(loaded).await?;
    let served = serve_over(&composition, loaded, address_file).await;
    // Writes what is queued and lets go of the database, whatever happened before.
    let closed = composition.database.shut_down().await;
    served.and(closed)
}

async fn serve_over(
    composition: &Composition,
    loaded: &Loaded,
    address_file: Option<&Path>,
) -> Result<(), Failure> {
    let services = &composition.services;
    // Only those whose lease is over: on a server, other processes may be at work on the others.
    match recover_abandoned_runs(services).await? {
        0 => {}
        runs => tracing::info!(runs, "ended the answers that an earlier process had left behind"),
    }
    owner::make_where_there_is_none(services, &loaded.settings.owner).await?;
    ConnectedProviders::connect(services).await?;
    let token = Setup::open(services).await?;
    let server = Server::bind(loaded.settings.server.clone(), Bus::new(Arc::clone(services)))
        .map_err(|error| cannot_listen(&error, loaded))?;
    let address = server.address();
    let signals = Signals::listen()?;
    address_file.map_or(Ok(()), |path| address_file::write(path, address))?;
    announce(loaded, address, token.as_deref());

    let background = Background::start(Arc::clone(services));
    let (stop, refreshing) = (CancellationToken::new(), TaskTracker::new());
    let (models, stopped) = (Arc::clone(&composition.models), stop.clone());
    refreshing.spawn(async move { stopped.run_until_cancelled(models.keep_fresh(Some(address))).await });
    refreshing.close();
    let is_alone = services.ports.journal.commits_alone();
    let unready = if is_alone { Duration::ZERO } else { loaded.settings.server.unready() };
    let outcome = until_stopped(server, signals, background, services, unready).await;
    stop.cancel();
    refreshing.wait().await;
    outcome
}

/// Serves until a signal comes, and through everything that is to be done then.
async fn until_stopped(
    server: Server,
    mut signals: Signals,
    background: Background,
    services: &Services,
    unready: Duration,
) -> Result<(), Failure> {
    let handle = server.handle();
    let mut running = std::pin::pin!(server.run());
    let signal = tokio::select! {
        ended = &mut running => return Err(ended_by_itself(ended)),
        signal = signals.next() => signal,
    };
    tracing::info!(signal, "stopping; another signal ends the process at once");
    let winding_down = async { tokio::join!(running, wind_down(&handle, background, services, unready)) };
    tokio::select! {
        (ended, ()) = winding_down => {
            ended.map_err(|error| ended_by_itself(Err(error)))?;
            tracing::info!("stopped");
            Ok(())
        }
        signal = another(&mut signals, signal) => {
            tracing::warn!(signal, "ended at once, as asked; the next start ends what was running as interrupted");
            std::process::exit(1);
        }
    }
}

/// Waits for a signal that is meant as another one: service managers and terminals send the same one twice at times.
async fn another(signals: &mut Signals, first: &str) -> &'static str {
    let started = tokio::time::Instant::now();
    loop {
        let signal = signals.next().await;
        if signal != first || started.elapsed() >= SAME_SIGNAL {
            return signal;
        }
    }
}

/// Says first that the server is going away, and waits until those who send people elsewhere have heard it; then lets
/// answers end while it still serves, then closes what is open.
async fn wind_down(handle: &Handle, background: Background, services: &Services, unready: Duration) {
    handle.drain();
    tokio::time::sleep(unready).await;
    let drained = tokio::time::Instant::now() + services.settings.drain();
    background.shut_down().await;
    handle.stop().await;
    // What the last requests sent goes out as well.
    let rest = drained.saturating_duration_since(tokio::time::Instant::now());
    services.post.shut_down(LEAST_FOR_MAILS.max(rest)).await;
    // What was consumed by the last requests, after the background had stopped.
    services.meter.store().await;
}

fn announce(loaded: &Loaded, address: SocketAddr, token: Option<&str>) {
    tracing::info!(%address, "listening");
    let server = &loaded.settings.server;
    if !address.ip().is_loopback() && server.public_url.is_none() && server.allowed_hosts.is_empty() {
        tracing::warn!(
            "other machines are refused unless they call this one by a name that the settings have: set \
             server.public_url (COLLOQUY_SERVER__PUBLIC_URL), such as https://chat.example.org, or \
             server.allowed_hosts (COLLOQUY_SERVER__ALLOWED_HOSTS)"
        );
    }
    let mut lines = vec![format!("Colloquy is listening on http://{address}")];
    if let Some(token) = token {
        let public = loaded.settings.server.public_url.as_ref();
        let base = public
            .map_or_else(|| local_address(address), |url| url.as_str().trim_end_matches('/').to_owned());
        lines.push(format!("Set up the first account: {base}/setup#token={token}"));
    }
    // A server without a standard output serves all the same.
    if let Err(error) = output::print(&lines.join("\n")) {
        tracing::warn!(%error, "the address could not be printed");
    }
}

/// An address that a browser on this machine can open.
fn local_address(address: SocketAddr) -> String {
    let is_unspecified = match address.ip() {
        IpAddr::V4(ip) => ip.is_unspecified(),
        IpAddr::V6(ip) => ip.is_unspecified(),
    };
    if is_unspecified { format!("http://localhost:{}", address.port()) } else { format!("http://{address}") }
}

fn cannot_listen(error: &io::Error, loaded: &Loaded) -> Failure {
    let (listen, origin) = (loaded.settings.server.listen, loaded.origin("server.listen"));
    let named = format!("server.listen ({origin})");
    match error.kind() {
        io::ErrorKind::AddrInUse => Failure::busy(format!("{listen} is in use by another program"))
            .advise(format!("Stop that program, or set {named} to another port; port 0 takes a free one.")),
        io::ErrorKind::AddrNotAvailable => {
            Failure::settings(format!("{listen} is not an address of this machine"))
                .advise(format!("Set {named} to 127.0.0.1, or to 0.0.0.0 for all addresses of this machine."))
        }
        io::ErrorKind::PermissionDenied => Failure::settings(format!("this user may not listen on {listen}"))
            .advise(format!("Set {named} to a port from 1024 up.")),
        _ => Failure::failed(format!("{listen} cannot be listened on: {error}"))
            .advise(format!("The address comes from {named}.")),
    }
}

fn ended_by_itself(ended: io::Result<()>) -> Failure {
    match ended {
        Ok(()) => Failure::failed("the server ended without being asked to"),
        Err(error) => Failure::failed(format!("the server ended: {error}")),
    }
}
