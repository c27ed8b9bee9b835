//! A bounded number of connections, shared.

use std::time::Duration;

use deadpool::Runtime;
use deadpool::managed::{self, Object, PoolConfig, PoolError, Timeouts};
use storage::Outage;

use crate::connection::Connector;
use crate::settings::Settings;

/// Connections of one kind.
#[derive(Clone)]
pub(crate) struct Pool {
    connections: managed::Pool<Connector>,
    waited: Duration,
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
        Ok(Self { connections, waited })
    }

    /// A connection, once one is free.
    pub(crate) async fn get(&self) -> Result<Object<Connector>, Outage> {
        self.connections.get().await.map_err(|error| match error {
            PoolError::Timeout(_) => Outage::new(format!(
                "all {} connections to the database were busy for {} ms",
                self.connections.status().max_size,
                self.waited.as_millis()
            )),
            PoolError::Closed => Outage::new("the database is shutting down"),
            other => Outage::new(other.to_string()),
        })
    }

    /// Gives no connection any more; those in use end when they come back.
    pub(crate) fn close(&self) {
        self.connections.close();
    }

    /// How many connections are in use.
    pub(crate) fn in_use(&self) -> usize {
        let status = self.connections.status();
        status.size.saturating_sub(status.available)
    }
}
