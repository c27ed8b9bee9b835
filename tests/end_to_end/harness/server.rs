//! The real binary in a folder of its own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;

use rustix::process::{Pid, Signal, kill_process};
use testing::mail_sink::MailSink;
use testing::upstream::Upstream;
use tokio::process::{Child, Command};

use super::{Client, DEADLINE, Folder, eventually};

/// The address of the owner that every test server starts with.
pub const OWNER_EMAIL: &str = "owner@example.org";
/// The owner's password.
pub const OWNER_PASSWORD: &str = "correct horse battery staple";

/// How a server is to be started.
#[derive(Clone)]
pub struct ServerBuilder {
    environment: Vec<(String, String)>,
    has_owner: bool,
}

/// A running server. It is killed when the test ends.
pub struct Server {
    process: Child,
    address: SocketAddr,
    folder: Arc<Folder>,
    builder: ServerBuilder,
}

/// A server that was stopped; its folder is still there.
pub struct Stopped {
    folder: Arc<Folder>,
    builder: ServerBuilder,
    /// How the process ended.
    pub status: ExitStatus,
}

impl ServerBuilder {
    /// A setting from the environment, such as `COLLOQUY_APPLICATION__DRAIN_MS`.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A model provider called `name`, with the given models.
    pub fn provider(self, name: &str, upstream: &Upstream, models: &str) -> Self {
        let prefix = format!("COLLOQUY_PROVIDERS__{}__", name.to_uppercase());
        self.env(&format!("{prefix}KIND"), "openai-compatible")
            .env(&format!("{prefix}BASE_URL"), &upstream.base_url())
            .env(&format!("{prefix}API_KEY"), "sk-test-upstream")
            .env(&format!("{prefix}MODELS"), models)
    }

    /// With a mail server.
    pub fn mail(self, sink: &MailSink) -> Self {
        self.env("COLLOQUY_MAIL__HOST", "127.0.0.1")
            .env("COLLOQUY_MAIL__PORT", &sink.port().to_string())
            .env("COLLOQUY_MAIL__TLS", "none")
            .env("COLLOQUY_MAIL__FROM", "Colloquy <colloquy@example.org>")
    }

    /// Without an owner: the server prints its set-up link.
    pub fn without_owner(mut self) -> Self {
        self.has_owner = false;
        self
    }

    /// Starts the server in a new folder.
    pub async fn start(self) -> Server {
        let folder = Arc::new(Folder::new().await);
        self.start_in(folder).await
    }

    /// Starts the server in a new folder, without any database but the one that the settings name.
    pub async fn start_alone(self) -> Server {
        self.start_in(Arc::new(Folder::without_database())).await
    }

    /// The command line of the server, for tests that expect it to refuse.
    pub fn command(&self, folder: &Folder) -> Command {
        let mut command = Command::new(binary());
        command
            .current_dir(folder.path())
            .env_clear()
            .env("RUST_BACKTRACE", "1")
            .env("COLLOQUY_SERVER__LISTEN", "127.0.0.1:0")
            .env("COLLOQUY_DATA_DIR", folder.join("data"))
            // The load balancer of the tests looks more often than others.
            .env("COLLOQUY_SERVER__UNREADY_MS", "500")
            .env("COLLOQUY_MODELS__DISCOVER_LOCAL", "false")
            // Servers that meet on one database, from folders of their own, need the same.
            .env("COLLOQUY_SECURITY__SECRET_KEY", "3q9XmZ7wKcR2vTfB8nLpY5sJdHgA1uEo")
            // One account signs in more often in a test than anybody does.
            .env("COLLOQUY_APPLICATION__SIGN_INS_PER_MINUTE", "1000")
            .env("COLLOQUY_APPLICATION__SIGN_INS_PER_DAY", "100000")
            // Tests sign in far more often than people.
            .env("COLLOQUY_APPLICATION__SIGN_INS_PER_MINUTE", "1000")
            .env("COLLOQUY_APPLICATION__SIGN_INS_PER_DAY", "100000")
            .envs(folder.environment())
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .kill_on_drop(true);
        if self.has_owner {
            let password_file = folder.join("owner-password");
            std::fs::write(&password_file, OWNER_PASSWORD).expect("the password file");
            command
                .env("COLLOQUY_OWNER_EMAIL", OWNER_EMAIL)
                .env("COLLOQUY_OWNER_PASSWORD_FILE", password_file);
        }
        command
    }

    /// Starts the server in a folder where something may be already.
    pub async fn start_in(self, folder: Arc<Folder>) -> Server {
        let address_file = folder.path().join("address");
        let _ = std::fs::remove_file(&address_file);
        let open_log = |name: &str| {
            let path = folder.path().join(name);
            std::fs::File::options().create(true).append(true).open(path).expect("a log file")
        };
        let mut process = self
            .command(&folder)
            .args(["serve", "--address-file"])
            .arg(&address_file)
            .stdout(open_log("stdout"))
            .stderr(open_log("stderr"))
            .spawn()
            .expect("the server's binary; build it first");
        let address = eventually("the server's address", || {
            let ended = process.try_wait().expect("the process");
            assert!(ended.is_none(), "the server ended at its start: {ended:?}\n{}", log_of(folder.path()));
            std::future::ready(
                std::fs::read_to_string(&address_file).ok().and_then(|text| text.trim().parse().ok()),
            )
        })
        .await;
        let server = Server { process, address, folder, builder: self };
        let anonymous = server.anonymous();
        eventually("readiness", || async {
            (anonymous.get("/health/ready").await.status == 200).then_some(())
        })
        .await;
        server
    }
}

impl Server {
    /// How a server is to be started, with an owner.
    pub const fn builder() -> ServerBuilder {
        ServerBuilder { environment: Vec::new(), has_owner: true }
    }

    /// A server without any model provider.
    pub async fn start() -> Self {
        Self::builder().start().await
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.process.id().expect("a running process")
    }

    /// Its folder: `stdout`, `stderr` and `data` are in it.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        log_of(self.folder())
    }

    /// What it has printed.
    pub fn printed(&self) -> String {
        std::fs::read_to_string(self.folder().join("stdout")).unwrap_or_default()
    }

    /// A client without credentials.
    pub fn anonymous(&self) -> Client {
        Client::new(self.address, None)
    }

    /// The owner, with a new API key.
    pub async fn owner(&self) -> Client {
        self.person(OWNER_EMAIL, OWNER_PASSWORD).await
    }

    /// A further member of the workspace, with a new account and a new API key.
    pub async fn member(&self, name: &str) -> Client {
        let email = format!("{name}@example.org");
        let account = serde_json::json!({
            "email": email, "display_name": name, "role": "member", "password": OWNER_PASSWORD,
        });
        let owner = self.anonymous().sign_in(OWNER_EMAIL, OWNER_PASSWORD).await;
        owner.post("/api/v1/users", &account).await.expect(201);
        self.person(&email, OWNER_PASSWORD).await
    }

    async fn person(&self, email: &str, password: &str) -> Client {
        self.anonymous().sign_in(email, password).await.with_new_api_key().await
    }

    /// Pulls the plug: SIGKILL.
    pub async fn kill(mut self) -> Stopped {
        self.process.start_kill().expect("a running process");
        self.stopped().await
    }

    /// Asks it to stop: SIGTERM.
    pub async fn terminate(mut self) -> Stopped {
        self.signal(Signal::TERM);
        self.stopped().await
    }

    /// Sends a signal.
    pub fn signal(&mut self, signal: Signal) {
        let pid =
            self.process.id().and_then(|id| Pid::from_raw(id.cast_signed())).expect("a running process");
        kill_process(pid, signal).expect("the signal");
    }

    /// Waits until the process has ended by itself.
    pub async fn stopped(mut self) -> Stopped {
        let ended = tokio::time::timeout(DEADLINE, self.process.wait()).await;
        let status = ended.expect("the server did not stop").expect("the process");
        Stopped { folder: self.folder.clone(), builder: self.builder.clone(), status }
    }
}

impl Drop for Server {
    #[expect(clippy::print_stderr, reason = "of a test that fails one wants to know what the server said")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log();
            let is_telling =
                |line: &&str| !line.contains(r#""level":"INFO""#) && !line.contains(r#""level":"DEBUG""#);
            let told: Vec<&str> = log.lines().filter(is_telling).take(40).collect();
            eprintln!("── the server at {} logged:\n{}", self.address, told.join("\n"));
        }
    }
}

impl Stopped {
    /// Starts the server again in the same folder.
    pub async fn start(self) -> Server {
        self.builder.start_in(self.folder).await
    }

    /// Its folder.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }
}

/// Where the binary is.
pub fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("COLLOQUY_BIN") {
        return path.into();
    }
    let tests = std::env::current_exe().expect("the path of the tests");
    let target = tests.ancestors().nth(2).expect("the tests lie in deps");
    target.join("colloquy")
}

fn log_of(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("stderr")).unwrap_or_default()
}
