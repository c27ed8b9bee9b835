//! A real `OpenID` provider, and a browser that signs in through it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;

use reqwest::{Method, Url};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use super::{Answer, Client, DEADLINE, Server, ServerBuilder};

/// How the server proves to the provider who it is.
const CLIENT_SECRET: &str = "a secret between the server and its provider";
/// Where the provider sends browsers back to.
const CALLBACK: &str = "/api/v1/auth/oidc/callback";

/// A running provider. It is killed when the test ends.
pub struct OidcProvider {
    process: Child,
    /// What it prints; it ends when nobody listens.
    _output: Lines<BufReader<ChildStdout>>,
    issuer: String,
    http: reqwest::Client,
}

impl OidcProvider {
    /// A provider that tells claims to whoever asks with the access token.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// A provider that puts claims into the ID token.
    pub async fn with_claims_in_token() -> Self {
        Self::start_with(&[("CLAIMS_IN_TOKEN", "1")]).await
    }

    async fn start_with(environment: &[(&str, &str)]) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("oidc_provider");
        assert!(
            folder.join("node_modules").is_dir(),
            "install the provider first: npm ci in {} (cargo xtask test does it)",
            folder.display()
        );
        let mut process = Command::new("node")
            .arg("provider.mjs")
            .current_dir(folder)
            .env("CLIENT_SECRET", CLIENT_SECRET)
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("node");
        let mut lines = BufReader::new(process.stdout.take().expect("its output")).lines();
        let line =
            tokio::time::timeout(DEADLINE, lines.next_line()).await.expect("the provider starts in time");
        let line = line.expect("its output").expect("a first line");
        let told: Value = serde_json::from_str(&line).expect("JSON");
        let issuer = told["issuer"].as_str().expect("an issuer").to_owned();
        Self { process, _output: lines, issuer, http: http() }
    }

    /// How the provider calls itself.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Settings of a server that lets people in through this provider, called `corporate`; further ones by their names
    /// below `COLLOQUY_OIDC__CORPORATE__`.
    pub fn settings(&self, server: ServerBuilder, further: &[(&str, &str)]) -> ServerBuilder {
        let name = |key: &str| format!("COLLOQUY_OIDC__CORPORATE__{key}");
        let server = server
            .env(&name("ISSUER"), &self.issuer)
            .env(&name("CLIENT_ID"), "colloquy")
            .env(&name("CLIENT_SECRET"), CLIENT_SECRET)
            .env(&name("LABEL"), "Corporate login")
            .env(&name("SCOPES"), "email,profile,groups");
        further.iter().fold(server, |server, (key, value)| server.env(&name(key), value))
    }

    /// Who signs in next.
    pub async fn person(&self, sub: &str, email: &str, is_verified: bool, groups: &[&str]) {
        let name = email.split('@').next();
        let claims = json!({"sub": sub, "email": email, "email_verified": is_verified, "name": name, "groups": groups});
        self.set_person(&claims).await;
    }

    /// The next one is not let in.
    pub async fn refuse(&self) {
        self.set_person(&Value::Null).await;
    }

    async fn set_person(&self, claims: &Value) {
        let url = format!("{}/test/person", self.issuer);
        let answer = Answer::of(self.http.post(url).json(claims)).await;
        assert_eq!(answer.status, 204);
    }

    /// The provider goes away.
    pub async fn stop(mut self) {
        self.process.kill().await.expect("a running process");
    }
}

/// A browser: it keeps cookies for each server, and follows redirects when it is told to.
pub struct Browser {
    http: reqwest::Client,
    /// By server, path and name.
    cookies: BTreeMap<String, BTreeMap<(String, String), String>>,
    server: Client,
}

impl Browser {
    /// A browser that has never been anywhere.
    pub fn new(server: &Server) -> Self {
        Self { http: http(), cookies: BTreeMap::new(), server: server.anonymous() }
    }

    /// One request, with the cookies of that server. Those that the answer sets are kept.
    pub async fn get(&mut self, url: &str) -> Answer {
        let url = Url::parse(url).expect("an address");
        let jar = self.cookies.entry(url.authority().to_owned()).or_default();
        let matching = jar.iter().filter(|((path, _), _)| url.path().starts_with(path.as_str()));
        let pairs: Vec<String> = matching.map(|((_, name), value)| format!("{name}={value}")).collect();
        let place = url.authority().to_owned();
        let mut request = self.http.request(Method::GET, url).header("accept", "text/html,*/*;q=0.1");
        if !pairs.is_empty() {
            request = request.header("cookie", pairs.join("; "));
        }
        let answer = Answer::of(request).await;
        self.keep(&place, &answer);
        answer
    }

    /// Keeps the cookies that an answer sets, each for its path, and drops those that it ends.
    fn keep(&mut self, place: &str, answer: &Answer) {
        let jar = self.cookies.entry(place.to_owned()).or_default();
        for set in answer.headers.get_all("set-cookie") {
            let mut parts = set.to_str().expect("a cookie in ASCII").split(';').map(str::trim);
            let (name, value) = parts.next().and_then(|pair| pair.split_once('=')).expect("a cookie");
            let path = parts.find_map(|part| {
                Some(part.split_once('=')?).filter(|(key, _)| key.eq_ignore_ascii_case("path"))
            });
            let key = (path.map_or("/", |(_, path)| path).to_owned(), name.to_owned());
            if value.is_empty() {
                jar.remove(&key);
            } else {
                jar.insert(key, value.to_owned());
            }
        }
    }

    /// Follows the link on the page for signing in; where the server sends the browser.
    pub async fn leave(&mut self) -> String {
        let answer = self.get(&self.server.url("/api/v1/auth/oidc/corporate/begin")).await;
        assert_eq!(answer.status, 302, "{answer:?}");
        answer.header("location").to_owned()
    }

    /// Goes to a provider, and signs in there; with what address it sends the browser back.
    pub async fn visit(&mut self, url: &str) -> String {
        let callback = self.server.url(CALLBACK);
        let mut url = Url::parse(url).expect("an address");
        for _ in 0..10 {
            let answer = self.get(url.as_str()).await;
            assert!((300..400).contains(&answer.status), "{url}: {answer:?}");
            url = url.join(answer.header("location")).expect("an address");
            if url.as_str().starts_with(&callback) {
                return url.into();
            }
        }
        panic!("the provider does not send the browser back: {url}");
    }

    /// Comes back to the server; where it sends the browser then.
    pub async fn come_back(&mut self, url: &str) -> String {
        let answer = self.get(url).await;
        assert_eq!(answer.status, 302, "{answer:?}");
        answer.header("location").to_owned()
    }

    /// All of it; where the browser is sent in the end.
    pub async fn sign_in(&mut self) -> String {
        let url = self.leave().await;
        let url = self.visit(&url).await;
        self.come_back(&url).await
    }

    /// Takes cookies along that a page of the server has set in another way.
    pub fn take(&mut self, answer: &Answer) {
        self.keep(&self.server.address().to_string(), answer);
    }

    /// Whoever is signed in here; `None` for nobody.
    pub async fn person(&self) -> Option<Client> {
        let jar = self.cookies.get(&self.server.address().to_string())?;
        let token = jar.get(&("/".to_owned(), "colloquy".to_owned()))?;
        Some(self.server.with_cookie(&format!("colloquy={token}")).await)
    }
}

fn http() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder().timeout(DEADLINE).no_proxy();
    builder.redirect(reqwest::redirect::Policy::none()).build().expect("a client")
}
