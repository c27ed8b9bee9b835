//! The OpenAI-compatible route without streaming, beside a bare pass-through and the upstream alone.

use std::time::Duration;

use serde_json::json;

use crate::Outcome;
use crate::figures::{latencies, per_second, print, quantile, rate, ratio};
use crate::http::request;
use crate::load::{Load, Until, closed_loop};
use crate::process::Process;
use crate::server::{Server, folder};

const TIME: Duration = Duration::from_secs(5);
const PATH: &str = "/v1/chat/completions";

pub async fn run() -> Outcome {
    let upstream = Target::upstream()?;
    let passthrough = Target::passthrough(&upstream.address)?;
    let data = folder()?;
    let server = Server::start(data.path(), Some(&upstream.address)).await?;
    let authorization = server.authorization().await?;
    for connections in [1, 64] {
        let alone = measure("the upstream alone", &upstream.address, "", connections).await?;
        let bare = measure("a bare pass-through", &passthrough.address, "", connections).await?;
        let here = load(&server.address, &authorization, "bench/instant", connections).await?;
        let of_bare = ratio(per_second(here.requests, here.elapsed), per_second(bare.requests, bare.elapsed));
        show(&format!("here, connections: {connections}"), &here, &format!("{of_bare} the pass-through"));
        let added = |load: &Load, at| quantile(&load.whole, at) - quantile(&alone.whole, at);
        print(
            "completions",
            &format!("added latency p50, p99, connections: {connections}"),
            &format!("{:.3} {:.3} ms", added(&here, 0.5), added(&here, 0.99)),
            &format!("the pass-through adds {:.3} {:.3} ms", added(&bare, 0.5), added(&bare, 0.99)),
        );
    }
    server.process.stop()
}

/// The pass-through beside the upstream.
pub async fn bare() -> Outcome {
    let upstream = Target::upstream()?;
    let passthrough = Target::passthrough(&upstream.address)?;
    for connections in [1, 64] {
        measure("the upstream alone", &upstream.address, "", connections).await?;
        measure("a bare pass-through", &passthrough.address, "", connections).await?;
    }
    Ok(())
}

/// A server that this program is itself.
pub struct Target {
    /// The process.
    pub process: Process,
    /// `host:port`.
    pub address: String,
}

impl Target {
    /// The mock model.
    pub fn upstream() -> Outcome<Self> {
        let (process, address) = Process::start_self(&["serve-upstream"])?;
        Ok(Self { process, address })
    }

    /// The bare pass-through to it.
    pub fn passthrough(upstream: &str) -> Outcome<Self> {
        let (process, address) = Process::start_self(&["serve-passthrough", upstream])?;
        Ok(Self { process, address })
    }
}

async fn measure(name: &str, address: &str, authorization: &str, connections: usize) -> Outcome<Load> {
    let load = load(address, authorization, "instant", connections).await?;
    show(&format!("{name}, connections: {connections}"), &load, "");
    Ok(load)
}

async fn load(address: &str, authorization: &str, model: &str, connections: usize) -> Outcome<Load> {
    let body = json!({ "model": model, "messages": [{ "role": "user", "content": "How quick are you?" }] });
    let one = request("POST", PATH, &[("Authorization", authorization)], &body.to_string());
    closed_loop(address, vec![one; connections], Until::After(TIME)).await
}

fn show(what: &str, load: &Load, beside: &str) {
    let separator = if beside.is_empty() { "" } else { "; " };
    let beside = format!("{beside}{separator}{}", latencies(&load.whole));
    print("completions", what, &rate(load.requests, load.elapsed), &beside);
}
