//! Making connections, and knowing when one is gone.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use deadpool::managed::{Manager, Metrics, RecycleError, RecycleResult};
use diesel_async::AsyncPgConnection;
use futures_util::future::poll_fn;
use parking_lot::Mutex;
use thiserror::Error;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio_postgres::error::SqlState;
use tokio_postgres::{AsyncMessage, Notification};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::address::Address;
use crate::pulse::Pulse;

/// A connection to a server, set up and ready.
pub(crate) struct Connection {
    pub(crate) diesel: AsyncPgConnection,
    /// The texts of statements of units of work that are prepared on this connection.
    pub(crate) prepared: Mutex<HashSet<&'static str>>,
    /// Whether its server answers at all.
    pub(crate) pulse: Arc<Pulse>,
    driver: Driver,
}

/// The task that speaks with the server.
struct Driver {
    is_gone: Arc<AtomicBool>,
    task: AbortHandle,
}

impl Connection {
    /// Whether nothing can be asked on it any more.
    pub(crate) fn is_gone(&self) -> bool {
        self.driver.is_gone.load(Ordering::Acquire)
    }

    /// Closes it at once, whatever is under way; the server rolls back what was not committed.
    pub(crate) fn cut(&self) {
        self.driver.is_gone.store(true, Ordering::Release);
        self.driver.task.abort();
    }
}

/// Makes connections of one kind.
pub(crate) struct Connector {
    address: Address,
    pulse: Arc<Pulse>,
    tls: MakeRustlsConnect,
    /// What is said to the server first.
    setup: String,
    timeout: Duration,
    /// Where connections live: they outlive whoever happened to need the first one.
    runtime: Handle,
}

impl Connector {
    pub(crate) fn new(
        address: Address,
        tls: MakeRustlsConnect,
        setup: String,
        timeout: Duration,
        runtime: Handle,
    ) -> Self {
        let pulse = Arc::new(Pulse::of(address.clone()));
        Self { address, pulse, tls, setup, timeout, runtime }
    }

    /// A connection; notifications go to `notifications` where somebody wants them.
    pub(crate) async fn connect(
        &self,
        notifications: Option<mpsc::UnboundedSender<Notification>>,
    ) -> Result<Connection, ConnectError> {
        let (address, tls, setup, timeout) =
            (self.address.clone(), self.tls.clone(), self.setup.clone(), self.timeout);
        let (runtime, pulse) = (self.runtime.clone(), Arc::clone(&self.pulse));
        let making = self.runtime.spawn(async move {
            let connecting = connect(&address, pulse, tls, &setup, notifications, &runtime);
            tokio::time::timeout(timeout, connecting).await
        });
        match making.await {
            Ok(Ok(made)) => made,
            Ok(Err(_)) => Err(ConnectError::Silent(self.timeout)),
            Err(_) => Err(ConnectError::Stopped),
        }
    }
}

/// Why there is no connection.
#[derive(Debug, Error)]
pub(crate) enum ConnectError {
    /// The server refused, or nobody is there.
    #[error("{0}")]
    Refused(#[source] tokio_postgres::Error),
    /// Nobody answered in time.
    #[error("the server did not answer within {} ms", .0.as_millis())]
    Silent(Duration),
    /// The connection could not be set up.
    #[error("the connection cannot be set up: {0}")]
    Setup(String),
    /// The process is stopping.
    #[error("the process is stopping")]
    Stopped,
}

impl ConnectError {
    /// The code that the server gave.
    pub(crate) fn code(&self) -> Option<&SqlState> {
        match self {
            Self::Refused(error) => error.code(),
            _ => None,
        }
    }
}

async fn connect(
    address: &Address,
    pulse: Arc<Pulse>,
    tls: MakeRustlsConnect,
    setup: &str,
    notifications: Option<mpsc::UnboundedSender<Notification>>,
    runtime: &Handle,
) -> Result<Connection, ConnectError> {
    let (client, mut wire) = address.config().connect(tls).await.map_err(ConnectError::Refused)?;
    let is_gone = Arc::new(AtomicBool::new(false));
    let gone = Arc::clone(&is_gone);
    let task = runtime.spawn(async move {
        loop {
            match poll_fn(|context| wire.poll_message(context)).await {
                Some(Ok(AsyncMessage::Notification(notification))) => {
                    if let Some(notifications) = &notifications {
                        // Whoever wanted them may have gone; then the connection follows.
                        let _ = notifications.send(notification);
                    }
                }
                Some(Ok(AsyncMessage::Notice(notice))) => {
                    tracing::debug!(notice = notice.message(), "the database has something to say");
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => {
                    tracing::debug!(%error, "a connection to the database broke");
                    break;
                }
                None => break,
            }
        }
        gone.store(true, Ordering::Release);
    });
    let driver = Driver { is_gone, task: task.abort_handle() };
    client.batch_execute(setup).await.map_err(|error| ConnectError::Setup(error.to_string()))?;
    let diesel =
        AsyncPgConnection::try_from(client).await.map_err(|error| ConnectError::Setup(error.to_string()))?;
    Ok(Connection { diesel, prepared: Mutex::default(), pulse, driver })
}

impl Manager for Connector {
    type Type = Connection;
    type Error = ConnectError;

    async fn create(&self) -> Result<Connection, ConnectError> {
        self.connect(None).await
    }

    async fn recycle(&self, connection: &mut Connection, _: &Metrics) -> RecycleResult<ConnectError> {
        if connection.is_gone() { Err(RecycleError::message("the connection is gone")) } else { Ok(()) }
    }
}
