//! From nothing to ready, what an idle server holds, and how large the binary is; beside the bare pass-through.

use std::fs;
use std::time::Instant;

use super::completions::Target;
use crate::Outcome;
use crate::figures::print;
use crate::server::{Server, binary, folder};

const STARTS: usize = 5;

pub async fn run() -> Outcome {
    let upstream = Target::upstream()?;
    let begun = Instant::now();
    let passthrough = Target::passthrough(&upstream.address)?;
    let bare_start = begun.elapsed();
    let bare_memory = passthrough.process.memory()?;
    let data = folder()?;
    let first = Server::start(data.path(), None).await?;
    let fresh = first.took;
    first.process.stop()?;
    let (mut times, mut memory) = (Vec::new(), 0);
    for _ in 0..STARTS {
        let server = Server::start(data.path(), None).await?;
        times.push(server.took);
        memory = server.process.memory()?;
        server.process.stop()?;
    }
    times.sort_unstable();
    print(
        "start",
        &format!("start to ready, median of {STARTS}"),
        &format!("{:.1?}", times[STARTS / 2]),
        &format!("{fresh:.1?} on an empty folder, with the first account; pass-through {bare_start:.1?}"),
    );
    let megabytes = |bytes: u64| format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000);
    print("start", "idle memory", &megabytes(memory), &format!("pass-through {}", megabytes(bare_memory)));
    let size = fs::metadata(binary()?)?.len();
    let own = fs::metadata(std::env::current_exe()?)?.len();
    print(
        "start",
        "binary",
        &megabytes(size),
        &format!("this program, actix and reqwest in it, {}", megabytes(own)),
    );
    Ok(())
}
