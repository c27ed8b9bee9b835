//! Migrating a database that is in use.

use testing::servers::TestDatabase;

use super::{connect, empty, rows};
use crate::{Settings, migrate};

/// How many migrations came after the first release.
const LATER: usize = 2;

/// What that release writes.
const BEFORE: &str = "
    SET colloquy.workspace = '00000000-0000-0000-0000-000000000001';
    INSERT INTO users (id, email, display_name, state, version, created_at)
    VALUES (gen_random_uuid(), $name$ || '@example.org', 'Ada', 'active', 1, '2026-01-01Z');
    INSERT INTO memberships (workspace_id, user_id, role, created_at)
    SELECT '00000000-0000-0000-0000-000000000001', id, 'owner', '2026-01-01Z' FROM users
    WHERE email = $name$ || '@example.org';
    SET colloquy.workspace = '*';
    INSERT INTO memberships (workspace_id, user_id, role, created_at)
    SELECT '00000000-0000-0000-0000-000000000002', id, 'member', '2026-01-02Z' FROM users
    WHERE email = $name$ || '@example.org';
    INSERT INTO sessions (id, workspace_id, user_id, token_hash, created_at, expires_at)
    SELECT gen_random_uuid(), '00000000-0000-0000-0000-000000000001', id, sha256(id::text::bytea), '2026-01-01Z',
        '2027-01-01Z'
    FROM users WHERE email = $name$ || '@example.org';";

async fn reverted(database: &TestDatabase) -> String {
    let newest = migrate::down(&Settings::at(&database.url())).await.expect("reverting works");
    newest.expect("there is a migration")
}

#[tokio::test]
async fn a_migration_that_is_reverted_leaves_nothing_behind() {
    let database = empty().await;
    let schema = || database.schema().expect("it can be dumped");
    let mut names = Vec::new();
    let mut schemas = vec![schema()];
    for _ in 0..LATER {
        names.insert(0, reverted(&database).await);
        assert!(!schemas.contains(&schema()), "{names:?}");
        schemas.insert(0, schema());
    }
    let again = migrate::up(&Settings::at(&database.url())).await.expect("migrating works");
    assert_eq!(again, names);
    while let Some(expected) = schemas.pop() {
        assert_eq!(schema(), expected);
        if !schemas.is_empty() {
            reverted(&database).await;
        }
    }
}

/// Those who are there are kept, and the release before goes on until it is replaced.
#[tokio::test]
async fn people_are_at_home_where_they_joined_first() {
    let database = empty().await;
    for _ in 0..LATER {
        reverted(&database).await;
    }
    let client = connect(&database.admin_url()).await;
    let workspaces = "INSERT INTO workspaces (id, name, created_at)
         SELECT lpad(number::text, 32, '0')::uuid, 'Workspace', '2026-01-01Z' FROM generate_series(1, 2) number";
    client.batch_execute(workspaces).await.expect("the rows are in order");
    client.batch_execute(&BEFORE.replace("$name$", "'old'")).await.expect("the rows are in order");
    migrate::up(&Settings::at(&database.url())).await.expect("migrating works");
    client.batch_execute(&BEFORE.replace("$name$", "'new'")).await.expect("the release before goes on");
    let homes = "SELECT email, home_workspace_id FROM users ORDER BY email DESC";
    let home = "00000000-0000-0000-0000-000000000001";
    assert_eq!(
        rows(&client, homes).await,
        [format!("old@example.org|{home}"), format!("new@example.org|{home}")]
    );
    let sessions = "SELECT s.kind, s.generation, s.rotated_at = s.created_at, s.last_used_at = s.created_at
         FROM sessions s JOIN users u ON u.id = s.user_id ORDER BY u.email DESC";
    assert_eq!(rows(&client, sessions).await, ["browser|0|t|t", "browser|0|f|f"]);
}
