//! A bounded number of connections, shared.

use std::time::Duration;

use deadpool::Runtime;
use deadpool::managed::{self, Object, PoolConfig, PoolError, Timeouts};
use storage::Outage;
use tokio::runtime::Handle;

use crate::connection::{ConnectError, Connector};
use crate::settings::Settings;

/// Connections of one kind.
#[derive(Clone)]
pub(crate) struct Pool {
    connections: managed::Pool<Connector>,
    waited: Duration,
    /// Where connections are made that nobody waits for any more.
    runtime: Handle,
}

impl Pool {
    pub(crate) fn new(connector: Connector, settings: &Settings) -> Result<Self, Outage> {
        let waited = Duration::from_millis(settings.wait_timeout_ms.into());
        let config = PoolConfig {
            max_size: settings.pool.into(),
            // Making one has a time limit of its own.
            timeouts: Timeouts { wait: Some(waited), create: None, recycle: None },
            ..PoolConfig::default()
        };
        let connections = managed::Pool::builder(connector)
            .config(config)
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| Outage::new(error.to_string()))?;
        Ok(Self { connections, waited, runtime: Handle::current() })
    }

    /// A connection, once one is free or made. Making one that takes longer than a request waits goes on without the
    /// request, and those that come later use it.
    pub(crate) async fn get(&self) -> Result<Object<Connector>, Outage> {
        let connections = self.connections.clone();
        let mut getting = Box::pin(async move { connections.get().await });
        let Ok(got) = tokio::time::timeout(self.waited, &mut getting).await else {
            self.runtime.spawn(getting);
            return Err(self.busy());
        };
        got.map_err(|error| self.outage(error))
    }

    /// The first connection, however long making it takes.
    pub(crate) async fn first(&self) -> Result<Object<Connector>, Outage> {
        self.connections.get().await.map_err(|error| self.outage(error))
    }

    fn outage(&self, error: PoolError<ConnectError>) -> Outage {
        match error {
            PoolError::Timeout(_) => self.busy(),
            PoolError::Closed => Outage::new("the database is shutting down"),
            other => Outage::new(other.to_string()),
        }
    }

    fn busy(&self) -> Outage {
        Outage::new(format!(
            "none of {} connections to the database was free within {} ms",
            self.connections.status().max_size,
            self.waited.as_millis()
        ))
    }

    /// Gives no connection any more; those in use end when they come back.
    pub(crate) fn close(&self) {
        self.connections.close();
    }
}
