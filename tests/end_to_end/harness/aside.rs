//! What runs beside a test on a thread of its own: it goes on while the test waits for another program, and has ended when
//! it is dropped.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::thread::JoinHandle;

use tokio::sync::oneshot;

/// A running thread.
pub struct Aside {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Aside {
    /// Takes connections at a free port of the loopback interface and deals with them until it is dropped; where that is.
    pub fn listen<F: Future<Output = ()>>(
        deal: impl FnOnce(tokio::net::TcpListener) -> F + Send + 'static,
    ) -> (Self, SocketAddr) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                listener.set_nonblocking(true).expect("a socket that does not block");
                let listener = tokio::net::TcpListener::from_std(listener).expect("a socket");
                tokio::select! {
                    () = deal(listener) => {}
                    _ = stopped => {}
                }
            });
        });
        (Self { stop: Some(stop), thread: Some(thread) }, address)
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
