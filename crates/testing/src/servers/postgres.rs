//! A Postgres server of one's own.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::{Signal, geteuid};
use tempfile::TempDir;

use super::process::{Process, find, free_port, other_user};
use super::psql;

/// The administrator, a superuser.
const ADMINISTRATOR: &str = "postgres";
/// Everybody's password on servers of tests.
pub(super) const PASSWORD: &str = "tests-only";
/// How often another port is tried where somebody was quicker.
const ATTEMPTS: usize = 5;

/// What an acknowledged commit has survived.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Durability {
    /// The end of the server, however sudden, but not of the machine: nothing is synced to the disk.
    #[default]
    Process,
    /// As shipped: every commit is synced.
    Machine,
}

/// How a server is to be started.
#[derive(Debug, Clone, Default)]
pub struct PostgresOptions {
    /// What a commit survives.
    pub durability: Durability,
    /// Further settings, such as `("max_connections", "20")`.
    pub settings: Vec<(String, String)>,
}

/// A running Postgres server, which is gone when this is dropped.
#[derive(Debug)]
pub struct PostgresServer {
    process: Option<Process>,
    folder: TempDir,
    port: u16,
    options: PostgresOptions,
}

impl PostgresServer {
    /// Starts a server with an empty database `postgres`.
    pub async fn start(options: PostgresOptions) -> io::Result<Self> {
        let folder = TempDir::with_prefix("colloquy-postgres-")?;
        copy(&template()?, &folder.path().join("data"))?;
        Self::start_in(folder, options).await
    }

    /// Starts a standby: a read-only server that follows this one.
    pub async fn standby(&self, options: PostgresOptions) -> io::Result<Self> {
        let folder = TempDir::with_prefix("colloquy-postgres-")?;
        let mut copy = as_server(Command::new(binary("pg_basebackup")?))?;
        copy.args(["--checkpoint=fast", "--no-sync", "--write-recovery-conf", "--dbname"]).arg(self.url());
        give(folder.path())?;
        succeeds(copy.arg("--pgdata").arg(folder.path().join("data")))?;
        Self::start_in(folder, options).await
    }

    async fn start_in(folder: TempDir, options: PostgresOptions) -> io::Result<Self> {
        give(folder.path())?;
        let mut server = Self { process: None, folder, port: 0, options };
        for _ in 0..ATTEMPTS {
            server.port = free_port()?;
            if server.launch().await.is_ok() {
                return Ok(server);
            }
            server.process = None;
        }
        Err(io::Error::other(format!("Postgres does not start:\n{}", server.log())))
    }

    async fn launch(&mut self) -> io::Result<()> {
        let data = self.folder.path().join("data");
        let (port, lock) = (self.port.to_string(), data.join("postmaster.pid"));
        let quick = match self.options.durability {
            Durability::Process => &[("fsync", "off"), ("full_page_writes", "off")][..],
            Durability::Machine => &[],
        };
        let settings = [("port", port.as_str()), ("listen_addresses", "127.0.0.1")]
            .into_iter()
            .chain([("unix_socket_directories", ""), ("max_connections", "200"), ("shared_buffers", "64MB")])
            .chain([("password_encryption", "scram-sha-256"), ("authentication_timeout", "5s")])
            .chain(quick.iter().copied())
            .chain(self.options.settings.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let mut command = as_server(Command::new(binary("postgres")?))?;
        command.arg("-D").arg(&data);
        for (name, value) in settings {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        let mut process = Process::start(&mut command, self.folder.path())?;
        let own = process.id().to_string();
        super::eventually("Postgres", || {
            if let Some(status) = process.ended()? {
                return Err(io::Error::other(format!("Postgres ended with {status}")));
            }
            let lines = fs::read_to_string(&lock).unwrap_or_default();
            let (of_this_start, is_ready) =
                (lines.lines().next() == Some(&own), lines.lines().any(|line| line.trim() == "ready"));
            Ok((of_this_start && is_ready).then_some(()))
        })
        .await?;
        self.process = Some(process);
        Ok(())
    }

    /// The administrator's URL of the database `postgres`.
    pub fn url(&self) -> String {
        format!("postgres://{ADMINISTRATOR}:{PASSWORD}@127.0.0.1:{}/postgres", self.port)
    }

    /// Where it listens, also while it is stopped.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Carries out statements in the administrator's database, each in a transaction of its own; the rows, fields with
    /// `|` between them. It blocks.
    pub fn execute(&self, statements: &[&str]) -> io::Result<String> {
        psql::run(&self.url(), statements)
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Stops it in order, without waiting for its clients to leave.
    pub async fn stop(&mut self) -> io::Result<()> {
        let Some(process) = self.process.take() else { return Ok(()) };
        process.signal(Signal::INT)?;
        process.wait().await.map(|_| ())
    }

    /// Pulls the plug: SIGKILL to all its processes.
    pub async fn kill(&mut self) -> io::Result<()> {
        let Some(process) = self.process.take() else { return Ok(()) };
        process.signal_all(Signal::KILL)?;
        process.wait().await.map(|_| ())
    }

    /// Starts it again, on the same port with the same data, once it was stopped or killed.
    pub async fn start_again(&mut self) -> io::Result<()> {
        if self.process.is_some() {
            return Err(io::Error::other("the server runs"));
        }
        // After a kill the lock file names a process that is gone, and Postgres finds that out by itself.
        self.launch().await
    }

    /// Stops it in order and starts it again.
    pub async fn restart(&mut self) -> io::Result<()> {
        self.stop().await?;
        self.start_again().await
    }

    /// Freezes it: SIGSTOP to all its processes. Connections stay open, and nobody answers.
    pub fn freeze(&self) -> io::Result<()> {
        self.process.as_ref().map_or(Ok(()), |process| process.signal_all(Signal::STOP))
    }

    /// Lets it go on after [`Self::freeze`].
    pub fn thaw(&self) -> io::Result<()> {
        self.process.as_ref().map_or(Ok(()), |process| process.signal_all(Signal::CONT))
    }
}

/// Where a program of Postgres is: of the newest installed version, or on the search path.
pub(super) fn binary(name: &str) -> io::Result<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions
        .filter_map(|entry| {
            let file = entry.path().join("bin").join(name);
            let version: u32 = entry.file_name().to_str()?.parse().ok()?;
            file.is_file().then_some((version, file))
        })
        .max();
    newest.map(|(_, file)| file).or_else(|| find(&[name])).ok_or_else(|| {
        io::Error::other(format!(
            "there is no `{name}` here; `cargo xtask test` installs the package postgresql"
        ))
    })
}

/// An empty data folder, made once and copied for every server.
fn template() -> io::Result<PathBuf> {
    let version = succeeds(Command::new(binary("initdb")?).arg("--version"))?;
    // "initdb (PostgreSQL) 15.18 (Debian …)"
    let version = version.split_whitespace().nth(2).unwrap_or("unknown");
    let user = geteuid().as_raw();
    let template = std::env::temp_dir().join(format!("colloquy-postgres-template-{version}-{user}"));
    if template.join("data").is_dir() {
        if fs::metadata(&template)?.uid() == other_user()?.map_or(user, |(user, _)| user) {
            return Ok(template.join("data"));
        }
        return Err(io::Error::other(format!("{} belongs to somebody else", template.display())));
    }
    let folder = TempDir::with_prefix("colloquy-postgres-")?;
    give(folder.path())?;
    let password = folder.path().join("password");
    fs::write(&password, PASSWORD)?;
    fs::set_permissions(&password, fs::Permissions::from_mode(0o644))?;
    let mut initdb = as_server(Command::new(binary("initdb")?))?;
    initdb.args([
        "--no-sync",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
        "--wal-segsize=1",
    ]);
    initdb.arg(format!("--username={ADMINISTRATOR}")).arg("--pwfile").arg(&password);
    succeeds(initdb.arg("--pgdata").arg(folder.path().join("data")))?;
    fs::remove_file(&password)?;
    match fs::rename(folder.path(), &template) {
        // Somebody else was quicker.
        Err(error) if !template.join("data").is_dir() => Err(error),
        Ok(()) | Err(_) => Ok(template.join("data")),
    }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    succeeds(Command::new("cp").args(["-a", "--reflink=auto"]).arg(from).arg(to)).map(|_| ())
}

/// Gives a folder to the user as whom servers run.
fn give(folder: &Path) -> io::Result<()> {
    let Some((user, group)) = other_user()? else { return Ok(()) };
    chown(folder, Some(user), Some(group))
}

fn as_server(mut command: Command) -> io::Result<Command> {
    if let Some((user, group)) = other_user()? {
        command.uid(user).gid(group);
    }
    // What the surroundings say to clients of other servers is not for these.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PG")) {
        command.env_remove(name);
    }
    command.current_dir("/");
    Ok(command)
}

/// Runs a command to its end; what it printed.
fn succeeds(command: &mut Command) -> io::Result<String> {
    let output = command.stdin(std::process::Stdio::null()).output()?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let (program, told) = (command.get_program().display(), String::from_utf8_lossy(&output.stderr));
    Err(io::Error::other(format!("{program}: {told}")))
}
