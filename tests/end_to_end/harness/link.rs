//! The line between a node and Postgres, which can be cut, also at the worst moment.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;

use super::aside::Aside;

/// Requests for encryption, which a client sends before anything else.
const ENCRYPTION: [u32; 2] = [80_877_103, 80_877_104];

/// How the line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// As it should be.
    Open,
    /// Nothing passes, and connections stay open.
    Silent,
    /// Every connection ends, and none is taken.
    Cut,
    /// A connection ends when Postgres says that it has committed, before the node hears of it.
    CutAfterCommit,
    /// After so many statements nothing passes any more, and connections stay open.
    SilentAfter(usize),
}

/// A running line. Dropping it closes every connection.
pub struct Link {
    address: SocketAddr,
    shared: Arc<Shared>,
    _aside: Aside,
}

struct Shared {
    postgres: u16,
    line: watch::Sender<Line>,
    cuts: AtomicUsize,
    statements: AtomicUsize,
}

impl Link {
    /// A line to the Postgres at a port of the loopback interface.
    pub fn start(postgres: u16) -> Self {
        let shared = Arc::new(Shared {
            postgres,
            line: watch::Sender::new(Line::Open),
            cuts: AtomicUsize::new(0),
            statements: AtomicUsize::new(0),
        });
        let accepting = Arc::clone(&shared);
        let (aside, address) = Aside::listen(|listener| accept(listener, accepting));
        Self { address, shared, _aside: aside }
    }

    /// Where the node finds it.
    pub const fn port(&self) -> u16 {
        self.address.port()
    }

    /// Says how the line is from now on.
    pub fn set(&self, line: Line) {
        self.shared.line.send_replace(line);
    }

    /// Whether the line is like this.
    pub fn is(&self, line: Line) -> bool {
        *self.shared.line.borrow() == line
    }

    /// How many statements Postgres has carried out.
    pub fn statements(&self) -> usize {
        self.shared.statements.load(Ordering::Relaxed)
    }

    /// How many commits the node has not heard of.
    pub fn cuts(&self) -> usize {
        self.shared.cuts.load(Ordering::Relaxed)
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        connections.spawn(forward(client, Arc::clone(&shared)));
    }
}

async fn forward(client: TcpStream, shared: Arc<Shared>) {
    let mut line = shared.line.subscribe();
    if *line.borrow() == Line::Cut {
        return;
    }
    let Ok(postgres) = TcpStream::connect((Ipv4Addr::LOCALHOST, shared.postgres)).await else { return };
    let _ = (client.set_nodelay(true), postgres.set_nodelay(true));
    let (from_client, to_client) = client.into_split();
    let (from_postgres, to_postgres) = postgres.into_split();
    // The answer to a request for encryption comes from here, so that what passes can be read.
    let to_client = Arc::new(Mutex::new(to_client));
    tokio::select! {
        _ = asked(from_client, to_postgres, Arc::clone(&to_client), shared.line.subscribe()) => {}
        _ = answered(from_postgres, to_client, &shared) => {}
        _ = line.wait_for(|line| *line == Line::Cut) => {}
    }
}

/// Passes on what the node says.
async fn asked(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    back: Arc<Mutex<OwnedWriteHalf>>,
    mut line: watch::Receiver<Line>,
) -> std::io::Result<()> {
    let mut head = [0; 8];
    loop {
        from.read_exact(&mut head).await?;
        let code = u32::from_be_bytes([head[4], head[5], head[6], head[7]]);
        if !ENCRYPTION.contains(&code) {
            break;
        }
        back.lock().await.write_all(b"N").await?;
    }
    passable(&mut line).await;
    to.write_all(&head).await?;
    let mut bytes = vec![0; 65_536];
    loop {
        let length = from.read(&mut bytes).await?;
        passable(&mut line).await;
        if length == 0 {
            return to.shutdown().await;
        }
        to.write_all(&bytes[..length]).await?;
    }
}

/// Passes on what Postgres says, message by message.
async fn answered(
    mut from: OwnedReadHalf,
    to: Arc<Mutex<OwnedWriteHalf>>,
    shared: &Shared,
) -> std::io::Result<()> {
    let (mut line, mut buffer) = (shared.line.subscribe(), Vec::new());
    while from.read_buf(&mut buffer).await? > 0 {
        passable(&mut line).await;
        let mut at = 0;
        while let Some(message) = message(&buffer[at..]) {
            let has_committed = message.starts_with(b"C") && message[5..].starts_with(b"COMMIT");
            if has_committed && *line.borrow() == Line::CutAfterCommit {
                shared.cuts.fetch_add(1, Ordering::Relaxed);
                return Ok(());
            }
            if message.starts_with(b"C") {
                let statements = 1 + shared.statements.fetch_add(1, Ordering::Relaxed);
                if matches!(*line.borrow(), Line::SilentAfter(most) if statements >= most) {
                    shared.line.send_replace(Line::Silent);
                    passable(&mut line).await;
                }
            }
            at += message.len();
        }
        to.lock().await.write_all(&buffer[..at]).await?;
        buffer.drain(..at);
    }
    Ok(())
}

/// The first message, once it is whole: a letter, the length of the rest, and the rest.
fn message(bytes: &[u8]) -> Option<&[u8]> {
    let length: [u8; 4] = bytes.get(1..5)?.try_into().ok()?;
    bytes.get(..1 + usize::try_from(u32::from_be_bytes(length)).ok()?)
}

async fn passable(line: &mut watch::Receiver<Line>) {
    let _ = line.wait_for(|line| *line != Line::Silent).await;
}
