//! Lists and searches are read from a replica, unless it lacks what its reader has just done.

use std::sync::Arc;
use std::time::Duration;

use domain::PageRequest;
use domain::ports::{ConversationFilter, Conversations, ConversationsOf};
use testing::contracts::{Storage, World};
use testing::servers::{PostgresOptions, PostgresServer, Template, fresh_database};

use super::{connect, migrated, rows};
use crate::{Postgres, Settings};

async fn titles(world: &World, postgres: &Postgres) -> Vec<String> {
    let (filter, page) = (ConversationFilter::default(), PageRequest::first(10));
    let of = ConversationsOf::Owner(world.user.id);
    let listed = postgres.list(world.workspace_id, of, filter, page).await.expect("reading works");
    listed.items.iter().map(|conversation| conversation.title.to_string()).collect()
}

#[tokio::test]
async fn one_sees_what_one_has_done_and_the_replica_answers_the_rest() {
    let server = PostgresServer::start(PostgresOptions::default()).await.expect("a server can be started");
    let template = Template::on(&server, "replicated");
    let database = fresh_database(&template, migrated).await.expect("a database can be made");
    let standby = server.standby(PostgresOptions::default()).await.expect("a standby can be started");
    let on_standby =
        |url: String| url.replace(&format!(":{}/", server.port()), &format!(":{}/", standby.port()));
    let settings =
        Settings { pool: 2, read_url: Some(on_standby(database.url())), ..Settings::at(&database.url()) };
    let postgres = Postgres::open(&settings).await.expect("the database opens");
    let world = World::new(Storage::new(&postgres, Arc::new(()))).await;
    world.conversation("First").await;
    assert_eq!(titles(&world, &postgres).await, ["First"]);

    let replica = connect(&on_standby(database.admin_url())).await;
    let wait_for = async |count: &str| {
        while rows(&replica, "SELECT count(*) FROM conversations").await != [count] {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    wait_for("1").await;
    rows(&replica, "SELECT pg_wal_replay_pause()").await;
    world.conversation("Second").await;
    assert_eq!(titles(&world, &postgres).await, ["Second", "First"]);
    let elsewhere = Postgres::open(&settings).await.expect("the database opens");
    assert_eq!(
        titles(&world, &elsewhere).await,
        ["First"],
        "whoever knows of nothing newer reads the replica"
    );

    rows(&replica, "SELECT pg_wal_replay_resume()").await;
    wait_for("2").await;
    for reader in [&postgres, &elsewhere] {
        assert_eq!(titles(&world, reader).await, ["Second", "First"]);
    }
    drop(standby);
    for reader in [&postgres, &elsewhere] {
        assert_eq!(
            titles(&world, reader).await,
            ["Second", "First"],
            "the primary answers for a replica that is gone"
        );
    }
}
