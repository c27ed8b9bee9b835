//! The server as it ships, on a temporary folder, with an owner and an API key.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::TempDir;

use crate::Outcome;
use crate::http::{self, Connection, request};
use crate::process::Process;

/// Who the owner of a measured server is.
pub const OWNER: &str = "owner@example.org";
const PASSWORD: &str = "correct horse battery staple";

/// How long a server may take to become ready before something is wrong.
const PATIENCE: Duration = Duration::from_mins(1);

/// The program that is measured: `COLLOQUY_BIN`, which `cargo xtask bench` sets.
pub fn binary() -> Outcome<PathBuf> {
    let path = std::env::var_os("COLLOQUY_BIN")
        .ok_or("COLLOQUY_BIN is not set; start this with `cargo xtask bench`")?;
    Ok(path.into())
}

/// A folder for one server, on the disk that holds the build: a temporary folder may be memory, and memory has no
/// `fsync` to speak of.
pub fn folder() -> Outcome<TempDir> {
    let program = std::env::current_exe()?;
    let parent = program.parent().ok_or("this program is in no folder")?;
    Ok(tempfile::Builder::new().prefix("bench-").tempdir_in(parent)?)
}

/// A running server.
pub struct Server {
    /// The process.
    pub process: Process,
    /// `host:port`.
    pub address: String,
    /// From the start to the first ready answer.
    pub took: Duration,
}

impl Server {
    /// Starts a server on `data` and waits until it is ready. With an upstream, its models are those of the provider
    /// `bench`.
    pub async fn start(data: &Path, upstream: Option<&str>) -> Outcome<Self> {
        Self::start_with(data, upstream, &[]).await
    }

    /// The same, with further variables.
    pub async fn start_with(
        data: &Path,
        upstream: Option<&str>,
        variables: &[(&str, String)],
    ) -> Outcome<Self> {
        let (password, address_file) = (data.join("owner-password"), data.join("address"));
        fs::write(&password, PASSWORD)?;
        if address_file.exists() {
            fs::remove_file(&address_file)?;
        }
        let mut command = Command::new(binary()?);
        command.arg("serve").arg("--address-file").arg(&address_file);
        command.env("COLLOQUY_SERVER__LISTEN", "127.0.0.1:0").env("COLLOQUY_DATA_DIR", data);
        command.env("COLLOQUY_OWNER_EMAIL", OWNER).env("COLLOQUY_OWNER_PASSWORD_FILE", &password);
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        if let Some(upstream) = upstream {
            command.env("COLLOQUY_PROVIDERS__BENCH__KIND", "openai-compatible");
            command.env("COLLOQUY_PROVIDERS__BENCH__BASE_URL", format!("http://{upstream}/v1"));
            command.env("COLLOQUY_PROVIDERS__BENCH__API_KEY", "none");
        }
        let log = fs::File::create(data.join("log"))?;
        let start = Instant::now();
        let mut process = Process::start(command.stdout(Stdio::null()).stderr(log))?;
        let ready = request("GET", "/health/ready", &[], "");
        loop {
            let address = fs::read_to_string(&address_file).unwrap_or_default().trim().to_owned();
            let is_ready = http::once(&address, &ready).await.is_ok_and(|response| response.status == 200);
            if is_ready {
                return Ok(Self { process, address, took: start.elapsed() });
            }
            process.check().map_err(|error| format!("{error}; it wrote {}", last_lines(data)))?;
            if start.elapsed() > PATIENCE {
                return Err(format!("not ready after {PATIENCE:?}; it wrote {}", last_lines(data)).into());
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Signs in as the owner and makes an API key: the value of an `Authorization` header.
    pub async fn authorization(&self) -> Outcome<String> {
        self.authorization_of(OWNER).await
    }

    /// Makes an account and an API key for it: the value of an `Authorization` header.
    pub async fn member(&self, owner: &str, email: &str) -> Outcome<String> {
        let body = json!({ "email": email, "display_name": email, "role": "member" });
        let post = request("POST", "/api/v1/users", &[("Authorization", owner)], &body.to_string());
        let made = http::once(&self.address, &post).await?.json()?;
        let link = made["link"].as_str().unwrap_or_default();
        let token = link.split_once("#token=").ok_or("the answer holds no link")?.1;
        let chosen = json!({ "token": token, "password": PASSWORD }).to_string();
        http::once(&self.address, &request("POST", "/api/v1/auth/activate", &[], &chosen)).await?.json()?;
        self.authorization_of(email).await
    }

    async fn authorization_of(&self, email: &str) -> Outcome<String> {
        let mut connection = Connection::open(&self.address).await?;
        let login = json!({ "email": email, "password": PASSWORD }).to_string();
        let response = connection.send(&request("POST", "/api/v1/auth/login", &[], &login)).await?;
        let answer = response.json()?;
        let cookie =
            response.header("set-cookie").and_then(|cookie| cookie.split(';').next()).unwrap_or_default();
        let token = answer["csrf_token"].as_str().unwrap_or_default();
        let origin = format!("http://{}", self.address);
        let headers = [("Cookie", cookie), ("X-CSRF-Token", token), ("Origin", origin.as_str())];
        let body = json!({ "name": "bench" }).to_string();
        // The Host header must be the one that the Origin names.
        let text = String::from_utf8(request("POST", "/api/v1/api-keys", &headers, &body))?;
        let text = text.replacen("Host: localhost", &format!("Host: {}", self.address), 1);
        let key = connection.send(text.as_bytes()).await?.json()?;
        Ok(format!("Bearer {}", key["key"].as_str().ok_or("the answer holds no key")?))
    }

    /// Makes a conversation and gives its id.
    pub async fn conversation(&self, authorization: &str, model: &str) -> Outcome<String> {
        let body = json!({ "model": model }).to_string();
        let headers = [("Authorization", authorization)];
        let created =
            http::once(&self.address, &request("POST", "/api/v1/conversations", &headers, &body)).await?;
        Ok(created.json()?["id"].as_str().ok_or("the answer holds no id")?.to_owned())
    }
}

fn last_lines(data: &Path) -> String {
    let log = fs::read_to_string(data.join("log")).unwrap_or_default();
    let lines: Vec<&str> = log.lines().rev().take(5).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join("\n")
}
