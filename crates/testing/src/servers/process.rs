//! A server process in a folder of its own, which goes when we go.

use std::fs::{self, File};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use rustix::process::{Pid, Signal, geteuid, kill_process};

/// Waits at the end of its input for the end of our process, then ends the server and removes its folder. A stopped
/// process has to go on before it can end; what does not end in time is killed.
const WATCHDOG: &str = r#"
read -r _
kill -QUIT "$1" 2>/dev/null
kill -CONT "$1" 2>/dev/null
i=0
while kill -0 "$1" 2>/dev/null && [ $i -lt 100 ]; do sleep 0.1; i=$((i + 1)); done
kill -KILL "$1" 2>/dev/null
rm -rf "$2"
"#;

/// A running server process.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    watchdog: Child,
}

impl Process {
    /// Starts the command, in the folder and with what it prints appended to `log` there.
    pub(super) fn start(command: &mut Command, folder: &Path) -> io::Result<Self> {
        let log = File::options().create(true).append(true).open(folder.join("log"))?;
        // A process group of its own: an interrupt at the terminal is for the tests, which then end the server.
        command
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0);
        let child = command.spawn()?;
        let watchdog = Command::new("sh")
            .args(["-c", WATCHDOG, "watchdog", &child.id().to_string()])
            .arg(folder)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        Ok(Self { child, watchdog })
    }

    /// The number of the process.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it has.
    pub(super) fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    /// Sends a signal to the process.
    pub(super) fn signal(&self, signal: Signal) -> io::Result<()> {
        signal_to(self.id(), signal)
    }

    /// Sends a signal to the process and those that it has started.
    pub(super) fn signal_all(&self, signal: Signal) -> io::Result<()> {
        self.signal(signal)?;
        for child in children(self.id())? {
            match signal_to(child, signal) {
                Err(error) if error.raw_os_error() != Some(rustix::io::Errno::SRCH.raw_os_error()) => {
                    return Err(error);
                }
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }

    /// Waits until the process has ended.
    pub(super) async fn wait(mut self) -> io::Result<ExitStatus> {
        super::eventually("the end of a server", || self.ended()).await
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The watchdog first: it must not aim at a number that somebody else may have by then.
        let _ = self.watchdog.kill();
        let _ = self.watchdog.wait();
        if matches!(self.ended(), Ok(None)) {
            // Postgres ends its children on SIGQUIT; where they are stopped, SIGKILL is what they notice.
            let _ = self.signal_all(Signal::CONT);
            let _ = self.signal_all(Signal::KILL);
            let _ = self.child.wait();
        }
    }
}

/// Processes whose parent is `id`.
fn children(id: u32) -> io::Result<Vec<u32>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(child) = name.to_str().and_then(|name| name.parse().ok()) else { continue };
        // A process that has ended meanwhile has no status to read, and is nobody's child.
        let Ok(status) = fs::read_to_string(format!("/proc/{child}/stat")) else { continue };
        let parent = status.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1)?.parse().ok());
        if parent == Some(id) {
            found.push(child);
        }
    }
    Ok(found)
}

fn signal_to(id: u32, signal: Signal) -> io::Result<()> {
    let id = Pid::from_raw(id.cast_signed()).ok_or_else(|| io::Error::other("no such process"))?;
    Ok(kill_process(id, signal)?)
}

/// A free port of the loopback interface.
pub(super) fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?.local_addr()?.port())
}

/// The first of these programs that is on the search path.
pub(super) fn find(programs: &[&str]) -> Option<std::path::PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders: Vec<_> = std::env::split_paths(&path).collect();
    programs
        .iter()
        .find_map(|program| folders.iter().map(|folder| folder.join(program)).find(|file| file.is_file()))
}

/// As whom a server runs that refuses to run as root: user and group numbers; nobody else where we are not root.
pub(super) fn other_user() -> io::Result<Option<(u32, u32)>> {
    if !geteuid().is_root() {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd")?;
    let numbers = |name: &str| {
        let mut fields = users.lines().find(|line| line.starts_with(&format!("{name}:")))?.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    numbers("postgres").or_else(|| numbers("nobody")).map(Some).ok_or_else(|| {
        io::Error::other("Postgres does not run as root, and there is neither a user `postgres` nor `nobody`")
    })
}
