//! A small load balancer, as stands before several nodes: it looks at `/health/ready`, and gives each new connection to
//! the next node that is ready.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::aside::Aside;

/// How often the nodes are asked whether they are ready, and how long an answer may take.
const INTERVAL: Duration = Duration::from_millis(100);
const PATIENCE: Duration = Duration::from_secs(1);

/// A running load balancer. Dropping it closes every connection.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    _aside: Aside,
}

struct Shared {
    nodes: Mutex<Vec<Node>>,
    turn: AtomicUsize,
    pinned: Mutex<Option<usize>>,
    /// Changed to cut every connection.
    cut: watch::Sender<()>,
}

struct Node {
    /// `None` while it is not started.
    address: Option<SocketAddr>,
    is_ready: bool,
}

impl Proxy {
    /// A load balancer before so many nodes, none of which is there yet.
    pub fn start(nodes: usize) -> Self {
        let nodes = (0..nodes).map(|_| Node { address: None, is_ready: false }).collect();
        let shared = Arc::new(Shared {
            nodes: Mutex::new(nodes),
            turn: AtomicUsize::new(0),
            pinned: Mutex::new(None),
            cut: watch::Sender::new(()),
        });
        let (accepting, looking) = (Arc::clone(&shared), Arc::clone(&shared));
        let (aside, address) = Aside::listen(async move |listener| {
            tokio::join!(accept(listener, accepting), look(looking));
        });
        Self { address, shared, _aside: aside }
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Says where a node is from now on.
    pub fn set(&self, node: usize, address: Option<SocketAddr>) {
        self.shared.nodes.lock()[node] = Node { address, is_ready: address.is_some() };
    }

    /// Gives every new connection to one node, ready or not; `None` ends that.
    pub fn pin(&self, node: Option<usize>) {
        *self.shared.pinned.lock() = node;
    }

    /// Cuts every connection.
    pub fn cut(&self) {
        self.shared.cut.send_replace(());
    }
}

impl Shared {
    /// Nodes to try for a new connection, the first choice first.
    fn choice(&self) -> Vec<SocketAddr> {
        let nodes = self.nodes.lock();
        if let Some(pinned) = *self.pinned.lock() {
            return nodes[pinned].address.into_iter().collect();
        }
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let in_turn = (0..nodes.len()).map(|offset| &nodes[(turn + offset) % nodes.len()]);
        in_turn.filter(|node| node.is_ready).filter_map(|node| node.address).collect()
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        connections.spawn(forward(client, Arc::clone(&shared)));
    }
}

async fn forward(mut client: TcpStream, shared: Arc<Shared>) {
    let mut cut = shared.cut.subscribe();
    for address in shared.choice() {
        // A node that takes no connection is passed over, like one that is not ready.
        let Ok(mut node) = TcpStream::connect(address).await else { continue };
        let _ = (client.set_nodelay(true), node.set_nodelay(true));
        tokio::select! {
            _ = tokio::io::copy_bidirectional(&mut client, &mut node) => {}
            _ = cut.changed() => {}
        }
        return;
    }
}

/// Asks every node again and again whether it is ready.
async fn look(shared: Arc<Shared>) {
    loop {
        let addresses: Vec<_> = shared.nodes.lock().iter().map(|node| node.address).collect();
        for (index, address) in addresses.into_iter().enumerate() {
            let Some(address) = address else { continue };
            let is_ready = matches!(tokio::time::timeout(PATIENCE, is_ready(address)).await, Ok(Some(true)));
            let node = &mut shared.nodes.lock()[index];
            if node.address == Some(address) {
                node.is_ready = is_ready;
            }
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

async fn is_ready(address: SocketAddr) -> Option<bool> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    let request = format!("GET /health/ready HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.ok()?;
    Some(answer.starts_with(b"HTTP/1.1 200"))
}
