//! One run, watched by 1,000 sockets: CPU for each delivered delta, beside one bare `write` each.

use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::time::Duration;

use serde_json::json;
use tokio::io::AsyncReadExt as _;
use tokio::task::JoinSet;

use crate::Outcome;
use crate::figures::{print, ratio};
use crate::http::{once, request};
use crate::process::{Process, cpu};
use crate::server::{Server, folder};
use crate::sockets::Socket;

const SOCKETS: usize = 1000;
/// 400 chunks, 25 ms apart: ten seconds, one delta each.
const MODEL: &str = "bench/paced-400-25";

pub async fn run() -> Outcome {
    let alone = bare().await?;
    let (_upstream, upstream) = Process::start_self(&["serve-upstream"])?;
    let data = folder()?;
    let server = Server::start(data.path(), Some(&upstream)).await?;
    let authorization = server.authorization().await?;
    let conversation = server.conversation(&authorization, MODEL).await?;
    let mut watching = JoinSet::new();
    for _ in 0..SOCKETS {
        let mut socket = Socket::open(&server.address, &authorization).await?;
        socket.subscribe(&format!("conversation:{conversation}")).await?;
        watching.spawn(async move { socket.count_deltas().await });
    }
    let before = server.process.cpu()?;
    let path = format!("/api/v1/conversations/{conversation}/messages");
    let body = json!({ "text": "Count slowly.", "reply": true }).to_string();
    once(&server.address, &request("POST", &path, &[("Authorization", &authorization)], &body))
        .await?
        .json()?;
    let mut deltas = 0;
    while let Some(count) = watching.join_next().await {
        deltas += count??;
    }
    let each = each(server.process.cpu()?.saturating_sub(before), deltas);
    print(
        "fanout",
        &format!("CPU for each of {deltas} deltas to {SOCKETS} sockets"),
        &format!("{:.2} µs", each * 1e6),
        &format!("{} a bare write", ratio(each, alone)),
    );
    server.process.stop()
}

/// Writes a frame-sized piece to 1,000 loopback connections, 400 times; gives the CPU seconds for each.
pub async fn bare() -> Outcome<f64> {
    const ROUNDS: u64 = 400;
    const FRAME: [u8; 110] = [b'x'; 110];
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let writing = std::thread::spawn(move || -> Outcome<Duration> {
        let mut streams = Vec::new();
        for _ in 0..SOCKETS {
            let (stream, _) = listener.accept()?;
            stream.set_nodelay(true)?;
            streams.push(stream);
        }
        let stat = Path::new("/proc/thread-self/stat");
        let before = cpu(stat)?;
        for _ in 0..ROUNDS {
            for stream in &mut streams {
                stream.write_all(&FRAME)?;
            }
        }
        Ok(cpu(stat)?.saturating_sub(before))
    });
    let mut reading = JoinSet::new();
    for _ in 0..SOCKETS {
        let stream = TcpStream::connect(address)?;
        stream.set_nonblocking(true)?;
        let mut stream = tokio::net::TcpStream::from_std(stream)?;
        reading.spawn(async move {
            let mut buffer = [0; 16 * 1024];
            while stream.read(&mut buffer).await.is_ok_and(|length| length > 0) {}
        });
    }
    while reading.join_next().await.is_some() {}
    let used = writing.join().map_err(|_| "the writing thread panicked")??;
    let each = each(used, ROUNDS * SOCKETS as u64);
    print(
        "fanout",
        "CPU for one bare write of 110 bytes",
        &format!("{:.2} µs", each * 1e6),
        "the kernel alone",
    );
    Ok(each)
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn each(used: Duration, count: u64) -> f64 {
    used.as_secs_f64() / (count as f64).max(1.0)
}
