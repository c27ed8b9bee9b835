//! The schema: made once however many want to make it, finished by the next one when somebody dies over it, and looked at
//! before anybody is served.

use futures_util::future::join_all;
use testing::servers::{TestDatabase, postgres_url};

use crate::harness::{Client, Cluster, Folder, Line, Link, Server, ServerBuilder};
use crate::operations::{Ended, run};

async fn empty() -> TestDatabase {
    TestDatabase::empty(&postgres_url()).await.expect("a database")
}

fn on(url: &str) -> ServerBuilder {
    Server::builder().without_owner().env("COLLOQUY_DATABASE__URL", url)
}

async fn migrate(url: &str, arguments: &[&str]) -> Ended {
    let arguments: Vec<&str> = ["migrate"].iter().chain(arguments).copied().collect();
    run(&on(url), &Folder::without_database(), &arguments).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_migrators_at_once_one_migrates_and_all_succeed() {
    let (database, alone) = (empty().await, empty().await);
    let (url, reference) = (database.url(), migrate(&alone.url(), &[]).await);
    assert_eq!(reference.code, 0, "{reference:?}");
    for ended in join_all((0..4).map(|_| migrate(&url, &[]))).await {
        assert_eq!(ended.code, 0, "{ended:?}");
    }
    let checked = migrate(&url, &["--check"]).await;
    assert!(checked.code == 0 && checked.printed.contains("Nothing is pending"), "{checked:?}");
    assert_eq!(database.schema().expect("a dump"), alone.schema().expect("a dump"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_start_at_once_on_an_empty_database_all_serve() {
    let database = empty().await;
    let url = database.url();
    let servers =
        join_all((0..3).map(|_| Server::builder().env("COLLOQUY_DATABASE__URL", &url).start_alone())).await;
    let owner = servers[0].owner().await;
    let conversation = owner.conversation().await;
    for server in &servers {
        owner.at(server.address()).get(&format!("/api/v1/conversations/{conversation}")).await.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migrator_killed_between_any_two_statements_leaves_what_the_next_one_finishes() {
    let whole = empty().await;
    let counting = link(&whole);
    let reference = migrate(&through(&counting, &whole), &[]).await;
    assert_eq!(reference.code, 0, "{reference:?}");
    let (statements, expected) = (counting.statements(), whole.schema().expect("a dump"));
    assert!(statements > 8, "{statements}");
    for part in 0..8 {
        let database = empty().await;
        let link = link(&database);
        link.set(Line::SilentAfter(1 + part * (statements - 1) / 8));
        let mut killed = on(&through(&link, &database))
            .command(&Folder::without_database())
            .arg("migrate")
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .expect("the server's binary");
        crate::harness::eventually("the middle of the migration", || {
            std::future::ready(link.is(Line::Silent).then_some(()))
        })
        .await;
        assert!(killed.try_wait().expect("the process").is_none(), "it had ended already");
        killed.kill().await.expect("a running process");
        link.set(Line::Cut);
        let finished = migrate(&database.url(), &[]).await;
        assert_eq!(finished.code, 0, "killed in part {part}: {finished:?}");
        assert_eq!(database.schema().expect("a dump"), expected, "killed in part {part}");
    }
}

fn link(database: &TestDatabase) -> Link {
    Link::start(crate::harness::port(&database.url()))
}

fn through(link: &Link, database: &TestDatabase) -> String {
    let url = database.url();
    url.replace(&format!(":{}/", crate::harness::port(&url)), &format!(":{}/", link.port()))
}

#[tokio::test]
async fn migrations_are_rehearsed_applied_and_undone() {
    let database = empty().await;
    let (url, before) = (database.url(), database.schema().expect("a dump"));
    let checked = migrate(&url, &["--check"]).await;
    assert!(checked.code == 0 && checked.printed.contains("Pending"), "{checked:?}");
    assert_eq!(database.schema().expect("a dump"), before, "checking changes nothing");
    assert_eq!(migrate(&url, &[]).await.code, 0);
    let again = migrate(&url, &["--check"]).await;
    assert!(again.code == 0 && again.printed.contains("Nothing is pending"), "{again:?}");
    let unasked = migrate(&url, &["--down"]).await;
    assert!(unasked.code != 0 && unasked.complained.contains("--yes"), "{unasked:?}");
    let undone = migrate(&url, &["--down", "--yes"]).await;
    assert_eq!(undone.code, 0, "{undone:?}");

    // The schema of the previous release, and a node that may not change it.
    let frozen = on(&url).env("COLLOQUY_DATABASE__MIGRATE", "false");
    let refused = run(&frozen, &Folder::without_database(), &["serve"]).await;
    assert!(refused.code != 0 && refused.complained.contains("migrate"), "{refused:?}");
    assert_eq!(migrate(&url, &[]).await.code, 0);
    let server = Server::builder().env("COLLOQUY_DATABASE__URL", &url).start_alone().await;
    server.owner().await.conversation().await;
}

/// What a release writes down whose schema this one does not know.
const UNKNOWN: &str = "INSERT INTO __diesel_schema_migrations (version) VALUES ('99990101000000')";

#[tokio::test]
async fn a_schema_from_the_future_is_left_alone() {
    let database = empty().await;
    let url = database.url();
    assert_eq!(migrate(&url, &[]).await.code, 0);
    let incompatible = "UPDATE schema_compatibility SET oldest_migration = '99990101000000'";
    database.execute(&[UNKNOWN, incompatible]).expect("rows");
    let before = database.schema().expect("a dump");
    for arguments in [&["serve"][..], &["migrate"], &["migrate", "--check"], &["migrate", "--down", "--yes"]]
    {
        let refused = run(&on(&url), &Folder::without_database(), arguments).await;
        assert_ne!(refused.code, 0, "{arguments:?}: {refused:?}");
        assert!(refused.complained.contains("99990101000000"), "{arguments:?}: {refused:?}");
        assert!(!refused.complained.contains("tests-only"), "{arguments:?}: {refused:?}");
    }
    assert_eq!(database.schema().expect("a dump"), before);
}

/// What the next release may do to a schema on which this one goes on: it adds, takes nothing away, and leaves it said that
/// older releases work with it.
const ADDITIONS: [&str; 5] = [
    UNKNOWN,
    "CREATE TABLE of_the_next_release (id uuid PRIMARY KEY, words text NOT NULL)",
    "ALTER TABLE conversations ADD COLUMN of_the_next_release text",
    "ALTER TABLE messages ADD COLUMN of_the_next_release text NOT NULL DEFAULT 'nothing'",
    "CREATE INDEX of_the_next_release_words ON of_the_next_release (words)",
];

#[tokio::test]
async fn this_release_serves_while_and_after_the_next_one_adds_to_the_schema() {
    let cluster = Cluster::of(Server::builder()).start().await;
    let owner = cluster.owner().await;
    works(&owner).await;
    cluster.database.execute(&ADDITIONS).expect("additions");
    for node in 0..2 {
        works(&cluster.at(node, &owner)).await;
    }
    let started_after = cluster.builder(0).start_alone().await;
    works(&owner.at(started_after.address())).await;
}

async fn works(owner: &Client) {
    let conversation = owner.conversation().await;
    let question = owner
        .post(
            &format!("/api/v1/conversations/{conversation}/messages"),
            &serde_json::json!({ "text": "Hello", "reply": false }),
        )
        .await
        .expect(201);
    let listed = owner.get(&format!("/api/v1/conversations/{conversation}/messages")).await.expect(200);
    assert_eq!(listed["items"][0]["id"], question["message"]["id"]);
    owner.get("/api/v1/conversations").await.expect(200);
}
