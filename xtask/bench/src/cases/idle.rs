//! Memory of sockets that are connected and silent, beside the process without them.

use std::time::Duration;

use crate::Outcome;
use crate::figures::{print, whole};
use crate::server::{Server, folder};
use crate::sockets::Socket;

const SOCKETS: u32 = 5000;
const QUIET: Duration = Duration::from_secs(5);

pub async fn run() -> Outcome {
    let data = folder()?;
    let server = Server::start(data.path(), None).await?;
    let authorization = server.authorization().await?;
    let mut channels = vec!["user:me".to_owned()];
    for _ in 0..2 {
        channels
            .push(format!("conversation:{}", server.conversation(&authorization, "builtin/recall").await?));
    }
    let before = server.process.memory()?;
    let mut sockets = Vec::new();
    for _ in 0..SOCKETS {
        let mut socket = Socket::open(&server.address, &authorization).await?;
        for channel in &channels {
            socket.subscribe(channel).await?;
        }
        sockets.push(socket);
    }
    let after = server.process.memory()?;
    let each = f64::from(u32::try_from(after.saturating_sub(before) / u64::from(SOCKETS))?);
    print(
        "idle",
        &format!("memory of each of {SOCKETS} sockets, 3 subscriptions"),
        &format!("{} bytes", whole(each)),
        &format!("{} MB without them, {} MB with", before / 1_000_000, after / 1_000_000),
    );
    let start = server.process.cpu()?;
    tokio::time::sleep(QUIET).await;
    let used = server.process.cpu()?.saturating_sub(start);
    let share = used.as_secs_f64() / QUIET.as_secs_f64() * 100.0;
    print(
        "idle",
        &format!("CPU while {SOCKETS} sockets are silent"),
        &format!("{share:.1} %"),
        "of one core",
    );
    drop(sockets);
    server.process.stop()
}
