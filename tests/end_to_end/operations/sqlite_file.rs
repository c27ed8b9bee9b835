//! The database: one process at a time, migrations forth and back, and a doctor.

use std::path::Path;
use std::sync::Arc;

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, SqliteConnection};

use super::run;
use crate::harness::{Folder, Server, ServerBuilder};

fn builder() -> ServerBuilder {
    Server::builder().without_owner()
}

/// What another release, or somebody with a tool, does to the database.
fn execute(folder: &Path, sql: &str) {
    let path = folder.join("data/colloquy.db");
    let mut connection = SqliteConnection::establish(path.to_str().expect("UTF-8")).expect("a database");
    connection.batch_execute(sql).expect("a statement");
}

#[tokio::test]
async fn a_second_process_on_the_same_database_is_refused_with_the_name_of_the_file() {
    let server = Server::start().await;
    for arguments in [&["serve"][..], &["migrate"], &["migrate", "--down", "--yes"]] {
        let refused = run(&builder(), server.folder(), arguments).await;
        assert_eq!(refused.code, 75, "{arguments:?}: {refused:?}");
        assert!(refused.complained.contains("colloquy.db"), "{arguments:?}: {refused:?}");
    }
    assert_eq!(server.anonymous().get("/health/ready").await.status, 200);
    let folder = server.kill().await;
    let after = run(&builder(), folder.folder(), &["migrate"]).await;
    assert_eq!(after.code, 0, "a killed process leaves no lock: {after:?}");
}

#[tokio::test]
async fn migrations_are_rehearsed_applied_and_undone() {
    let folder = Folder::new().await;
    let checked = run(&builder(), &folder, &["migrate", "--check"]).await;
    assert_eq!(checked.code, 0, "{checked:?}");
    assert!(checked.printed.contains("Pending"), "{checked:?}");
    assert!(!folder.path().join("data/colloquy.db").exists(), "checking changes nothing");
    let applied = run(&builder(), &folder, &["migrate"]).await;
    assert_eq!(applied.code, 0, "{applied:?}");
    let again = run(&builder(), &folder, &["migrate", "--check"]).await;
    assert!(again.code == 0 && again.printed.contains("Nothing is pending"), "{again:?}");

    let unasked = run(&builder(), &folder, &["migrate", "--down"]).await;
    assert!(unasked.code != 0 && unasked.complained.contains("--yes"), "{unasked:?}");
    let undone = run(&builder(), &folder, &["migrate", "--down", "--yes"]).await;
    assert_eq!(undone.code, 0, "{undone:?}");
    let pending = run(&builder(), &folder, &["migrate", "--check"]).await;
    assert!(pending.code == 0 && pending.printed.contains("Pending"), "{pending:?}");
    let frozen = builder().env("COLLOQUY_DATABASE__MIGRATE", "false");
    let refused = run(&frozen, &folder, &["serve"]).await;
    assert!(refused.code != 0 && refused.complained.contains("migrate"), "{refused:?}");
    let server = Server::builder().start_in(Arc::new(folder)).await;
    server.owner().await.conversation().await;
}

#[tokio::test]
async fn a_database_of_a_newer_release_is_left_alone() {
    let folder = Folder::new().await;
    assert_eq!(run(&builder(), &folder, &["migrate"]).await.code, 0);
    let newer = "INSERT INTO __diesel_schema_migrations (version) VALUES ('99990101000000')";
    execute(folder.path(), newer);
    for arguments in [&["serve"][..], &["migrate"], &["migrate", "--check"], &["migrate", "--down", "--yes"]]
    {
        let refused = run(&builder(), &folder, arguments).await;
        assert_ne!(refused.code, 0, "{arguments:?}: {refused:?}");
        let told = refused.complained;
        assert!(told.contains("99990101000000") && told.contains("colloquy.db"), "{arguments:?}: {told}");
    }
}

#[tokio::test]
async fn the_doctor_says_that_all_is_well_or_what_to_do() {
    let folder = Folder::new().await;
    assert_eq!(run(&builder(), &folder, &["migrate"]).await.code, 0);
    let well = run(&builder(), &folder, &["doctor"]).await;
    assert_eq!(well.code, 0, "{well:?}");

    let ill =
        builder().env("COLLOQUY_SERVER__WORKERS", "many").env("COLLOQUY_REDIS__URL", "http://localhost");
    let told = run(&ill, &folder, &["doctor"]).await;
    assert_eq!(told.code, 78, "{told:?}");
    let words = format!("{}{}", told.printed, told.complained);
    assert!(words.contains("server.workers") && words.contains("redis.url"), "{words}");

    let damaged = folder.path().join("data/colloquy.db");
    std::fs::write(&damaged, [b'x'; 8_192]).expect("a file");
    let told = run(&builder(), &folder, &["doctor"]).await;
    assert_ne!(told.code, 0, "{told:?}");
    let words = format!("{}{}", told.printed, told.complained);
    assert!(words.contains("colloquy.db"), "{words}");
}

#[tokio::test]
async fn the_doctor_may_look_while_the_server_runs() {
    let server = Server::start().await;
    let looked = run(&builder(), server.folder(), &["doctor"]).await;
    assert_eq!(looked.code, 0, "{looked:?}");
    assert_eq!(server.anonymous().get("/health/ready").await.status, 200);
}

#[tokio::test]
async fn the_doctor_notices_what_was_done_to_the_audit_log() {
    let server = Server::start().await;
    let stopped = server.terminate().await;
    assert_eq!(run(&builder(), stopped.folder(), &["doctor"]).await.code, 0);
    // Its end is kept apart; without it, entries could be taken away.
    execute(stopped.folder(), "DELETE FROM audit_heads");
    let told = run(&builder(), stopped.folder(), &["doctor"]).await;
    assert_ne!(told.code, 0, "{told:?}");
    assert!(told.printed.contains("was changed outside of Colloquy"), "{told:?}");
}
