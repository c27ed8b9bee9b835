//! Several nodes on one Postgres and one Redis: whatever a person does, and whatever fails, it does not matter which node
//! they talk to.

mod authority;
mod copying;
mod cut_off;
mod database_away;
mod events;
mod first_owner;
mod forgetting;
mod jobs;
mod limits;
mod load;
mod migrations;
mod orphans;
mod providers;
mod redis_away;
mod refusals;
mod reindexing;
mod repeats;
mod rolling_restart;
mod sessions;
mod sharing;
mod streams;
mod unclear_commits;

use std::time::Duration;

use serde_json::{Value, json};
use testing::upstream::{Script, Upstream};

use crate::harness::{Client, Cluster, Server, ServerBuilder};

/// What a machine that is busy with other things may add to a promised time.
const SLACK: Duration = Duration::from_secs(3);

/// Nodes with one scripted model, `mock/m`, whose every token becomes a delta of its own.
fn nodes(upstream: &Upstream) -> ServerBuilder {
    Server::builder()
        .provider("mock", upstream, "m")
        .env("COLLOQUY_APPLICATION__COALESCE_MS", "1")
        .env("COLLOQUY_APPLICATION__TITLES", "false")
        .env("COLLOQUY_APPLICATION__SIGN_INS_PER_MINUTE", "1000")
}

/// Two nodes, and a model that gives each of these tokens when the test releases it.
async fn streaming(tokens: &[&str]) -> (Upstream, Cluster, Client) {
    let upstream = Upstream::start().await;
    upstream.script("m", Script::tokens(tokens.iter().copied()).gated());
    let cluster = Cluster::of(nodes(&upstream)).start().await;
    let owner = cluster.owner().await;
    (upstream, cluster, owner)
}

/// A question to the scripted model in a new conversation; the exchange.
async fn ask(owner: &Client) -> Value {
    let conversation = owner.conversation_with(&json!({ "model": "mock/m", "title": "Fixed" })).await;
    owner.send(&conversation, "Tell me").await
}

fn id(value: &Value) -> &str {
    value["id"].as_str().expect("an id")
}

/// The text of a message; empty as long as there is none.
fn words(message: &Value) -> &str {
    message["parts"][0]["text"].as_str().unwrap_or_default()
}
