//! Durable questions on Postgres, beside pgbench with the same statements.

use std::time::Duration;

use serde_json::json;

use super::pgbench;
use crate::Outcome;
use crate::figures::{latencies, per_second, print, rate, ratio};
use crate::http::request;
use crate::load::{Until, closed_loop};
use crate::process::Process;
use crate::server::{Server, folder};
use crate::stores;

const TIME: Duration = Duration::from_secs(8);

pub async fn run() -> Outcome {
    let postgres = stores::postgres().await?;
    let database = stores::database(&postgres).await?;
    let (_upstream, upstream) = Process::start_self(&["serve-upstream"])?;
    let data = folder()?;
    let server =
        Server::start_with(data.path(), Some(&upstream), &stores::variables(&database, None)).await?;
    let owner = server.authorization().await?;
    let mut people = vec![owner.clone()];
    for number in 1..32 {
        people.push(server.member(&owner, &format!("person{number}@example.org")).await?);
    }
    let mut bench = pgbench::Bench::prepare(&database)?;
    for writers in [1, 32] {
        let plain = bench.run(writers, TIME, false)?;
        let pipelined = bench.run(writers, TIME, true)?;
        let (per_plain, per_pipelined) = (format!("{plain:.0}"), format!("{pipelined:.0}"));
        print(
            "postgres",
            &format!("pgbench, the statements of a question prepared, {writers} writers"),
            &format!("{per_plain} /s"),
            &format!("{per_pipelined} /s where each transaction is one pipeline"),
        );
        for (what, reply, accept) in [
            ("questions stored", false, "application/json"),
            ("turns, question to end of answer", true, "text/event-stream"),
        ] {
            let mut requests = Vec::new();
            for person in &people[..writers] {
                let id = server.conversation(person, "bench/instant").await?;
                let body = json!({ "text": "What is quicker than this?", "reply": reply }).to_string();
                let headers = [("Authorization", person.as_str()), ("Accept", accept)];
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
                "postgres",
                &format!("{what}, {writers} writers, one a person"),
                &rate(load.requests, load.elapsed),
                &format!(
                    "{} pgbench, {} pipelined [≥ 0.7]; {}",
                    ratio(here, plain),
                    ratio(here, pipelined),
                    latencies(&load.whole)
                ),
            );
        }
    }
    server.process.stop()
}
