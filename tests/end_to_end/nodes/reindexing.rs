//! `colloquy reindex`: words are found in the forms of a language, also what was said before.

use serde_json::json;
use testing::servers::{TestDatabase, postgres_url};

use crate::harness::{Client, Folder, Server, ServerBuilder, eventually};
use crate::operations::{Ended, run};

async fn reindex(builder: &ServerBuilder, arguments: &[&str]) -> Ended {
    let arguments: Vec<&str> = ["reindex"].iter().chain(arguments).copied().collect();
    run(builder, &Folder::without_database(), &arguments).await
}

async fn hits(client: &Client, word: &str) -> usize {
    let found = client.get(&format!("/api/v1/search?q={word}")).await.expect(200);
    found["items"].as_array().expect("items").len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_language_holds_for_what_was_said_while_servers_go_on() {
    let database = TestDatabase::empty(&postgres_url()).await.expect("a database");
    let on = Server::builder().without_owner().env("COLLOQUY_DATABASE__URL", &database.url());
    let before_all = reindex(&on, &[]).await;
    assert_eq!(
        (before_all.code, before_all.printed.trim()),
        (0, "Indexed 0 messages anew."),
        "{before_all:?}"
    );
    let server = Server::builder().env("COLLOQUY_DATABASE__URL", &database.url()).start_alone().await;
    let owner = server.owner().await;
    let conversation = owner.conversation_with(&json!({ "title": "Forms" })).await;
    let said = json!({ "text": "She was running to the houses", "reply": false });
    let path = format!("/api/v1/conversations/{conversation}/messages");
    owner.post(&path, &said).await.expect(201);
    assert_eq!((hits(&owner, "run").await, hits(&owner, "running").await), (0, 1));

    let unknown = reindex(&on, &["--language", "klingon"]).await;
    assert!(unknown.code == 1 && unknown.complained.contains("english"), "{unknown:?}");
    let ended = reindex(&on, &["--language", "english"]).await;
    assert_eq!((ended.code, ended.printed.trim()), (0, "Indexed 1 messages anew."), "{ended:?}");
    assert_eq!(hits(&owner, "house").await, 1);
    // What was looked for just before is remembered for a moment.
    eventually("the other form to be found", || async { (hits(&owner, "run").await == 1).then_some(()) })
        .await;
    let again = reindex(&on, &[]).await;
    assert_eq!(again.code, 0, "{again:?}");
    assert_eq!(hits(&owner, "run").await, 1);
}

#[tokio::test]
async fn an_embedded_database_has_nothing_to_build() {
    let folder = Folder::without_database();
    let url = format!("sqlite://{}", folder.join("colloquy.db").display());
    let on = Server::builder().without_owner().env("COLLOQUY_DATABASE__URL", &url);
    let ended = reindex(&on, &[]).await;
    assert!(ended.code == 0 && ended.printed.contains("nothing to do"), "{ended:?}");
    let refused = reindex(&on, &["--language", "english"]).await;
    assert!(refused.code == 1 && refused.complained.contains("for Postgres"), "{refused:?}");
}
