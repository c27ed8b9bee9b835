//! A client of the REST API: a program with a key, a browser with a cookie, or nobody.

use std::net::{IpAddr, SocketAddr};

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::{DEADLINE, Events, Socket};

/// A client of the REST API.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    address: SocketAddr,
    credential: Credential,
    /// Of somebody with a key: the session with which it was made.
    session: Option<Box<Credential>>,
}

#[derive(Clone)]
enum Credential {
    Nobody,
    Key(String),
    Cookie { cookie: String, csrf_token: String },
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as it came.
    pub bytes: Vec<u8>,
}

impl Client {
    /// A client with a key, or without any credential.
    pub fn new(address: SocketAddr, key: Option<String>) -> Self {
        // Nothing here speaks TLS, but a client is not made without a provider; a second installation is refused and harmless.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .timeout(DEADLINE)
            .tcp_nodelay(true)
            .no_proxy()
            .build()
            .expect("a client");
        let credential = key.map_or(Credential::Nobody, Credential::Key);
        Self { http, address, credential, session: None }
    }

    /// Nobody, who comes from another address of this machine.
    pub fn from_elsewhere(address: SocketAddr, from: IpAddr) -> Self {
        let http = reqwest::Client::builder().timeout(DEADLINE).no_proxy().local_address(from).build();
        Self { http: http.expect("a client"), address, credential: Credential::Nobody, session: None }
    }

    /// The same person, with a connection of its own for every request.
    pub fn with_a_connection_each(&self) -> Self {
        let http = reqwest::Client::builder()
            .timeout(DEADLINE)
            .tcp_nodelay(true)
            .no_proxy()
            .pool_max_idle_per_host(0);
        Self { http: http.build().expect("a client"), ..self.clone() }
    }

    /// The same person at another address: the server was started again.
    pub fn at(&self, address: SocketAddr) -> Self {
        Self { address, ..self.clone() }
    }

    /// The API key, for clients that speak for themselves.
    pub fn key(&self) -> &str {
        match &self.credential {
            Credential::Key(key) => key,
            Credential::Nobody | Credential::Cookie { .. } => panic!("this client has no key"),
        }
    }

    /// Where the server listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The full address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Signs in: the same client with a cookie.
    pub async fn sign_in(&self, email: &str, password: &str) -> Self {
        let answer = self.post("/api/v1/auth/login", &json!({ "email": email, "password": password })).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        self.with_session(&answer)
    }

    /// The same client with the cookie and the token that an answer brought.
    pub fn with_session(&self, answer: &Answer) -> Self {
        let cookie = answer.header("set-cookie").split(';').next().unwrap_or_default().to_owned();
        let csrf_token = answer.json()["csrf_token"].as_str().expect("a token").to_owned();
        Self { credential: Credential::Cookie { cookie, csrf_token }, ..self.clone() }
    }

    /// The same client with a cookie that came in another way; who it is tells the token.
    pub async fn with_cookie(&self, cookie: &str) -> Self {
        let csrf_token = String::new();
        let unproven =
            Self { credential: Credential::Cookie { cookie: cookie.to_owned(), csrf_token }, ..self.clone() };
        let me = unproven.get("/api/v1/me").await.expect(200);
        let csrf_token = me["csrf_token"].as_str().expect("a token").to_owned();
        Self { credential: Credential::Cookie { cookie: cookie.to_owned(), csrf_token }, ..self.clone() }
    }

    /// The same person with a new API key.
    pub async fn with_new_api_key(&self) -> Self {
        self.with_new_api_key_of(&json!({ "name": "tests" })).await.0
    }

    /// The same person with a new API key, as it is described, and the key's id.
    pub async fn with_new_api_key_of(&self, body: &Value) -> (Self, String) {
        let browser = self.in_browser();
        let made = browser.post("/api/v1/api-keys", body).await.expect(201);
        let text = |name: &str| made[name].as_str().expect("a text").to_owned();
        let session = Some(Box::new(browser.credential));
        (Self { credential: Credential::Key(text("key")), session, ..self.clone() }, text("id"))
    }

    /// The same person in the browser in which their key was made: no key makes keys, or chooses passwords.
    pub fn in_browser(&self) -> Self {
        let credential = self.session.as_deref().unwrap_or(&self.credential).clone();
        Self { credential, session: None, ..self.clone() }
    }

    /// A request with the credential, to be completed by the test.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, self.url(path));
        match &self.credential {
            Credential::Nobody => request,
            Credential::Key(key) => request.bearer_auth(key),
            Credential::Cookie { cookie, csrf_token } => request
                .header("cookie", cookie)
                .header("x-csrf-token", csrf_token)
                .header("origin", format!("http://{}", self.address)),
        }
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path)).await
    }

    /// POST with a JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        Answer::of(self.request(Method::POST, path).json(body)).await
    }

    /// POST with an idempotency key.
    pub async fn post_once(&self, key: &str, path: &str, body: &Value) -> Answer {
        Answer::of(self.request(Method::POST, path).header("idempotency-key", key).json(body)).await
    }

    /// PATCH with a JSON body.
    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        Answer::of(self.request(Method::PATCH, path).json(body)).await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::DELETE, path)).await
    }

    /// An event stream.
    pub async fn events(&self, path: &str, last_event_id: Option<&str>) -> Events {
        let mut request = self.request(Method::GET, path).header("accept", "text/event-stream");
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        Events::open(request).await
    }

    /// A WebSocket, authenticated by header.
    pub async fn socket(&self) -> Socket {
        Socket::connect(self.address, "/api/v1/ws", &self.header_pairs()).await.expect("an upgrade")
    }

    /// The headers that authenticate, for clients that speak for themselves.
    pub fn header_pairs(&self) -> Vec<(String, String)> {
        match &self.credential {
            Credential::Nobody => Vec::new(),
            Credential::Key(key) => vec![("authorization".to_owned(), format!("Bearer {key}"))],
            Credential::Cookie { cookie, .. } => {
                vec![
                    ("cookie".to_owned(), cookie.clone()),
                    ("origin".to_owned(), format!("http://{}", self.address)),
                ]
            }
        }
    }

    /// A new conversation; its id.
    pub async fn conversation(&self) -> String {
        self.conversation_with(&json!({})).await
    }

    /// A new conversation with the given fields; its id.
    pub async fn conversation_with(&self, fields: &Value) -> String {
        let created = self.post("/api/v1/conversations", fields).await.expect(201);
        created["id"].as_str().expect("an id").to_owned()
    }

    /// Sends a text; the exchange.
    pub async fn send(&self, conversation_id: &str, text: &str) -> Value {
        self.post(&format!("/api/v1/conversations/{conversation_id}/messages"), &json!({ "text": text }))
            .await
            .expect(201)
    }

    /// Sends a text and waits until the answer is stored; the answer.
    pub async fn ask(&self, conversation_id: &str, text: &str) -> Value {
        let exchange = self.send(conversation_id, text).await;
        self.finished(exchange["reply"]["id"].as_str().expect("an answer")).await
    }

    /// What became of an answer whose server was killed and started again. Where one process has the database to itself, it
    /// is ended before anybody is served; otherwise when the lease of the dead process has run out.
    pub async fn ended_for(&self, message_id: &str) -> Value {
        if super::folder::is_postgres() {
            return self.finished(message_id).await;
        }
        self.get(&format!("/api/v1/messages/{message_id}")).await.expect(200)
    }

    /// Waits until a message is no longer being written; the message.
    pub async fn finished(&self, message_id: &str) -> Value {
        super::eventually("the end of an answer", || async {
            let message = self.get(&format!("/api/v1/messages/{message_id}")).await.expect(200);
            let status = message["status"].as_str().unwrap_or_default().to_owned();
            (status != "pending" && status != "streaming").then_some(message)
        })
        .await
    }
}

impl Answer {
    /// Sends a request and reads the answer to its end.
    pub async fn of(request: RequestBuilder) -> Self {
        Self::try_of(request).await.expect("an answer")
    }

    /// The same for a server that may not answer.
    #[expect(clippy::disallowed_methods, reason = "this is the client of the tests, not a model provider's")]
    pub async fn try_of(request: RequestBuilder) -> reqwest::Result<Self> {
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Self { status, headers, bytes: response.bytes().await?.to_vec() })
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes)
            .unwrap_or_else(|error| panic!("not JSON ({error}): {}", String::from_utf8_lossy(&self.bytes)))
    }

    /// The body as JSON, once the status is the expected one; `null` for an empty body.
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.bytes));
        if self.bytes.is_empty() { Value::Null } else { self.json() }
    }

    /// The problem object, once the status and the slug of its type are the expected ones.
    pub fn expect_problem(self, status: u16, slug: &str) -> Value {
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.expect(status);
        assert_eq!(problem["type"], format!("/problems/{slug}"), "{problem}");
        assert_eq!(problem["status"], status);
        problem
    }

    /// All that a client can tell two problems apart by: status, the headers that are not of the moment, and the body
    /// without the trace and without the identifiers that the client itself named.
    pub fn appearance(&self, named: &[&str]) -> (u16, Vec<String>, String) {
        const OF_THE_MOMENT: [&str; 4] = ["date", "x-request-id", "ratelimit", "content-length"];
        let headers = self.headers.iter().filter(|(name, _)| !OF_THE_MOMENT.contains(&name.as_str()));
        let mut headers: Vec<String> = headers.map(|(name, value)| format!("{name}: {value:?}")).collect();
        headers.sort();
        let mut body = String::from_utf8_lossy(&self.bytes).into_owned();
        if let Some(trace_id) = self.json()["trace_id"].as_str() {
            body = body.replace(trace_id, "<trace>");
        }
        for name in named {
            body = body.replace(name, "<named>");
        }
        (self.status, headers, body)
    }

    /// A header, or an empty text.
    pub fn header(&self, name: &str) -> &str {
        let name = HeaderName::try_from(name).expect("the name of a header");
        self.headers.get(name).map(HeaderValue::to_str).and_then(Result::ok).unwrap_or_default()
    }
}
