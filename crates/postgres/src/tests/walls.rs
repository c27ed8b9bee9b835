//! Row-level security: a query that forgets the filter sees nothing of others.

use diesel::sql_types::BigInt;
use domain::WorkspaceId;

use super::{OTHER_WORKSPACE, PERSON, WORKSPACE, connect, empty, rows, seeded};
use crate::session::Scope;
use crate::statement::values;
use crate::{Postgres, Settings};

const TABLES: [&str; 32] = [
    "workspaces",
    "users",
    "memberships",
    "sessions",
    "api_keys",
    "api_key_spend",
    "invitations",
    "tickets",
    "totp_secrets",
    "recovery_codes",
    "passkeys",
    "external_identities",
    "projects",
    "project_members",
    "tags",
    "conversation_tags",
    "annotations",
    "shares",
    "providers",
    "secret_keys",
    "audit_entries",
    "audit_heads",
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

const PEOPLE: &str = "
    SET colloquy.workspace = '*';
    INSERT INTO workspaces (id, name, created_at)
    SELECT pg_temp.id(number), 'Workspace', now() FROM generate_series(1, 2) number;
    -- The first person belongs to the first workspace, the second to the second one, the third to both.
    INSERT INTO users (id, home_workspace_id, email, display_name, state, version, created_at)
    SELECT pg_temp.id(10 + number), pg_temp.id(1), number || '@example.org', 'Person', 'active', 1, now()
    FROM generate_series(1, 3) number;
    INSERT INTO memberships (workspace_id, user_id, role, created_at)
    SELECT pg_temp.id(workspace), pg_temp.id(10 + person), 'owner', now()
    FROM (VALUES (1, 1), (2, 2), (1, 3), (2, 3)) m (workspace, person);
    INSERT INTO api_keys (id, workspace_id, user_id, name, prefix, key_hash, scopes, created_at)
    SELECT m.user_id, m.workspace_id, m.user_id, 'Key', 'clq', sha256(m.user_id::text::bytea), '[]', now()
    FROM memberships m WHERE m.user_id <> pg_temp.id(13);
    INSERT INTO api_key_spend SELECT id, workspace_id, 1, 1 FROM api_keys;
    INSERT INTO invitations (id, workspace_id, email, role, token_hash, created_at, expires_at)
    SELECT id, id, 'ada@example.org', 'owner', sha256(id::text::bytea), now(), now() FROM workspaces;
    INSERT INTO tickets (id, workspace_id, kind, token_hash, payload, created_at, expires_at)
    SELECT id, id, 'activation', sha256(id::text::bytea), '', now(), now() FROM workspaces;
    INSERT INTO totp_secrets (user_id, sealed_secret, last_step, enabled_at) SELECT id, 'x', 0, now() FROM users;
    INSERT INTO recovery_codes (user_id, code) SELECT id, sha256('x') FROM users;
    INSERT INTO passkeys (id, user_id, name, credential_id, credential, created_at)
    SELECT id, id, 'Key', sha256(id::text::bytea), '{}', now() FROM users;
    INSERT INTO external_identities (issuer, subject, user_id, created_at) SELECT 'i', id::text, id, now() FROM users;
    INSERT INTO projects (id, workspace_id, name, created_by, version, created_at, updated_at)
    SELECT id, id, 'Project', id, 1, now(), now() FROM workspaces;
    INSERT INTO project_members (project_id, workspace_id, user_id, access, added_at)
    SELECT workspace_id, workspace_id, user_id, 'read', now() FROM memberships;
    INSERT INTO conversations (
        id, workspace_id, owner_id, version, created_at, updated_at, pinned, archived, title, title_folded, title_origin,
        parameters
    )
    SELECT id, id, pg_temp.id(13), 1, now(), now(), false, false, 'T', 't', 'person', '{}' FROM workspaces;
    INSERT INTO tags (id, workspace_id, owner_id, version, created_at, updated_at, name, folded, color)
    SELECT id, id, pg_temp.id(13), 1, now(), now(), 'T', 't', 'red' FROM workspaces;
    INSERT INTO conversation_tags (conversation_id, tag_id, workspace_id, owner_id)
    SELECT id, id, id, pg_temp.id(13) FROM workspaces;
    INSERT INTO messages (id, workspace_id, conversation_id, owner_id, version, created_at, role, status, parts)
    SELECT id, id, id, pg_temp.id(13), 1, now(), 'user', 'complete', '[]' FROM workspaces;
    INSERT INTO annotations (
        id, workspace_id, conversation_id, message_id, author_id, version, created_at, updated_at, kind, note
    )
    SELECT id, id, id, id, pg_temp.id(13), 1, now(), now(), 'note', 'N' FROM workspaces;
    INSERT INTO shares (id, workspace_id, conversation_id, owner_id, kind, token_hash, created_at)
    SELECT id, id, id, pg_temp.id(13), 'live', sha256('x'), now() FROM workspaces;
    INSERT INTO providers (id, workspace_id, name, kind, models, enabled, version, created_at, updated_at)
    SELECT id, id, id::text, 'kind', '[]', true, 1, now(), now() FROM workspaces;
    INSERT INTO secret_keys (id, purpose, wrapped, wrapped_by, created_at)
    VALUES (pg_temp.id(1), 'sealing', 'x', 'x', now());
    SELECT append_audit(
        id, now(), NULL, 'system', NULL, NULL, NULL, ARRAY['a', 'b'], ARRAY[id, NULL], ARRAY[NULL, id], ARRAY['{}', '{}'],
        ARRAY[sha256('a'), sha256('b')]
    ) FROM workspaces;";

/// People in several workspaces are seen from each, with what is theirs; the server's keys from none.
#[tokio::test]
async fn what_people_and_workspaces_have_is_seen_where_they_are() {
    let database = empty().await;
    let client = connect(&database.admin_url()).await;
    let id = "CREATE FUNCTION pg_temp.id(number int) RETURNS uuid LANGUAGE sql AS
        $$ SELECT lpad(number::text, 32, '0')::uuid $$";
    client.batch_execute(id).await.expect("a function can be made");
    client.batch_execute(PEOPLE).await.expect("the rows are in order");
    let workspace = |number: u8| format!("00000000-0000-0000-0000-00000000000{number}");
    for role in ["colloquy", "colloquy_app"] {
        client.batch_execute(&format!("SET ROLE {role}")).await.expect("a role can be taken");
        for (table, one, all) in [
            ("users", "2", "3"),
            ("memberships", "2", "4"),
            ("api_keys", "1", "2"),
            ("api_key_spend", "1", "2"),
            ("invitations", "1", "2"),
            ("tickets", "2", "2"),
            ("totp_secrets", "2", "3"),
            ("recovery_codes", "2", "3"),
            ("passkeys", "2", "3"),
            ("external_identities", "2", "3"),
            ("projects", "1", "2"),
            ("project_members", "2", "4"),
            ("tags", "1", "2"),
            ("conversation_tags", "1", "2"),
            ("annotations", "1", "2"),
            ("shares", "1", "2"),
            ("providers", "1", "2"),
            ("secret_keys", "0", "1"),
            ("audit_entries", "2", "4"),
            ("audit_heads", "1", "2"),
        ] {
            for (setting, expected) in [(workspace(1), one), (workspace(2), one), ("*".to_owned(), all)] {
                let set = format!("SET colloquy.workspace = '{setting}'");
                client.batch_execute(&set).await.expect("a setting can be set");
                let count = rows(&client, &format!("SELECT count(*) FROM {table}")).await;
                assert_eq!(count, [expected], "{table}, {role}, {setting}");
            }
        }
        let set = format!("SET colloquy.workspace = '{}'", workspace(1));
        client.batch_execute(&set).await.expect("a setting can be set");
        for foreign in [
            format!("INSERT INTO totp_secrets VALUES ('{}', 1, now(), 'x')", workspace(2).replace("02", "12")),
            format!(
                "INSERT INTO projects SELECT gen_random_uuid(), '{}', '{0}', 1, now(), now(), 'P'",
                workspace(2)
            ),
            format!(
                "INSERT INTO tags SELECT gen_random_uuid(), '{}', owner_id, 1, now(), now(), 'F', 'f', 'red' FROM tags",
                workspace(2)
            ),
            format!(
                "SELECT append_audit('{}', now(), NULL, 'system', NULL, NULL, NULL, ARRAY['a'], NULL, NULL, ARRAY['{{}}'],
                 ARRAY[sha256('a')])",
                workspace(2)
            ),
        ] {
            let refused = client.batch_execute(&foreign).await.expect_err("it belongs to others");
            let refused = refused.as_db_error().map(|error| error.code().code().to_owned());
            assert_eq!(refused.as_deref(), Some("42501"), "{foreign}");
        }
        client.batch_execute("RESET ROLE").await.expect("a role can be laid aside");
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
