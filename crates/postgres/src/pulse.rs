//! Whether the server answers anybody at all, for statements that have waited for a while: one that works on a slow
//! statement does, one that is frozen or unreachable does not.

use std::io;
use std::time::{Duration, Instant};

use futures_util::future::{FutureExt as _, select_ok};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::Mutex;
use tokio_postgres::config::Host;

use crate::address::Address;

/// How long the server may take to say a single byte.
const PATIENCE: Duration = Duration::from_millis(400);
/// How long the last answer counts for others who ask.
const FRESH: Duration = Duration::from_millis(300);
/// Where Postgres listens unless somebody says otherwise.
const PORT: u16 = 5432;

/// The question whether encryption is wanted, which a server answers with one byte before anybody has signed in:
/// `SSLRequest` in <https://www.postgresql.org/docs/current/protocol-message-formats.html>.
const QUESTION: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// The pulse of the server at an address.
pub(crate) struct Pulse {
    address: Address,
    last: Mutex<Option<(Instant, bool)>>,
}

impl Pulse {
    pub(crate) fn of(address: Address) -> Self {
        Self { address, last: Mutex::new(None) }
    }

    /// Whether the server answers. Of many who ask at one time, one does so for all.
    pub(crate) async fn beats(&self) -> bool {
        let mut last = self.last.lock().await;
        if let Some((at, beats)) = *last
            && at.elapsed() < FRESH
        {
            return beats;
        }
        let asking = tokio::time::timeout(PATIENCE, self.ask());
        let beats = matches!(asking.await, Ok(Ok(())));
        *last = Some((Instant::now(), beats));
        beats
    }

    /// Asks all hosts of the address at once, of which one may be away for long, until one answers.
    async fn ask(&self) -> io::Result<()> {
        let config = self.address.config();
        let ports = config.get_ports();
        let asking = config.get_hosts().iter().enumerate().map(|(index, host)| {
            let port = ports.get(index).or(ports.first()).copied().unwrap_or(PORT);
            ask_host(host, port).boxed()
        });
        select_ok(asking).await.map(|_| ())
    }
}

async fn ask_host(host: &Host, port: u16) -> io::Result<()> {
    match host {
        Host::Tcp(name) => ask(TcpStream::connect((name.as_str(), port)).await).await,
        Host::Unix(folder) => ask(UnixStream::connect(folder.join(format!(".s.PGSQL.{port}"))).await).await,
    }
}

async fn ask<S: AsyncRead + AsyncWrite + Unpin>(stream: io::Result<S>) -> io::Result<()> {
    let mut stream = stream?;
    stream.write_all(&QUESTION).await?;
    stream.read_u8().await.map(|_| ())
}
