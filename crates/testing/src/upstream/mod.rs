//! A scripted model provider: a real HTTP/1.1 server on a real socket that speaks `OpenAI`'s wire format and fails in
//! every way that providers fail.
//!
//! `POST …/chat/completions` plays the script that the test has set for the model of the request, or else the one
//! that goes by the model's name ([`Script::by_name`]). `GET …/models` lists the models.

mod http;
mod script;
mod serve;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;

pub use http::Recorded;
pub use script::{Script, Step};

use self::http::Connection;
use self::serve::Ending;

/// How long a test waits for something to happen before it fails.
const PATIENCE: Duration = Duration::from_secs(20);
/// How many requests are kept.
const MOST_RECORDED: usize = 10_000;

/// A running provider. Dropping it closes its socket and every connection.
#[derive(Debug)]
pub struct Upstream {
    address: SocketAddr,
    shared: Arc<Shared>,
    _tasks: JoinSet<()>,
}

/// What has happened at an upstream so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Connections that clients have opened.
    pub connections: usize,
    /// Requests that have arrived.
    pub requests: usize,
    /// Answers that were given as the script says.
    pub given: usize,
    /// Answers during which the client went away.
    pub aborted: usize,
}

#[derive(Debug)]
pub(crate) struct Shared {
    state: Mutex<State>,
    gate: Semaphore,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    scripts: HashMap<String, VecDeque<Script>>,
    models: Vec<String>,
    owner: String,
    documents: BTreeMap<String, (u16, Value)>,
    api_key: Option<String>,
    recorded: VecDeque<Recorded>,
    counts: Counts,
}

impl Upstream {
    /// A provider on a free port of the loopback interface.
    ///
    /// # Panics
    /// When there is no free port.
    pub async fn start() -> Self {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0)))
            .await
            .expect("the loopback interface has a free port")
    }

    /// A provider at this address.
    pub async fn start_at(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let state =
            State { models: vec!["echo".to_owned()], owner: "testing".to_owned(), ..State::default() };
        let shared =
            Arc::new(Shared { state: Mutex::new(state), gate: Semaphore::new(0), changed: Notify::new() });
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self { address, shared, _tasks: tasks })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What a provider's `base_url` is set to.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Answers every request for `model` with `script`, and lists the model.
    pub fn script(&self, model: &str, script: Script) {
        self.scripts(model, [script]);
    }

    /// Answers the requests for `model` with one script after the other, the last one from then on.
    pub fn scripts(&self, model: &str, scripts: impl IntoIterator<Item = Script>) {
        let mut state = self.shared.state.lock();
        state.scripts.insert(model.to_owned(), scripts.into_iter().collect());
        if !state.models.iter().any(|known| known == model) {
            state.models.push(model.to_owned());
        }
    }

    /// Lists exactly these models, with this `owned_by`.
    pub fn offer(&self, models: &[&str], owned_by: &str) {
        let mut state = self.shared.state.lock();
        state.models = models.iter().map(|&model| model.to_owned()).collect();
        owned_by.clone_into(&mut state.owner);
    }

    /// Answers `GET path` with this document.
    pub fn document(&self, path: &str, status: u16, body: Value) {
        self.shared.state.lock().documents.insert(path.to_owned(), (status, body));
    }

    /// Refuses every request without this key.
    pub fn require_key(&self, key: &str) {
        self.shared.state.lock().api_key = Some(key.to_owned());
    }

    /// Lets the next `pieces` gated steps pass.
    pub fn release(&self, pieces: usize) {
        self.shared.gate.add_permits(pieces);
    }

    /// What has happened so far.
    pub fn counts(&self) -> Counts {
        self.shared.state.lock().counts
    }

    /// The latest request, if there was one.
    pub fn last_request(&self) -> Option<Recorded> {
        self.shared.state.lock().recorded.back().cloned()
    }

    /// The requests so far, oldest first, but for those beyond the last 10,000.
    pub fn requests(&self) -> Vec<Recorded> {
        self.shared.state.lock().recorded.iter().cloned().collect()
    }

    /// Waits until the counts are as `condition` wants them.
    ///
    /// # Panics
    /// When that does not happen within 20 s.
    pub async fn wait_until(&self, condition: impl Fn(Counts) -> bool) -> Counts {
        let waiting = async {
            loop {
                let changed = self.shared.changed.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                let counts = self.counts();
                if condition(counts) {
                    return counts;
                }
                changed.await;
            }
        };
        let Ok(counts) = tokio::time::timeout(PATIENCE, waiting).await else {
            panic!("waited in vain at the upstream: {:?}", self.counts());
        };
        counts
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        shared.change(|counts| counts.connections += 1);
        if let Ok(connection) = Connection::new(stream) {
            connections.spawn(serve::connection(Arc::clone(&shared), connection));
        }
    }
}

impl Shared {
    /// The script for a request, or a document.
    fn answer(&self, request: &Recorded) -> Result<Script, (u16, Value)> {
        let mut state = self.state.lock();
        let error = |status, message: &str| (status, json!({"error": {"message": message}}));
        if let Some(key) = &state.api_key
            && request.header("authorization") != Some(&format!("Bearer {key}"))
        {
            return Err(error(401, "Incorrect API key provided"));
        }
        if let Some(document) = state.documents.get(&request.path) {
            return Err(document.clone());
        }
        match (request.method.as_str(), request.path.as_str()) {
            ("GET", "/v1/models") => {
                let model = |id: &String| json!({"id": id, "object": "model", "owned_by": state.owner});
                Err((
                    200,
                    json!({"object": "list", "data": state.models.iter().map(model).collect::<Value>()}),
                ))
            }
            ("POST", "/v1/chat/completions") => {
                let model =
                    request.model().ok_or_else(|| error(400, "you must provide a model parameter"))?;
                Ok(match state.scripts.get_mut(&model) {
                    Some(scripts) if scripts.len() > 1 => scripts.pop_front(),
                    Some(scripts) => scripts.front().cloned(),
                    None => None,
                }
                .unwrap_or_else(|| Script::by_name(&model, &said(&request.json()))))
            }
            _ => Err(error(404, "there is nothing here")),
        }
    }

    fn begin(&self, request: Recorded) {
        self.change_state(|state| {
            state.recorded.push_back(request);
            if state.recorded.len() > MOST_RECORDED {
                state.recorded.pop_front();
            }
            state.counts.requests += 1;
        });
    }

    fn end(&self, ending: Ending) {
        self.change(|counts| match ending {
            Ending::Aborted => counts.aborted += 1,
            Ending::Given | Ending::Closed | Ending::Reset => counts.given += 1,
        });
    }

    async fn pass_the_gate(&self) {
        if let Ok(permit) = self.gate.acquire().await {
            permit.forget();
        }
    }

    fn change(&self, change: impl FnOnce(&mut Counts)) {
        self.change_state(|state| change(&mut state.counts));
    }

    fn change_state(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock());
        self.changed.notify_waiters();
    }
}

/// What the person said last.
fn said(body: &Value) -> String {
    let messages = body["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let last = messages.iter().rev().find(|message| message["role"] == "user");
    match last.map(|message| &message["content"]) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => parts.iter().filter_map(|part| part["text"].as_str()).collect(),
        _ => String::new(),
    }
}
