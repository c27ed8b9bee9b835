//! One run, watched on the node that makes it and on another one: how much later each delta comes there.

use std::collections::HashMap;
use std::time::Instant;

use hdrhistogram::Histogram;
use serde_json::json;

use crate::Outcome;
use crate::figures::{latencies, print, quantile, ratio};
use crate::http::{once, request};
use crate::load::{histogram, micros};
use crate::process::Process;
use crate::server::{Server, folder};
use crate::sockets::Socket;
use crate::stores;

/// 200 chunks, 30 ms apart: a delta each.
const MODEL: &str = "bench/paced-200-30";
const RUNS: usize = 5;

pub async fn run() -> Outcome {
    let (postgres, redis) = (stores::postgres().await?, stores::redis().await?);
    let database = stores::database(&postgres).await?;
    let variables = stores::variables(&database, Some(&redis));
    let (_upstream, upstream) = Process::start_self(&["serve-upstream"])?;
    let (here, there) = (folder()?, folder()?);
    let here = Server::start_with(here.path(), Some(&upstream), &variables).await?;
    let there = Server::start_with(there.path(), Some(&upstream), &variables).await?;
    let authorization = here.authorization().await?;
    let (mut own_first, mut elsewhere_first, mut beside, mut apart) =
        (histogram(), histogram(), histogram(), histogram());
    for _ in 0..RUNS {
        let conversation = here.conversation(&authorization, MODEL).await?;
        let channel = format!("conversation:{conversation}");
        let mut watching = Vec::new();
        for address in [&here.address, &here.address, &there.address] {
            let mut socket = Socket::open(address, &authorization).await?;
            socket.subscribe(&channel).await?;
            watching.push(tokio::spawn(async move { socket.arrivals().await }));
        }
        let body = json!({ "text": "Count slowly.", "reply": true }).to_string();
        let path = format!("/api/v1/conversations/{conversation}/messages");
        let post = request("POST", &path, &[("Authorization", &authorization)], &body);
        let asked = Instant::now();
        once(&here.address, &post).await?.json()?;
        let mut arrivals = Vec::new();
        for watcher in watching {
            arrivals.push(watcher.await??);
        }
        let [same, other, elsewhere] = &arrivals[..] else { return Err("three sockets were asked".into()) };
        record_first(&mut own_first, same, asked);
        record_first(&mut elsewhere_first, elsewhere, asked);
        record_later(&mut beside, same, other);
        record_later(&mut apart, same, elsewhere);
    }
    let shown = |histogram: &Histogram<u64>| format!("{:.2} ms", quantile(histogram, 0.5));
    print(
        "nodes",
        "question to first delta, on the node that answers",
        &shown(&own_first),
        &latencies(&own_first),
    );
    print(
        "nodes",
        "question to first delta, on the other node",
        &shown(&elsewhere_first),
        &format!(
            "{}; {}",
            ratio(quantile(&elsewhere_first, 0.5), quantile(&own_first, 0.5)),
            latencies(&elsewhere_first)
        ),
    );
    print(
        "nodes",
        "a delta at a second socket of the same node, later by",
        &shown(&beside),
        &latencies(&beside),
    );
    print("nodes", "a delta at a socket of the other node, later by", &shown(&apart), &latencies(&apart));
    here.process.stop()?;
    there.process.stop()
}

fn record_first(histogram: &mut Histogram<u64>, arrivals: &HashMap<u64, Instant>, asked: Instant) {
    if let Some(first) = arrivals.values().min() {
        histogram.saturating_record(micros(first.saturating_duration_since(asked)));
    }
}

/// How much later each event came to the second than to the first.
fn record_later(
    histogram: &mut Histogram<u64>,
    first: &HashMap<u64, Instant>,
    second: &HashMap<u64, Instant>,
) {
    for (position, at) in first {
        if let Some(later) = second.get(position) {
            histogram.saturating_record(micros(later.saturating_duration_since(*at)));
        }
    }
}
