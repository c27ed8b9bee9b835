//! Row-level security: a query that forgets the filter sees nothing of others.

use diesel::sql_types::BigInt;
use domain::WorkspaceId;

use super::{OTHER_WORKSPACE, PERSON, WORKSPACE, connect, empty, rows, seeded};
use crate::session::Scope;
use crate::statement::values;
use crate::{Postgres, Settings};

const TABLES: [&str; 15] = [
    "workspaces",
    "users",
    "memberships",
    "sessions",
    "api_keys",
    "conversations",
    "messages",
    "message_edits",
    "runs",
    "events",
    "forgotten_events",
    "journal_heads",
    "idempotency_records",
    "jobs",
    "usage",
];

/// Every table with rows of a workspace has the wall, for its owner too; what stands beside the tables is seen by nobody
/// but the owner's functions.
#[tokio::test]
async fn no_table_is_without_a_wall() {
    let database = empty().await;
    let client = connect(&database.admin_url()).await;
    let open = rows(
        &client,
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relrowsecurity ORDER BY 1",
    );
    let without = ["__diesel_schema_migrations", "health_probe", "partitions", "schema_compatibility"];
    assert_eq!(open.await, without);
    let forced = "SELECT relname FROM pg_class WHERE relforcerowsecurity AND relkind IN ('r', 'p')";
    let mut forced = rows(&client, forced).await;
    forced.sort();
    let mut expected = TABLES;
    expected.sort_unstable();
    assert_eq!(forced, expected);
}

/// The statement has no filter at all; whoever asks is the owner of the tables, or a superuser who has laid that aside.
#[tokio::test]
async fn a_forgotten_filter_shows_nothing_of_another_workspace() {
    let database = seeded().await;
    for url in [database.url(), database.admin_url()] {
        let postgres = Postgres::open(&Settings::at(&url)).await.expect("the database opens");
        let count = async |scope, table: &str| {
            let session = postgres.read(scope).await.expect("there is a connection");
            let sql = format!("SELECT count(*) FROM {table}");
            session.one::<BigInt, i64>(&sql, values![]).await.expect("counting works")
        };
        let id = |text: &str| WorkspaceId::from_uuid(text.parse().expect("it is an id"));
        for (table, all) in [
            ("workspaces", 2),
            ("users", 100),
            ("conversations", 200_000),
            ("messages", 240_000),
            ("events", 200_000),
        ] {
            assert_eq!(count(Scope::System, table).await, all, "{table}");
            let others = i64::from(table == "workspaces");
            let own = all - others;
            assert_eq!(count(Scope::Workspace(id(WORKSPACE)), table).await, own, "{table}");
            assert_eq!(count(Scope::Workspace(id(OTHER_WORKSPACE)), table).await, others, "{table}");
        }
    }
}

/// Without the setting nobody sees or adds anything; search, which looks behind the wall, asks for it too.
#[tokio::test]
async fn without_a_workspace_there_is_nothing() {
    let database = seeded().await;
    let client = connect(&database.admin_url()).await;
    for role in ["colloquy", "colloquy_app"] {
        for setting in ["RESET colloquy.workspace", "SET colloquy.workspace = ''"] {
            client.batch_execute(&format!("SET ROLE {role}; {setting}")).await.expect("a role can be taken");
            for table in TABLES {
                let count = rows(&client, &format!("SELECT count(*) FROM {table}")).await;
                assert_eq!(count, ["0"], "{table}, {role}, {setting}");
            }
            let insert =
                "INSERT INTO workspaces (id, name, created_at) VALUES (gen_random_uuid(), 'New', now())";
            let refused = client.batch_execute(insert).await.expect_err("nothing can be added");
            let refused = refused.as_db_error().map(|error| error.message().to_owned()).unwrap_or_default();
            assert!(refused.contains("row-level security"), "{refused}");
        }
        let search = |workspace| {
            format!(
                "SELECT count(*) FROM search_messages('{workspace}', '{PERSON}', 'common', NULL, NULL, NULL, false, 9)"
            )
        };
        assert_eq!(rows(&client, &search(WORKSPACE)).await, ["0"]);
        let setting = format!("SET colloquy.workspace = '{OTHER_WORKSPACE}'");
        client.batch_execute(&setting).await.expect("a setting can be set");
        assert_eq!(rows(&client, &search(WORKSPACE)).await, ["0"]);
        let titles = format!(
            "SELECT count(*) FROM search_titles('{WORKSPACE}', '{PERSON}', '%title%', NULL, NULL, 'infinity', \
             'ffffffff-ffff-ffff-ffff-ffffffffffff', 9)"
        );
        assert_eq!(rows(&client, &titles).await, ["0"]);
        client.batch_execute("RESET ROLE").await.expect("a role can be laid aside");
    }
    client
        .batch_execute("SET ROLE colloquy_app; SET colloquy.workspace = '*'")
        .await
        .expect("a role can be taken");
    for behind in ["messages_2024", "conversation_titles"] {
        assert_eq!(rows(&client, &format!("SELECT count(*) FROM {behind}")).await, ["0"], "{behind}");
    }
}
