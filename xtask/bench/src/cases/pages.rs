//! Pages of lists and of histories, as the database grows.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::Outcome;
use crate::figures::{latencies, print, quantile, ratio};
use crate::http::{once, request};
use crate::load::{Load, Until, closed_loop};
use crate::server::{OWNER, Server, folder};

const SIZES: [u64; 3] = [1_000, 100_000, 1_000_000];
const REQUESTS: u64 = 2000;

pub async fn run() -> Outcome {
    let (mut first_list, mut first_history) = (None, None);
    for size in SIZES {
        let data = folder()?;
        // The first start makes the owner, whose conversations are seeded; the server must not run meanwhile.
        Server::start(data.path(), None).await?.process.stop()?;
        seed(data.path(), size)?;
        let server = Server::start(data.path(), None).await?;
        let authorization = server.authorization().await?;
        let list = pages(&server, &authorization, "/api/v1/conversations?limit=50").await?;
        show("list page of 50", size, &list, *first_list.get_or_insert(quantile(&list.whole, 0.95)));
        let long = long_conversation(&server, &authorization).await?;
        let path = format!("/api/v1/conversations/{long}/messages?limit=50");
        let history = pages(&server, &authorization, &path).await?;
        show(
            "history page of 50",
            size,
            &history,
            *first_history.get_or_insert(quantile(&history.whole, 0.95)),
        );
        server.process.stop()?;
    }
    Ok(())
}

async fn pages(server: &Server, authorization: &str, path: &str) -> Outcome<Load> {
    let one = request("GET", path, &[("Authorization", authorization)], "");
    once(&server.address, &one).await?.json()?;
    closed_loop(&server.address, vec![one], Until::Count(REQUESTS)).await
}

fn show(what: &str, size: u64, load: &Load, first: f64) {
    let p95 = quantile(&load.whole, 0.95);
    print(
        "pages",
        &format!("{what}, {size} conversations, p95"),
        &format!("{p95:.3} ms"),
        &format!("{} that of {}; {}", ratio(p95, first), SIZES[0], latencies(&load.whole)),
    );
}

/// A conversation with more messages than a page holds.
async fn long_conversation(server: &Server, authorization: &str) -> Outcome<String> {
    let id = server.conversation(authorization, "builtin/recall").await?;
    let body = json!({ "text": "One more line of a long conversation.", "reply": false }).to_string();
    let post = request(
        "POST",
        &format!("/api/v1/conversations/{id}/messages"),
        &[("Authorization", authorization)],
        &body,
    );
    for _ in 0..60 {
        once(&server.address, &post).await?.json()?;
    }
    Ok(id)
}

/// Fills the database through `BENCH_SEED_BIN`, which `cargo xtask bench` sets.
fn seed(data: &Path, conversations: u64) -> Outcome {
    let program =
        std::env::var_os("BENCH_SEED_BIN").ok_or("COLLOQUY_SEED is not set; use `cargo xtask bench`")?;
    let mut command = Command::new(program);
    command.args(["--conversations", &conversations.to_string(), "--messages", "2", "--owner", OWNER]);
    let status = command.arg("--data-dir").arg(data).stdout(Stdio::null()).status()?;
    if status.success() { Ok(()) } else { Err(format!("seeding ended with {status}").into()) }
}
