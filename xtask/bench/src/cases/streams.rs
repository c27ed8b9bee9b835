//! Streams of 100 chunks a second through the OpenAI-compatible route, beside a bare pass-through.

use std::time::Duration;

use serde_json::json;

use super::completions::Target;
use crate::Outcome;
use crate::figures::{print, quantile};
use crate::http::request;
use crate::load::{Load, Until, closed_loop};
use crate::process::Process;
use crate::server::{Server, folder};

/// 200 chunks, 10 ms apart: two seconds.
const MODEL: &str = "paced-200-10";
const CHUNKS: u32 = 200;
const IDEAL: Duration = Duration::from_millis(1990);
const STREAMS: [usize; 3] = [1, 200, 1000];

pub async fn run() -> Outcome {
    let upstream = Target::upstream()?;
    let passthrough = Target::passthrough(&upstream.address)?;
    let data = folder()?;
    let server = Server::start(data.path(), Some(&upstream.address)).await?;
    let authorization = server.authorization().await?;
    let model = format!("bench/{MODEL}");
    for streams in STREAMS {
        let alone = measure("the upstream alone", &upstream, "", MODEL, streams).await?;
        let bare = measure("a bare pass-through", &passthrough, "", MODEL, streams).await?;
        let here =
            measured("here", &server.process, &server.address, &authorization, &model, streams).await?;
        let added = |load: &Load| quantile(&load.first, 0.5) - quantile(&alone.first, 0.5);
        print(
            "streams",
            &format!("added time to first token, {streams} streams"),
            &format!("{:.3} ms", added(&here)),
            &format!("the pass-through adds {:.3} ms", added(&bare)),
        );
    }
    server.process.stop()
}

/// The pass-through beside the upstream.
pub async fn bare() -> Outcome {
    let upstream = Target::upstream()?;
    let passthrough = Target::passthrough(&upstream.address)?;
    for streams in STREAMS {
        measure("the upstream alone", &upstream, "", MODEL, streams).await?;
        measure("a bare pass-through", &passthrough, "", MODEL, streams).await?;
    }
    Ok(())
}

async fn measure(
    name: &str,
    target: &Target,
    authorization: &str,
    model: &str,
    streams: usize,
) -> Outcome<Load> {
    measured(name, &target.process, &target.address, authorization, model, streams).await
}

async fn measured(
    name: &str,
    process: &Process,
    address: &str,
    authorization: &str,
    model: &str,
    streams: usize,
) -> Outcome<Load> {
    let messages = [json!({ "role": "user", "content": "Count slowly." })];
    let body = json!({ "model": model, "stream": true, "messages": messages }).to_string();
    let one = request("POST", "/v1/chat/completions", &[("Authorization", authorization)], &body);
    let before = process.cpu()?;
    let load = closed_loop(address, vec![one; streams], Until::Count(1)).await?;
    let cpu = process.cpu()?.saturating_sub(before);
    let chunks = u32::try_from(load.requests).unwrap_or(u32::MAX).saturating_mul(CHUNKS).max(1);
    let late = quantile(&load.whole, 0.99) - IDEAL.as_secs_f64() * 1000.0;
    print(
        "streams",
        &format!("{name}, {streams} streams, end later than ideal, p99"),
        &format!("{late:.1} ms"),
        &format!("first token p50 {:.3} ms; {:?} CPU a chunk", quantile(&load.first, 0.5), cpu / chunks),
    );
    Ok(load)
}
