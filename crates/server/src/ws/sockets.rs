//! The open sockets of this process.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use application::network_of;
use parking_lot::Mutex;

use super::Settings;

/// The open sockets of this process, as numbers.
#[derive(Debug)]
pub struct Sockets {
    settings: Settings,
    open: Arc<AtomicUsize>,
    opened: AtomicU64,
    strangers: Arc<Mutex<HashMap<String, usize>>>,
}

/// One open socket; dropping it makes room for another.
#[derive(Debug)]
pub struct OpenSocket {
    open: Arc<AtomicUsize>,
    /// How logs name the connection.
    pub name: String,
}

/// A socket on which nobody has said yet who they are; dropping it makes room for another of its network.
#[derive(Debug)]
pub struct Stranger {
    strangers: Arc<Mutex<HashMap<String, usize>>>,
    network: String,
}

impl Sockets {
    /// No socket yet.
    pub fn new(settings: Settings) -> Self {
        Self { settings, open: Arc::default(), opened: AtomicU64::new(0), strangers: Arc::default() }
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

    /// Makes room for somebody who still has to say who they are; `None` where their network has too many of them.
    pub fn admit_stranger(&self, address: Option<IpAddr>) -> Option<Stranger> {
        let network = network_of(address);
        let mut strangers = self.strangers.lock();
        let count = strangers.entry(network.clone()).or_default();
        if *count >= self.settings.max_strangers {
            return None;
        }
        *count += 1;
        Some(Stranger { strangers: Arc::clone(&self.strangers), network })
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        let mut strangers = self.strangers.lock();
        let Some(count) = strangers.get_mut(&self.network) else { return };
        *count -= 1;
        if *count == 0 {
            strangers.remove(&self.network);
        }
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

    #[test]
    fn strangers_of_one_network_leave_room_for_those_of_others() {
        let sockets = Sockets::new(Settings { max_strangers: 2, ..Settings::default() });
        let from = |address: &str| sockets.admit_stranger(address.parse().ok());
        let first = from("2001:db8::1").expect("there are two places");
        let second = from("2001:db8::2").expect("there are two places");
        assert!(from("2001:db8::3").is_none());
        assert!(from("2001:db8:0:1::3").is_some() && from("192.0.2.1").is_some());
        drop(first);
        let again = from("2001:db8::3");
        assert!(again.is_some() && from("2001:db8::4").is_none());
        drop((again, second));
        assert!(sockets.strangers.lock().is_empty());
    }
}
