//! Pages of lists and of histories, and search, as the database grows, on both databases.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use domain::Email;
use domain::ports::{Identities, Search, SearchFilter, SearchOrder, SearchRequest};
use hdrhistogram::Histogram;
use serde_json::json;
use sqlite::Sqlite;

use super::copy::copy;
use crate::figures::{latencies, print, quantile, ratio};
use crate::http::{once, request};
use crate::load::{Until, closed_loop, histogram, micros};
use crate::server::{OWNER, Server, folder};
use crate::{Outcome, stores};

const SIZES: [u64; 3] = [1_000, 100_000, 1_000_000];
const REQUESTS: u64 = 2000;
const SEARCHES: usize = 300;

pub async fn run() -> Outcome {
    let most = number("BENCH_CONVERSATIONS", SIZES[2])?;
    let messages = number("BENCH_MESSAGES", 10)?;
    let postgres = stores::postgres().await?;
    let (mut on_sqlite, mut on_postgres) = (Firsts::default(), Firsts::default());
    for size in SIZES.into_iter().filter(|size| *size <= most) {
        let (data, database) = (folder()?, stores::database(&postgres).await?);
        // The first start makes the owner, whose conversations are seeded; the server must not run meanwhile.
        Server::start(data.path(), None).await?.process.stop()?;
        seed(data.path(), size, messages)?;
        let sqlite = data.path().join("colloquy.db");
        copy(&format!("sqlite://{}", sqlite.display()), &database.url())?;
        measure("SQLite", data.path(), size, &[], &mut on_sqlite).await?;
        let opened = Sqlite::open(&sqlite::Settings::at(&sqlite))?;
        searches("SQLite", size, Arc::clone(&opened), &mut on_sqlite).await?;
        opened.shutdown();
        let variables = stores::variables(&database, None);
        measure("Postgres", data.path(), size, &variables, &mut on_postgres).await?;
        let opened = ::postgres::Postgres::open(&::postgres::Settings::at(&database.url())).await?;
        searches("Postgres", size, Arc::clone(&opened), &mut on_postgres).await?;
        opened.shutdown().await;
    }
    Ok(())
}

/// The p95 of the smallest size.
#[derive(Default)]
struct Firsts {
    list: Option<f64>,
    history: Option<f64>,
    search: Option<f64>,
}

async fn measure(
    engine: &str,
    data: &Path,
    size: u64,
    variables: &[(&str, String)],
    firsts: &mut Firsts,
) -> Outcome {
    let server = Server::start_with(data, None, variables).await?;
    let authorization = server.authorization().await?;
    let list = pages(&server, &authorization, "/api/v1/conversations?limit=50").await?;
    show(engine, "list page of 50", size, &list, &mut firsts.list);
    let long = long_conversation(&server, &authorization).await?;
    let path = format!("/api/v1/conversations/{long}/messages?limit=50");
    let history = pages(&server, &authorization, &path).await?;
    show(engine, "history page of 50", size, &history, &mut firsts.history);
    server.process.stop()
}

async fn pages(server: &Server, authorization: &str, path: &str) -> Outcome<Histogram<u64>> {
    let one = request("GET", path, &[("Authorization", authorization)], "");
    once(&server.address, &one).await?.json()?;
    Ok(closed_loop(&server.address, vec![one], Until::Count(REQUESTS)).await?.whole)
}

/// Common words and rarer ones, the newest first, by the port itself.
async fn searches<D: Identities + Search>(
    engine: &str,
    size: u64,
    database: Arc<D>,
    firsts: &mut Firsts,
) -> Outcome {
    let owner = database.user_by_email(&Email::new(OWNER)?).await?.ok_or("the owner is gone")?;
    let mut times = histogram();
    for number in 0..SEARCHES {
        let words = [["the"], ["of"], ["tomato"], ["garden"], ["budget"]][number % 5];
        let request = SearchRequest {
            workspace_id: owner.workspace_id,
            owner_id: owner.id,
            words: words.iter().map(ToString::to_string).collect(),
            all_words: true,
            filter: SearchFilter::default(),
            order: SearchOrder::Newest,
            before: None,
            limit: 20,
        };
        let asked = Instant::now();
        database.messages(request).await?;
        times.saturating_record(micros(asked.elapsed()));
    }
    show(engine, "search, newest first, common and rare words", size, &times, &mut firsts.search);
    Ok(())
}

fn show(engine: &str, what: &str, size: u64, times: &Histogram<u64>, first: &mut Option<f64>) {
    let p95 = quantile(times, 0.95);
    let first = *first.get_or_insert(p95);
    print(
        "pages",
        &format!("{engine}: {what}, {size} conversations, p95"),
        &format!("{p95:.3} ms"),
        &format!("{} that of {}; {}", ratio(p95, first), SIZES[0], latencies(times)),
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

/// A number that a variable of the environment may replace.
pub fn number(variable: &str, usual: u64) -> Outcome<u64> {
    Ok(std::env::var(variable).map_or(Ok(usual), |value| value.parse())?)
}

/// Fills the database through `BENCH_SEED_BIN`, which `cargo xtask bench` sets.
pub fn seed(data: &Path, conversations: u64, messages: u64) -> Outcome {
    let program =
        std::env::var_os("BENCH_SEED_BIN").ok_or("BENCH_SEED_BIN is not set; use `cargo xtask bench`")?;
    let mut command = Command::new(program);
    command.args(["--conversations", &conversations.to_string(), "--messages", &messages.to_string()]);
    command.args(["--owner", OWNER]);
    let status = command.arg("--data-dir").arg(data).stdout(Stdio::null()).status()?;
    if status.success() { Ok(()) } else { Err(format!("seeding ended with {status}").into()) }
}
