//! Whatever a model provider does, an answer has a clear end, what had arrived is kept, and nobody else notices.

mod before_the_answer;
mod bounds;
mod in_the_answer;
mod stopping;

use serde_json::{Value, json};
use testing::upstream::{Script, Step, Upstream};

use crate::harness::{Client, Events, Server, ServerBuilder, SseEvent};

/// What a huge line or a bomb may cost beyond what the server takes anyway, in bytes.
const BOUNDED: u64 = 24 * 1024 * 1024;
/// What the harness configures as the provider's credential.
const PROVIDER_KEY: &str = "sk-test-upstream";

/// A server with the model `mock/m`, which does what the script says, and `other/echo`, which always works.
struct World {
    upstream: Upstream,
    other: Upstream,
    server: Server,
    owner: Client,
    conversation: String,
}

/// How an answer ended, from three sides that must agree: what was streamed, the message and the run.
struct Ended {
    message: Value,
    run: Value,
    last: Value,
}

/// A server whose provider is given up quickly, tried again quickly, and never left alone.
fn impatient(upstream: &Upstream) -> ServerBuilder {
    Server::builder()
        .provider("mock", upstream, "m")
        .env("COLLOQUY_PROVIDERS__MOCK__FIRST_TOKEN_TIMEOUT_MS", "500")
        .env("COLLOQUY_PROVIDERS__MOCK__IDLE_TIMEOUT_MS", "500")
        .env("COLLOQUY_MODELS__RETRY__PAUSE_MS", "10")
        .env("COLLOQUY_MODELS__BREAKER__FAILURES", "1000")
        .env("COLLOQUY_APPLICATION__TITLES", "false")
}

/// The same, but it waits for as long as a test takes.
fn patient(upstream: &Upstream) -> ServerBuilder {
    impatient(upstream)
        .env("COLLOQUY_PROVIDERS__MOCK__FIRST_TOKEN_TIMEOUT_MS", "60000")
        .env("COLLOQUY_PROVIDERS__MOCK__IDLE_TIMEOUT_MS", "60000")
}

impl World {
    async fn with(builder: impl FnOnce(&Upstream) -> ServerBuilder) -> Self {
        let (upstream, other) = (Upstream::start().await, Upstream::start().await);
        let server = builder(&upstream).provider("other", &other, "echo").start().await;
        let owner = server.owner().await;
        let conversation = owner.conversation_with(&json!({ "model": "mock/m" })).await;
        Self { upstream, other, server, owner, conversation }
    }

    async fn impatient() -> Self {
        Self::with(impatient).await
    }

    /// Asks `mock/m`, which plays these scripts one after the other, and waits for the end.
    async fn ask(&self, scripts: impl IntoIterator<Item = Script>) -> Ended {
        self.upstream.scripts("m", scripts);
        self.ask_again().await
    }

    async fn ask_again(&self) -> Ended {
        let exchange = self.owner.send(&self.conversation, "Go on").await;
        self.end_of(&exchange).await
    }

    /// Follows an exchange to its end.
    async fn end_of(&self, exchange: &Value) -> Ended {
        let (reply, run) = (id(&exchange["reply"]), id(&exchange["run"]));
        let events = self.owner.events(&format!("/api/v1/runs/{run}/events"), None).await.rest().await;
        let frames: Vec<Value> = events.iter().map(SseEvent::json).collect();
        let last = frames.last().expect("the last frame").clone();
        let message = self.owner.get(&format!("/api/v1/messages/{reply}")).await.expect(200);
        let run = self.owner.get(&format!("/api/v1/runs/{run}")).await.expect(200);
        assert_eq!(told(&frames), message["parts"], "what was streamed is what is stored");
        assert_eq!(run["problem"], message["problem"]);
        assert_eq!(last.get("problem").unwrap_or(&Value::Null), &message["problem"]);
        assert_eq!(last["finish_reason"], message["finish_reason"]);
        assert_eq!(last["usage"], message["usage"]);
        assert!(run["ended_at"].is_string(), "{run}");
        Ended { message, run, last }
    }

    /// Asks, and expects a failure with this slug and what had arrived before, after so many requests.
    async fn fails(
        &self,
        scripts: impl IntoIterator<Item = Script>,
        slug: &str,
        kept: &str,
        requests: usize,
    ) -> Ended {
        let before = self.upstream.counts().requests;
        let ended = self.ask(scripts).await;
        ended.assert_failed(slug, kept);
        assert_eq!(self.upstream.counts().requests - before, requests, "requests at the provider");
        self.others_do_not_notice().await;
        ended
    }

    /// Asks, and expects a complete answer after so many requests.
    async fn answers(&self, scripts: impl IntoIterator<Item = Script>, text: &str, requests: usize) -> Ended {
        let before = self.upstream.counts().requests;
        let ended = self.ask(scripts).await;
        assert_eq!(ended.message["status"], "complete", "{}", ended.message);
        assert_eq!(
            (&ended.run["status"], &ended.last["type"]),
            (&json!("completed"), &json!("run.completed"))
        );
        assert_eq!(ended.message["parts"], json!([{ "kind": "text", "text": text }]));
        assert_eq!(self.upstream.counts().requests - before, requests, "requests at the provider");
        ended
    }

    /// The other provider answers, and the server is well.
    async fn others_do_not_notice(&self) {
        let before = self.other.counts().requests;
        let conversation = self.owner.conversation_with(&json!({ "model": "other/echo" })).await;
        let answer = self.owner.ask(&conversation, "Are you there?").await;
        assert_eq!(answer["status"], "complete", "{answer}");
        assert_eq!(self.other.counts().requests - before, 1);
        assert_eq!(self.owner.get("/health/ready").await.status, 200);
    }
}

impl Ended {
    fn assert_failed(&self, slug: &str, kept: &str) {
        assert_eq!(self.message["status"], "failed", "{}", self.message);
        assert_eq!((&self.run["status"], &self.last["type"]), (&json!("failed"), &json!("run.failed")));
        assert_eq!(self.message["problem"]["type"], format!("/problems/{slug}"), "{}", self.message);
        assert!(self.detail().len() > 20, "the problem says what happened: {}", self.detail());
        assert_eq!(self.text(), kept);
        assert_eq!(self.message["finish_reason"], Value::Null);
    }

    fn text(&self) -> &str {
        self.message["parts"][0]["text"].as_str().unwrap_or_default()
    }

    fn detail(&self) -> &str {
        self.message["problem"]["detail"].as_str().expect("words")
    }
}

fn id(value: &Value) -> &str {
    value["id"].as_str().expect("an id")
}

/// The parts that a reader puts together from the frames of a run, by the rules of the contract.
fn told(frames: &[Value]) -> Value {
    let mut parts = json!([]);
    for frame in frames {
        match frame["type"].as_str().expect("a type") {
            "snapshot" => parts = frame["state"]["parts"].clone(),
            "part.started" => parts.as_array_mut().expect("parts").push(frame["content"].clone()),
            "delta" => {
                let index = usize::try_from(frame["part"].as_u64().expect("a part")).expect("an index");
                let part = &mut parts[index];
                let field = if part["kind"] == "tool_call" { "arguments" } else { "text" };
                let text = part[field].as_str().expect("a text").to_owned();
                part[field] = json!(text + frame["text"].as_str().expect("a text"));
            }
            _ => {}
        }
    }
    parts
}

fn text_step(text: &str) -> Step {
    Step::Text(text.to_owned())
}

/// Follows an event stream until this text has arrived.
async fn read_until(events: &mut Events, text: &str) {
    let mut frames = Vec::new();
    while told(&frames)[0]["text"] != text {
        frames.push(events.next().await.expect("an event").json());
    }
}
