//! Durable chat turns, beside one `fdatasync` a turn on the same disk.

use std::fs::File;
use std::io::Write as _;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::Outcome;
use crate::figures::{latencies, per_second, print, rate, ratio};
use crate::http::request;
use crate::load::{Until, closed_loop};
use crate::process::Process;
use crate::server::{Server, folder};

const TIME: Duration = Duration::from_secs(5);
const ROW: [u8; 512] = [b'x'; 512];

pub async fn run() -> Outcome {
    let alone = bare()?;
    let (_upstream, upstream) = Process::start_self(&["serve-upstream"])?;
    let data = folder()?;
    let server = Server::start(data.path(), Some(&upstream)).await?;
    let authorization = server.authorization().await?;
    for writers in [1, 64] {
        for (what, reply, accept) in [
            ("questions stored", false, "application/json"),
            ("turns, question to end of answer", true, "text/event-stream"),
        ] {
            let mut requests = Vec::new();
            for _ in 0..writers {
                let id = server.conversation(&authorization, "bench/instant").await?;
                let body = json!({ "text": "What is quicker than this?", "reply": reply }).to_string();
                let headers = [("Authorization", authorization.as_str()), ("Accept", accept)];
                requests.push(request(
                    "POST",
                    &format!("/api/v1/conversations/{id}/messages"),
                    &headers,
                    &body,
                ));
            }
            let load = closed_loop(&server.address, requests, Until::After(TIME)).await?;
            let here = per_second(load.requests, load.elapsed);
            print(
                "turns",
                &format!("{what}, {writers} writers"),
                &rate(load.requests, load.elapsed),
                &format!("{} one fsync each; {}", ratio(here, alone), latencies(&load.whole)),
            );
        }
    }
    server.process.stop()
}

/// Appends 512 bytes and waits for the disk, over and over; gives how often in a second.
pub fn bare() -> Outcome<f64> {
    let folder = folder()?;
    let mut file = File::create(folder.path().join("rows"))?;
    let start = Instant::now();
    let mut rows = 0;
    while start.elapsed() < TIME {
        file.write_all(&ROW)?;
        file.sync_data()?;
        rows += 1;
    }
    let elapsed = start.elapsed();
    print("turns", "one fdatasync for each 512 bytes appended", &rate(rows, elapsed), "the disk alone");
    Ok(per_second(rows, elapsed))
}
