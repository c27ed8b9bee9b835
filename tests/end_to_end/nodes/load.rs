//! People who write all the time, and what they were answered.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use reqwest::Method;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::harness::{Answer, Client, new_id};

/// Writers at work.
pub struct Load {
    shared: Arc<Shared>,
    writers: JoinSet<()>,
}

#[derive(Default)]
struct Shared {
    is_over: AtomicBool,
    answers: Mutex<Vec<Observed>>,
    acknowledged: Mutex<HashMap<String, String>>,
}

/// One answer.
#[derive(Debug, Clone)]
pub struct Observed {
    /// When the request began.
    pub at: Instant,
    /// How long it took.
    pub elapsed: Duration,
    /// The status code; zero where the connection failed.
    pub status: u16,
    /// Whether a refusal said when to come back.
    pub has_retry_after: bool,
}

/// What became of it all.
#[derive(Debug)]
pub struct Ended {
    /// Every answer, in the order in which they came.
    pub answers: Vec<Observed>,
    /// The conversations that were acknowledged: id and title.
    pub acknowledged: HashMap<String, String>,
}

impl Load {
    /// Starts so many writers at each of these clients. A writer makes one conversation after the other, and repeats each
    /// attempt under its key until it is acknowledged; between two writes it reads.
    pub fn start(clients: &[Client], writers: usize) -> Self {
        let shared = Arc::new(Shared::default());
        let mut tasks = JoinSet::new();
        for (place, client) in clients.iter().enumerate() {
            for writer in 0..writers {
                let name = format!("writer {place}.{writer}");
                tasks.spawn(write(name, client.clone(), Arc::clone(&shared)));
            }
        }
        Self { shared, writers: tasks }
    }

    /// Waits until some more writes are acknowledged.
    pub async fn goes_on(&self, more: usize) {
        let before = self.shared.acknowledged.lock().len();
        crate::harness::eventually("further writes", || {
            std::future::ready((self.shared.acknowledged.lock().len() >= before + more).then_some(()))
        })
        .await;
    }

    /// Lets every writer finish what it has begun.
    pub async fn end(self) -> Ended {
        self.shared.is_over.store(true, Ordering::Relaxed);
        self.writers.join_all().await;
        let (answers, acknowledged) =
            (self.shared.answers.lock().clone(), self.shared.acknowledged.lock().clone());
        Ended { answers, acknowledged }
    }
}

impl Ended {
    /// Everything that was acknowledged is there once, and nothing else is.
    pub async fn is_kept(&self, owner: &Client) {
        let mut stored = HashMap::new();
        let mut after = String::new();
        loop {
            let page = owner.get(&format!("/api/v1/conversations?limit=200{after}")).await.expect(200);
            for conversation in page["items"].as_array().expect("items") {
                let title = conversation["title"].as_str().unwrap_or_default();
                if title.starts_with("writer ") {
                    let id = conversation["id"].as_str().expect("an id").to_owned();
                    assert!(stored.insert(title.to_owned(), id).is_none(), "{title} is there twice");
                }
            }
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => break,
            }
        }
        for (id, title) in &self.acknowledged {
            assert_eq!(stored.get(title), Some(id), "{title} was acknowledged");
        }
        assert_eq!(stored.len(), self.acknowledged.len());
    }
}

async fn write(name: String, client: Client, shared: Arc<Shared>) {
    for number in 0.. {
        if shared.is_over.load(Ordering::Relaxed) {
            return;
        }
        let (key, title) = (new_id(), format!("{name} number {number}"));
        let created = loop {
            let request = client.request(Method::POST, "/api/v1/conversations");
            let request = request.header("idempotency-key", &key).json(&json!({ "title": title }));
            match shared.observe(request).await {
                Some(answer) if answer.status == 201 => break answer.json(),
                Some(_) | None => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        };
        let id = created["id"].as_str().expect("an id").to_owned();
        shared.acknowledged.lock().insert(id.clone(), title);
        let read = client.request(Method::GET, &format!("/api/v1/conversations/{id}"));
        shared.observe(read).await;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

impl Shared {
    async fn observe(&self, request: reqwest::RequestBuilder) -> Option<Answer> {
        let at = Instant::now();
        let answer = Answer::try_of(request).await.ok();
        let status = answer.as_ref().map_or(0, |answer| answer.status);
        let has_retry_after = answer.as_ref().is_some_and(|answer| !answer.header("retry-after").is_empty());
        self.answers.lock().push(Observed { at, elapsed: at.elapsed(), status, has_retry_after });
        answer
    }
}
