//! `colloquy copy`: everything moves from one kind of database to the other and back, and nothing changes on the way.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use testing::servers::{TestDatabase, postgres_url};
use testing::upstream::{Script, Upstream};

use super::nodes;
use crate::harness::{Client, Folder, Server, ServerBuilder};
use crate::operations::{Ended, run};

/// Beside whatever the tests run on: an embedded database in a folder.
fn sqlite(folder: &Path) -> String {
    format!("sqlite://{}", folder.join("copied.db").display())
}

async fn copy(from: &str, to: &str) -> Ended {
    let words = ["copy", "--from", from, "--to", to];
    run(&Server::builder().without_owner(), &Folder::without_database(), &words).await
}

async fn serve(builder: &ServerBuilder, url: &str) -> Server {
    builder.clone().env("COLLOQUY_DATABASE__URL", url).start_alone().await
}

/// A little of everything.
async fn fill(owner: &Client, other: &Client) {
    for number in 0..30 {
        let title = format!("Über {number} — 漢字 🍯 \u{301}");
        let conversation = owner.conversation_with(&json!({ "model": "mock/m", "title": title })).await;
        let answer =
            owner.ask(&conversation, &format!("Question {number}\n\t\"quoted\" \\ 'und' \u{1f469}")).await;
        if number % 3 == 0 {
            let path = format!("/api/v1/messages/{}", super::id(&answer));
            owner.post(&format!("{path}/regenerate"), &json!({})).await.expect(201);
        }
        if number % 3 == 1 {
            let path = format!("/api/v1/conversations/{conversation}/messages");
            let said = json!({ "text": "A word", "reply": false });
            let question = owner.post(&path, &said).await.expect(201);
            let message = format!("/api/v1/messages/{}", super::id(&question["message"]));
            owner.patch(&message, &json!({ "text": "Another word" })).await.expect(200);
        }
        if number % 7 == 0 {
            owner.delete(&format!("/api/v1/conversations/{conversation}")).await;
        }
    }
    other.conversation_with(&json!({ "title": "Hers" })).await;
}

/// Everything that people can read, as it is answered.
async fn shown(people: [&Client; 2]) -> Vec<Value> {
    let mut pages = Vec::new();
    for client in people {
        let listed = client.get("/api/v1/conversations?limit=200").await.expect(200);
        for conversation in listed["items"].as_array().expect("items") {
            let path = format!("/api/v1/conversations/{}", super::id(conversation));
            pages.push(client.get(&path).await.expect(200));
            let messages = client.get(&format!("{path}/messages?branch=all&limit=200")).await.expect(200);
            for message in messages["items"].as_array().expect("items") {
                pages.push(client.get(&format!("/api/v1/messages/{}", super::id(message))).await.expect(200));
            }
        }
        pages.extend([listed, client.get("/api/v1/me").await.expect(200)]);
        pages.push(
            client.get("/api/v1/events?limit=200&after=0").await.expect(200)["items"][0]["event"].clone(),
        );
    }
    pages
}

/// The lines with the hash of each table.
fn hashes(ended: &Ended) -> Vec<&str> {
    ended.printed.lines().filter(|line| line.contains(" rows ")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_moves_to_postgres_and_back_unchanged() {
    let upstream = Upstream::start().await;
    upstream.script("m", Script::answer("An answer of some words."));
    let (builder, folder) = (nodes(&upstream), Folder::without_database());
    let (first, postgres) =
        (sqlite(&folder), TestDatabase::empty(&postgres_url()).await.expect("a database"));
    let server = serve(&builder, &first).await;
    let (owner, other) = (server.owner().await, server.member("other").await);
    fill(&owner, &other).await;
    let before = shown([&owner, &other]).await;
    server.terminate().await;

    let there = copy(&first, &postgres.url()).await;
    assert_eq!(there.code, 0, "{there:?}");
    assert!(!format!("{there:?}").contains("tests-only"), "{there:?}");
    let server = serve(&builder, &postgres.url()).await;
    assert_eq!(shown([&owner.at(server.address()), &other.at(server.address())]).await, before);
    server.terminate().await;

    let back = copy(&postgres.url(), &format!("{first}.back")).await;
    assert_eq!(back.code, 0, "{back:?}");
    assert!(hashes(&there).len() > 8, "{there:?}");
    let server = serve(&builder, &format!("{first}.back")).await;
    let (owner, other) = (owner.at(server.address()), other.at(server.address()));
    assert_eq!(shown([&owner, &other]).await, before);
    owner.ask(&owner.conversation_with(&json!({ "model": "mock/m" })).await, "And life goes on").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_ways_have_equal_hashes() {
    let upstream = Upstream::start().await;
    upstream.script("m", Script::answer("An answer of some words."));
    let (builder, folder) = (nodes(&upstream), Folder::without_database());
    let (first, postgres) =
        (sqlite(&folder), TestDatabase::empty(&postgres_url()).await.expect("a database"));
    let server = serve(&builder, &first).await;
    fill(&server.owner().await, &server.member("other").await).await;
    server.terminate().await;
    let there = copy(&first, &postgres.url()).await;
    let back = copy(&postgres.url(), &format!("{first}.back")).await;
    assert_eq!((there.code, back.code), (0, 0), "{there:?} {back:?}");
    assert_eq!(hashes(&there), hashes(&back));
}

#[tokio::test]
async fn a_target_that_is_not_empty_is_refused_and_left_alone() {
    let (folder, postgres) =
        (Folder::without_database(), TestDatabase::empty(&postgres_url()).await.expect("a database"));
    let builder = Server::builder();
    for url in [&sqlite(&folder), &postgres.url()] {
        let server = serve(&builder, url).await;
        server.owner().await.conversation().await;
        server.terminate().await;
    }
    let before = postgres.execute(&["SELECT count(*) FROM conversations"]).expect("a count");
    let refused = copy(&sqlite(&folder), &postgres.url()).await;
    assert!(refused.code != 0 && refused.complained.contains("empty"), "{refused:?}");
    assert!(!refused.complained.contains("tests-only"), "{refused:?}");
    assert_eq!(postgres.execute(&["SELECT count(*) FROM conversations"]).expect("a count"), before);
    let refused = copy(&postgres.url(), &sqlite(&folder)).await;
    assert!(refused.code != 0 && refused.complained.contains("empty"), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_was_killed_is_resumed() {
    let upstream = Upstream::start().await;
    upstream.script("m", Script::answer("An answer of some words."));
    let (builder, folder) = (nodes(&upstream), Folder::without_database());
    let (first, postgres) =
        (sqlite(&folder), TestDatabase::empty(&postgres_url()).await.expect("a database"));
    let server = serve(&builder, &first).await;
    let owner = server.owner().await;
    fill(&owner, &server.member("other").await).await;
    server.terminate().await;
    let link = crate::harness::Link::start(crate::harness::port(&postgres.url()));
    let url = postgres.url();
    let through = url.replace(&format!(":{}/", crate::harness::port(&url)), &format!(":{}/", link.port()));
    // The schema is there already, so that it is the rows in whose midst it is killed.
    crate::harness::migrate(url.clone()).await;
    link.set(crate::harness::Line::SilentAfter(25));
    let mut killed = Server::builder()
        .without_owner()
        .command(&Folder::without_database())
        .args(["copy", "--from", &first, "--to", &through])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("the server's binary");
    crate::harness::eventually("the middle of the copy", || {
        std::future::ready(link.is(crate::harness::Line::Silent).then_some(()))
    })
    .await;
    assert!(killed.try_wait().expect("the process").is_none(), "it had ended already");
    killed.kill().await.expect("a running process");
    link.set(crate::harness::Line::Cut);
    let resumed = copy(&first, &url).await;
    assert_eq!(resumed.code, 0, "{resumed:?}");
    let server = serve(&builder, &url).await;
    let owner = owner.at(server.address());
    assert!(owner.get("/api/v1/conversations?limit=200").await.expect(200)["items"].as_array().is_some());
}

/// A command on the database at an address.
async fn command(url: &str, words: &[&str]) -> Ended {
    let builder = Server::builder().without_owner().env("COLLOQUY_DATABASE__URL", url);
    run(&builder, &Folder::without_database(), words).await
}

/// Holds an advisory lock there for some seconds.
fn hold(postgres: &Arc<TestDatabase>, lock: i64, seconds: u8) -> std::thread::JoinHandle<()> {
    let postgres = Arc::clone(postgres);
    std::thread::spawn(move || {
        let hold = format!("SELECT pg_advisory_lock({lock}), pg_sleep({seconds})");
        postgres.execute(&[&hold]).expect("the lock");
    })
}

async fn until_locked(postgres: &TestDatabase) {
    crate::harness::eventually("the lock", || {
        let locks = "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database \
                     WHERE locktype = 'advisory' AND datname = current_database() AND granted";
        let held = postgres.execute(&[locks]).expect("a count");
        std::future::ready((held.trim() != "0").then_some(()))
    })
    .await;
}

async fn made(folder: &Folder) -> String {
    let url = sqlite(folder);
    let server = serve(&Server::builder(), &url).await;
    server.owner().await.conversation().await;
    server.terminate().await;
    url
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_was_killed_before_it_migrated_leaves_nothing_that_can_be_served() {
    let (folder, other) = (Folder::without_database(), Folder::without_database());
    let (first, second) = (made(&folder).await, made(&other).await);
    let postgres = Arc::new(TestDatabase::empty(&postgres_url()).await.expect("a database"));
    // Whoever wants to migrate waits for this one.
    let held = hold(&postgres, 7_165_064_745_151_722_873, 6);
    until_locked(&postgres).await;
    let mut killed = Server::builder()
        .without_owner()
        .command(&Folder::without_database())
        .args(["copy", "--from", &first, "--to", &postgres.url()])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("the server's binary");
    crate::harness::eventually("the note", || {
        let note =
            postgres.execute(&["SELECT to_regclass('unfinished_copy') IS NOT NULL"]).expect("an answer");
        std::future::ready((note.trim() == "t").then_some(()))
    })
    .await;
    killed.kill().await.expect("a running process");
    held.join().expect("it ends");
    let tables = "SELECT to_regclass('users') IS NULL";
    assert_eq!(postgres.execute(&[tables]).expect("an answer").trim(), "t", "it was killed too late");
    for words in [&["serve"][..], &["migrate"], &["migrate", "--check"], &["config", "check"]] {
        let refused = command(&postgres.url(), words).await;
        assert_eq!(refused.code, 78, "{words:?} {refused:?}");
        assert!(refused.complained.contains("unfinished copy of sqlite://"), "{words:?} {refused:?}");
    }
    let looked = command(&postgres.url(), &["doctor"]).await;
    assert!(looked.code == 1 && looked.printed.contains("unfinished copy of sqlite://"), "{looked:?}");
    let refused = copy(&second, &postgres.url()).await;
    assert!(refused.code == 78 && refused.complained.contains("unfinished copy"), "{refused:?}");
    let resumed = copy(&first, &postgres.url()).await;
    assert_eq!(resumed.code, 0, "{resumed:?}");
    assert_eq!(command(&postgres.url(), &["migrate", "--check"]).await.code, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_waits_for_what_is_left_of_another_one() {
    let folder = Folder::without_database();
    let first = made(&folder).await;
    let postgres = Arc::new(TestDatabase::empty(&postgres_url()).await.expect("a database"));
    let held = hold(&postgres, 7_166_476_837_402_018_671, 4);
    until_locked(&postgres).await;
    let waited = copy(&first, &postgres.url()).await;
    assert_eq!(waited.code, 0, "{waited:?}");
    assert!(waited.complained.contains("--to: another copy into postgres://"), "{waited:?}");
    assert!(waited.complained.contains("waiting up to 10 s"), "{waited:?}");
    held.join().expect("it ends");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_with_an_address_is_told_with_its_name_and_without_secrets() {
    let folder = Folder::without_database();
    let first = made(&folder).await;
    let postgres = TestDatabase::empty(&postgres_url()).await.expect("a database");
    let url = postgres.url();
    let (user, rest) = url.split_once("://").and_then(|(_, rest)| rest.split_once('@')).expect("a user");
    let user = user.split_once(':').expect("a password").0;
    let wrong = format!("postgres://{user}:notthatone@{rest}");
    let port = crate::harness::port(&url);
    let nobody = url.replace(&format!(":{port}/"), ":1/");
    let mut refusals = Vec::new();
    for (from, to, code, words) in [
        (&first, &wrong, 78, "--to has a user or a password"),
        (&wrong, &first, 78, "--from has a user or a password"),
        (&first, &nobody, 75, "--to leads to 127.0.0.1:1"),
        (&nobody, &first, 75, "--from leads to 127.0.0.1:1"),
        (&url, &format!("{first}.new"), 78, "is empty; did you swap --from and --to?"),
        (&format!("{first}.none"), &url, 78, "does not exist; did you swap --from and --to?"),
        (&first, &first, 78, "--from and --to name the same database"),
    ] {
        let refused = copy(from, to).await;
        assert!(refused.code == code && refused.complained.contains(words), "{words}: {refused:?}");
        refusals.push(refused.complained);
    }
    crate::harness::migrate(url.clone()).await;
    let same = copy(&url, &url.replace("127.0.0.1", "localhost")).await;
    assert!(same.code == 78 && same.complained.contains("name the same database"), "{same:?}");
    let bare = copy(&url, &format!("{first}.new")).await;
    assert!(bare.code == 0 && bare.complained.contains("has no account"), "{bare:?}");
    assert!(
        !refusals.concat().contains("notthatone") && !refusals.concat().contains("tests-only"),
        "{refusals:?}"
    );
}
