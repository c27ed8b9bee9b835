use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

#[tokio::test]
async fn what_postgres_acknowledged_is_there_after_every_kind_of_end() {
    let mut server = PostgresServer::start(PostgresOptions::default()).await.expect("Postgres");
    server.execute(&["CREATE TABLE notes (words text)"]).expect("a table");
    for (number, words) in ["stopped", "killed", "restarted"].into_iter().enumerate() {
        server.execute(&[&format!("INSERT INTO notes VALUES ('{words}')")]).expect("a row");
        match words {
            "stopped" => server.stop().await.expect("an end"),
            "killed" => server.kill().await.expect("an end"),
            _ => server.restart().await.expect("an end and a start"),
        }
        if words != "restarted" {
            assert!(server.execute(&["SELECT 1"]).is_err(), "{words}");
            server.start_again().await.expect("a start");
        }
        let rows = server.execute(&["SELECT count(*) FROM notes"]).expect("a count");
        assert_eq!(rows, (number + 1).to_string());
    }
}

#[tokio::test]
async fn a_frozen_server_answers_once_it_is_thawed() {
    let server = Arc::new(PostgresServer::start(PostgresOptions::default()).await.expect("Postgres"));
    server.freeze().expect("a signal");
    let asked = Arc::clone(&server);
    let asking = tokio::task::spawn_blocking(move || asked.execute(&["SELECT 7"]));
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!asking.is_finished());
    server.thaw().expect("a signal");
    assert_eq!(asking.await.expect("a task").expect("an answer"), "7");
}

#[tokio::test]
async fn a_standby_reads_what_was_written_and_writes_nothing() {
    let primary = PostgresServer::start(PostgresOptions::default()).await.expect("Postgres");
    primary.execute(&["CREATE TABLE notes (words text)"]).expect("a table");
    let standby = primary.standby(PostgresOptions::default()).await.expect("a standby");
    let count = || Ok(standby.execute(&["SELECT count(*) FROM notes"]).ok());
    assert_eq!(eventually("the table", count).await.expect("a count"), "0");
    let refused = standby.execute(&["INSERT INTO notes VALUES ('no')"]).expect_err("read-only");
    assert!(refused.to_string().contains("read-only"), "{refused}");
}

#[tokio::test]
async fn a_template_is_made_once_and_databases_go_with_their_tests() {
    let server = PostgresServer::start(PostgresOptions::default()).await.expect("Postgres");
    let (template, made) = (Template::on(&server, "notes"), AtomicUsize::new(0));
    let fresh = || {
        fresh_database(&template, async |url: String| {
            made.fetch_add(1, Ordering::Relaxed);
            psql::run(&url, &["CREATE TABLE notes (words text)"]).expect("a table");
        })
    };
    let (one, other, third) = tokio::join!(fresh(), fresh(), fresh());
    assert_eq!(made.load(Ordering::Relaxed), 1);
    let (one, other) = (one.expect("a database"), other.expect("a database"));
    psql::run(&one.url(), &["INSERT INTO notes VALUES ('mine')"]).expect("a row of the owner");
    assert_eq!(other.execute(&["SELECT count(*) FROM notes"]).expect("a count"), "0");
    drop((one, other, third));
    let left = server.execute(&["SELECT count(*) FROM pg_database WHERE datname LIKE 'test_%'"]);
    assert_eq!(left.expect("a count"), "0");
}

#[tokio::test]
async fn redis_is_empty_after_a_restart_and_demands_its_password() {
    let options = RedisOptions { password: Some("secret".to_owned()), ..RedisOptions::default() };
    let mut server = RedisServer::start(options).await.expect("Redis");
    assert!(server.command(&["SET", "key", "value"]).expect("an answer").starts_with("+OK"));
    server.restart().await.expect("a restart");
    assert!(server.command(&["GET", "key"]).expect("an answer").starts_with("$-1"));
    assert!(server.url().contains(":secret@"));
    server.freeze().expect("a signal");
    server.kill().await.expect("a frozen server can be killed");
}
