//! A Redis server of one's own, or a database of the shared one.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use tempfile::TempDir;

use super::process::{Process, find, free_port};

/// How many databases a server has; tests take one each, in turn.
const DATABASES: u32 = 4_096;
/// How often another port is tried where somebody was quicker.
const ATTEMPTS: usize = 5;

/// How a server is to be started.
#[derive(Debug, Clone, Default)]
pub struct RedisOptions {
    /// What it demands of its clients.
    pub password: Option<String>,
    /// Further settings, such as `("maxmemory", "16mb")`.
    pub settings: Vec<(String, String)>,
}

/// A running Redis (or Valkey) server, which is gone when this is dropped. It keeps nothing: after a restart it is empty.
#[derive(Debug)]
pub struct RedisServer {
    process: Option<Process>,
    folder: TempDir,
    port: u16,
    options: RedisOptions,
}

impl RedisServer {
    /// Starts an empty server.
    pub async fn start(options: RedisOptions) -> io::Result<Self> {
        let folder = TempDir::with_prefix("colloquy-redis-")?;
        let mut server = Self { process: None, folder, port: 0, options };
        for _ in 0..ATTEMPTS {
            server.port = free_port()?;
            if server.launch().await.is_ok() {
                return Ok(server);
            }
            server.process = None;
        }
        Err(io::Error::other(format!("Redis does not start:\n{}", server.log())))
    }

    async fn launch(&mut self) -> io::Result<()> {
        let program = find(&["redis-server", "valkey-server"]).ok_or_else(|| {
            let help = "`cargo xtask test` installs the package redis-server";
            io::Error::other(format!("there is no `redis-server` or `valkey-server` here; {help}"))
        })?;
        let (port, databases) = (self.port.to_string(), DATABASES.to_string());
        let settings = [("port", port.as_str()), ("bind", "127.0.0.1"), ("databases", databases.as_str())]
            .into_iter()
            .chain([("save", ""), ("appendonly", "no"), ("daemonize", "no")])
            .chain(self.options.password.as_deref().map(|password| ("requirepass", password)))
            .chain(self.options.settings.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let mut command = Command::new(program);
        for (name, value) in settings {
            command.arg(format!("--{name}")).arg(value);
        }
        let mut process = Process::start(&mut command, self.folder.path())?;
        super::eventually("Redis", || {
            if let Some(status) = process.ended()? {
                return Err(io::Error::other(format!("Redis ended with {status}")));
            }
            Ok(self.command(&["PING"]).ok().filter(|answer| answer.starts_with("+PONG")))
        })
        .await?;
        self.process = Some(process);
        Ok(())
    }

    /// Its URL.
    pub fn url(&self) -> String {
        let user = self.options.password.as_ref().map(|password| format!(":{password}@")).unwrap_or_default();
        format!("redis://{user}127.0.0.1:{}/0", self.port)
    }

    /// Where it listens, also while it is stopped.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Carries out a command, such as `["FLUSHALL"]`; the beginning of the answer as it came. It blocks.
    pub fn command(&self, words: &[&str]) -> io::Result<String> {
        let mut connection = Connection::open(self.port, self.options.password.as_deref())?;
        connection.command(words)
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Stops it in order.
    pub async fn stop(&mut self) -> io::Result<()> {
        self.end(Signal::TERM).await
    }

    /// Pulls the plug: SIGKILL.
    pub async fn kill(&mut self) -> io::Result<()> {
        self.end(Signal::KILL).await
    }

    async fn end(&mut self, signal: Signal) -> io::Result<()> {
        let Some(process) = self.process.take() else { return Ok(()) };
        process.signal(signal)?;
        process.wait().await.map(|_| ())
    }

    /// Starts it again, empty and on the same port, once it was stopped or killed.
    pub async fn start_again(&mut self) -> io::Result<()> {
        if self.process.is_some() {
            return Err(io::Error::other("the server runs"));
        }
        self.launch().await
    }

    /// Stops it in order and starts it again, empty.
    pub async fn restart(&mut self) -> io::Result<()> {
        self.stop().await?;
        self.start_again().await
    }

    /// Freezes it: SIGSTOP. Connections stay open, and nobody answers.
    pub fn freeze(&self) -> io::Result<()> {
        self.process.as_ref().map_or(Ok(()), |process| process.signal(Signal::STOP))
    }

    /// Lets it go on after [`Self::freeze`].
    pub fn thaw(&self) -> io::Result<()> {
        self.process.as_ref().map_or(Ok(()), |process| process.signal(Signal::CONT))
    }
}

/// A database of the shared server that no other test uses; emptied with the test.
#[derive(Debug)]
pub struct TestRedis {
    port: u16,
    database: u32,
}

impl TestRedis {
    /// Its URL.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/{}", self.port, self.database)
    }
}

impl Drop for TestRedis {
    fn drop(&mut self) {
        let emptied = Connection::open(self.port, None).and_then(|mut connection| {
            connection.command(&["SELECT", &self.database.to_string()])?;
            connection.command(&["FLUSHDB"])
        });
        // A server that is gone has nothing to empty.
        drop(emptied);
    }
}

/// A database of the shared server that no other test uses. It blocks for a moment.
pub fn fresh_redis() -> io::Result<TestRedis> {
    let url = super::redis_url();
    let port = url.rsplit(':').next().and_then(|rest| rest.split('/').next()?.parse().ok());
    let port = port.ok_or_else(|| io::Error::other(format!("{} names no port", super::REDIS_VARIABLE)))?;
    // The databases are taken in turn; the first one counts.
    let taken = Connection::open(port, None)?.command(&["INCR", "colloquy:tests"])?;
    let number: u32 = taken.trim().trim_start_matches(':').parse().map_err(io::Error::other)?;
    Ok(TestRedis { port, database: 1 + number % (DATABASES - 1) })
}

/// A connection that speaks just enough of the protocol.
struct Connection(TcpStream);

impl Connection {
    fn open(port: u16, password: Option<&str>) -> io::Result<Self> {
        let patience = Duration::from_secs(5);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let stream = TcpStream::connect_timeout(&address, patience)?;
        stream.set_read_timeout(Some(patience))?;
        let mut connection = Self(stream);
        if let Some(password) = password {
            connection.command(&["AUTH", password])?;
        }
        Ok(connection)
    }

    /// The beginning of the answer; an error of the server is one here.
    fn command(&mut self, words: &[&str]) -> io::Result<String> {
        let mut request = format!("*{}\r\n", words.len());
        request.extend(words.iter().map(|word| format!("${}\r\n{word}\r\n", word.len())));
        self.0.write_all(request.as_bytes())?;
        let mut answer = [0; 4_096];
        let length = self.0.read(&mut answer)?;
        let answer = String::from_utf8_lossy(&answer[..length]).into_owned();
        if answer.starts_with('-') || answer.is_empty() { Err(io::Error::other(answer)) } else { Ok(answer) }
    }
}
