//! Changes of the schema.

use std::fs;
use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use domain::{Event, Session, User, UserState};
use sqlite::migrate::{self, MigrateError};
use sqlite::{OpenError, Settings, Sqlite};
use testing::contracts::World;

use crate::{fresh_settings, open};

/// All migrations, oldest first.
const ALL: [&str; 4] = [
    "2026-11-21-000000_foundation",
    "2026-11-21-130000_stop_requests",
    "2026-11-21-150000_identities",
    "2026-11-21-190000_annotations",
];

fn connect(path: &Path) -> SqliteConnection {
    SqliteConnection::establish(path.to_str().expect("the path is UTF-8")).expect("the file opens")
}

#[test]
fn migrations_go_up_and_down_and_up_again() {
    let (_directory, settings) = fresh_settings();
    let path = settings.path().expect("the path is valid");
    assert_eq!(migrate::pending(&settings).expect("checking works"), ALL);
    assert!(!path.exists(), "checking must not create anything");
    for _ in 0..2 {
        assert_eq!(migrate::up(&settings).expect("migrating works"), ALL);
        assert_eq!(migrate::up(&settings).expect("migrating works"), Vec::<String>::new());
        assert_eq!(migrate::pending(&settings).expect("checking works"), Vec::<String>::new());
        for newest in ALL.iter().rev() {
            assert_eq!(migrate::down(&settings).expect("reverting works").as_deref(), Some(*newest));
        }
        let tables = diesel::sql_query(
            "CREATE TABLE nothing_else_is_left AS SELECT name FROM sqlite_schema
             WHERE name NOT LIKE 'sqlite_%' AND name NOT LIKE '\\_\\_diesel%' ESCAPE '\\'",
        );
        let mut connection = connect(&path);
        tables.execute(&mut connection).expect("the file is a database");
        let left = diesel::sql_query("DELETE FROM nothing_else_is_left").execute(&mut connection);
        assert_eq!(left, Ok(0), "reverting left tables behind");
        connection.batch_execute("DROP TABLE nothing_else_is_left").expect("it was just made");
    }
    assert_eq!(migrate::down(&settings).expect("reverting works"), None);
}

#[test]
fn opening_refuses_pending_migrations_where_it_must_not_migrate() {
    let (_directory, settings) = fresh_settings();
    let refusal = Sqlite::open(&Settings { migrate: false, ..settings }).err().expect("it is refused");
    assert!(matches!(refusal, OpenError::Migrate(MigrateError::Pending(_))), "{refusal:?}");
    assert!(refusal.to_string().contains("colloquy migrate"), "{refusal}");
}

#[test]
fn an_unknown_newer_schema_is_refused() {
    let (_directory, settings) = fresh_settings();
    drop(Sqlite::open(&settings).expect("the database opens"));
    connect(&settings.path().expect("the path is valid"))
        .batch_execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('99991231235959')")
        .expect("the table is there");
    let refusal = Sqlite::open(&settings).err().expect("it is refused");
    assert!(matches!(refusal, OpenError::Migrate(MigrateError::Unknown { .. })), "{refusal:?}");
    assert!(refusal.to_string().contains("99991231235959, which this release does not know"), "{refusal}");
    for refusal in
        [migrate::up(&settings).err(), migrate::pending(&settings).err(), migrate::down(&settings).err()]
    {
        assert!(matches!(refusal, Some(MigrateError::Unknown { .. })), "{refusal:?}");
    }
}

#[test]
fn two_at_once_do_not_both_migrate() {
    let (_directory, settings) = fresh_settings();
    let _database = Sqlite::open(&settings).expect("the database opens");
    assert!(matches!(migrate::up(&settings), Err(MigrateError::Lock(_))));
    assert!(matches!(migrate::down(&settings), Err(MigrateError::Lock(_))));
}

#[tokio::test]
async fn a_snapshot_is_taken_before_a_change() {
    let (directory, settings) = fresh_settings();
    let world = World::new(open(&settings)).await;
    let mut conversation = world.conversation("Precious").await;
    let message = world.post(&mut conversation, None, "Words").await;
    let World { workspace_id, storage, .. } = world;
    drop(storage);
    migrate::down(&settings).expect("reverting works");
    let snapshot = directory.path().join("data/colloquy.db.20261121190000.snapshot");
    let restored = open(&Settings::at(&snapshot));
    let stored = restored.messages.get(workspace_id, message.id).await.expect("reading works");
    assert_eq!(stored, Some(message));
}

#[tokio::test]
async fn an_older_database_keeps_every_row() {
    let (_directory, settings) = fresh_settings();
    let world = World::new(open(&settings)).await;
    let (other, neighbour) = world.neighbour().await;
    world.join(other, &world.user).await;
    let pending = User { state: UserState::Pending, ..world.stranger("late@example.org") };
    let session = world.session(&world.user, 1);
    let key = world.api_key(&world.user, 2);
    let mut conversation = world.conversation("Precious").await;
    let message = world.post(&mut conversation, None, "Words").await;
    world
        .done(vec![
            Event::UserCreated(pending.clone()),
            Event::SessionOpened(session.clone()),
            Event::ApiKeyCreated(key.clone()),
        ])
        .await;
    let World { workspace_id, storage, user, .. } = world;
    drop(storage);
    for _ in 0..2 {
        migrate::down(&settings).expect("reverting works");
    }
    let stored = open(&settings);
    let found = stored.identities.user_by_email(&user.email).await.expect("reading works");
    assert_eq!(found, Some(user.clone()));
    let found = stored.identities.user(other, neighbour.id).await.expect("reading works");
    assert_eq!(found, Some(neighbour));
    let found = stored.identities.user(workspace_id, pending.id).await.expect("reading works");
    assert_eq!(found, Some(User { state: UserState::Suspended, ..pending }));
    let found = stored.identities.session_by_token(session.token_hash).await.expect("reading works");
    let as_it_was = Session { device: None, last_address: None, ..session };
    assert_eq!(found.map(|found| found.session), Some(as_it_was));
    let found = stored.identities.api_key_by_hash(key.key_hash).await.expect("reading works");
    assert_eq!(found.map(|found| found.api_key), Some(key));
    let found = stored.messages.get(workspace_id, message.id).await.expect("reading works");
    assert_eq!(found, Some(message));
    let found = stored.workspaces.workspaces_of(user.id).await.expect("reading works");
    assert_eq!(found.len(), 2);
}

#[tokio::test]
async fn nobody_changes_the_audit_log_by_hand() {
    let (_directory, settings) = fresh_settings();
    let world = World::new(open(&settings)).await;
    let mut connection = connect(&settings.path().expect("the path is valid"));
    for by_hand in [
        "UPDATE audit_entries SET name = 'nothing.happened'",
        "DELETE FROM audit_entries",
        "REPLACE INTO audit_entries SELECT * FROM audit_entries",
    ] {
        let refusal = connection.batch_execute(by_hand).expect_err("it is refused");
        assert!(refusal.to_string().contains("rule: audit"), "{by_hand}: {refusal}");
    }
    let left = world.storage.audit.audit_chain(world.workspace_id, 0, 10).await.expect("reading works");
    assert_eq!(left.len(), 2);
}

#[test]
fn a_kill_between_any_two_statements_is_harmless() {
    let script = include_str!("../../../../migrations/sqlite/2026-11-21-000000_foundation/up.sql");
    let statements: Vec<&str> = script.split("\n\n").collect();
    assert!(statements.len() > 15, "the script should fall into its statements");
    for killed_after in 0..statements.len() {
        let (directory, settings) = fresh_settings();
        let victim = directory.path().join("victim.db");
        let mut connection = connect(&victim);
        connection
            .batch_execute("PRAGMA journal_mode = WAL; PRAGMA cache_size = 1; BEGIN IMMEDIATE;")
            .expect("a transaction begins");
        for statement in &statements[..killed_after] {
            connection.batch_execute(statement).expect("the statement is in order");
        }
        // What a killed process leaves is what the files hold now.
        let path = settings.path().expect("the path is valid");
        fs::create_dir(path.parent().expect("it has a parent")).expect("it can be made");
        fs::copy(&victim, &path).expect("copying works");
        fs::copy(directory.path().join("victim.db-wal"), directory.path().join("data/colloquy.db-wal"))
            .expect("copying works");
        assert_eq!(migrate::up(&settings).expect("migrating works"), ALL, "after {killed_after}");
        Sqlite::open(&settings).expect("the database opens");
    }
}
