//! The open sockets of this process.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::Settings;

/// The open sockets of this process, as numbers.
#[derive(Debug)]
pub struct Sockets {
    settings: Settings,
    open: Arc<AtomicUsize>,
    opened: AtomicU64,
}

/// One open socket; dropping it makes room for another.
#[derive(Debug)]
pub struct OpenSocket {
    open: Arc<AtomicUsize>,
    /// How logs name the connection.
    pub name: String,
}

impl Sockets {
    /// No socket yet.
    pub fn new(settings: Settings) -> Self {
        Self { settings, open: Arc::default(), opened: AtomicU64::new(0) }
    }

    /// Limits and times.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// How many are open.
    #[cfg(test)]
    pub fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Makes room for one more; `None` where there are too many.
    pub fn admit(&self) -> Option<OpenSocket> {
        let admitted = OpenSocket {
            open: Arc::clone(&self.open),
            name: format!("c{}", self.opened.fetch_add(1, Ordering::Relaxed) + 1),
        };
        let before = self.open.fetch_add(1, Ordering::Relaxed);
        (before < self.settings.max_connections).then_some(admitted)
    }
}

impl Drop for OpenSocket {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_free_again_once_its_socket_is_gone() {
        let sockets = Sockets::new(Settings { max_connections: 2, ..Settings::default() });
        let first = sockets.admit().expect("there are two places");
        let _second = sockets.admit().expect("there are two places");
        assert!(sockets.admit().is_none());
        assert_eq!(sockets.open(), 2);
        drop(first);
        assert!(sockets.admit().is_some());
    }
}
