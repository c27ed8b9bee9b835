//! Moving a database in, beside Postgres' own `COPY` of the same messages.

use std::process::Command;
use std::time::Instant;

use testing::servers::TestDatabase;

use super::pages::{number, seed};
use crate::figures::{per_second, print, rate, ratio};
use crate::server::{Server, binary, folder};
use crate::{Outcome, stores};

/// So many conversations at most.
const CONVERSATIONS: u64 = 20_000;
const MESSAGES: u64 = 10;

pub async fn run() -> Outcome {
    let postgres = stores::postgres().await?;
    let database = stores::database(&postgres).await?;
    let data = folder()?;
    Server::start(data.path(), None).await?.process.stop()?;
    let conversations = number("BENCH_CONVERSATIONS", CONVERSATIONS)?.min(CONVERSATIONS);
    seed(data.path(), conversations, MESSAGES)?;
    let sqlite = format!("sqlite://{}", data.path().join("colloquy.db").display());
    let started = Instant::now();
    let (rows, there) = copy(&sqlite, &database.url())?;
    let whole = started.elapsed();
    let alone = bare(&database)?;
    print("copy", "COPY of the messages into a table without indexes", &rate_of(alone), "");
    print(
        "copy",
        &format!("{rows} rows from SQLite to Postgres"),
        &rate_of(there),
        &format!(
            "{} COPY; with making indexes and comparing both, {}",
            ratio(there, alone),
            rate(rows, whole)
        ),
    );
    let back = data.path().join("back.db");
    let (rows, back) = copy(&database.url(), &format!("sqlite://{}", back.display()))?;
    print(
        "copy",
        &format!("{rows} rows from Postgres to SQLite"),
        &rate_of(back),
        &format!("{} COPY", ratio(back, alone)),
    );
    Ok(())
}

/// Copies; gives how many rows, and how many a second.
pub fn copy(from: &str, to: &str) -> Outcome<(u64, f64)> {
    let output = Command::new(binary()?).args(["copy", "--from", from, "--to", to]).output()?;
    let printed = String::from_utf8_lossy(&output.stdout);
    let last = printed.lines().last().unwrap_or_default();
    let numbers: Vec<f64> = last
        .split(|c: char| !c.is_ascii_digit() && c != '.')
        .filter_map(|word| word.trim_matches('.').parse().ok())
        .collect();
    match numbers[..] {
        [_, rows, per_second] if output.status.success() => Ok((as_count(rows), per_second)),
        _ => Err(format!("copying failed: {}", String::from_utf8_lossy(&output.stderr)).into()),
    }
}

/// What `COPY` alone does with the messages, rows in a second.
fn bare(database: &TestDatabase) -> Outcome<f64> {
    let file = tempfile::Builder::new().prefix("bench-").suffix(".copy").tempfile()?;
    let path = file.path().display();
    let psql = |sql: &str| -> Outcome {
        let status =
            Command::new("psql").args(["--quiet", "--command", sql]).arg(database.admin_url()).status()?;
        if status.success() { Ok(()) } else { Err("psql failed".into()) }
    };
    psql("CREATE TABLE bare (LIKE messages)")?;
    psql(&format!("\\copy messages TO '{path}' (FORMAT binary)"))
        .or_else(|_| psql(&format!("\\copy (SELECT * FROM messages) TO '{path}' (FORMAT binary)")))?;
    let start = Instant::now();
    psql(&format!("\\copy bare FROM '{path}' (FORMAT binary)"))?;
    let elapsed = start.elapsed();
    let rows = database.execute(&["SELECT count(*) FROM bare"])?.trim().parse()?;
    psql("DROP TABLE bare")?;
    Ok(per_second(rows, elapsed))
}

fn rate_of(per_second: f64) -> String {
    format!("{} /s", crate::figures::whole(per_second))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it was printed as a whole number"
)]
fn as_count(number: f64) -> u64 {
    number as u64
}
