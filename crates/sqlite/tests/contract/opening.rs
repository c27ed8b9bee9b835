//! Opening and closing the file.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use domain::Event;
use domain::ports::{Clock, FactScope, Maintenance, StorageError};
use futures_util::FutureExt;
use futures_util::future::join_all;
use sqlite::{LockError, OpenError, Settings, Sqlite};
use testing::assert_refused;
use testing::contracts::{Storage, World};

use crate::{fresh_settings, open};

#[test]
fn a_second_opener_is_refused_with_the_file_and_the_holder() {
    let (_directory, settings) = fresh_settings();
    let first = Sqlite::open(&settings).expect("the first one opens");
    let refusal = Sqlite::open(&settings).err().expect("the second one does not");
    let OpenError::Lock(LockError::Held { process_id, .. }) = &refusal else { panic!("{refusal:?}") };
    assert_eq!(*process_id, Some(std::process::id()));
    let message = refusal.to_string();
    assert!(message.contains("data/colloquy.db is in use by another process"), "{message}");
    assert!(message.contains(&std::process::id().to_string()), "{message}");
    first.shutdown();
    Sqlite::open(&settings).expect("after the first one has shut down there is room");
}

#[test]
fn only_this_account_can_read_the_files() {
    let (directory, settings) = fresh_settings();
    let _database = Sqlite::open(&settings).expect("the database opens");
    let mode = |name: &str| {
        let metadata = fs::metadata(directory.path().join(name)).expect("the file is there");
        metadata.permissions().mode() & 0o777
    };
    assert_eq!(mode("data"), 0o700);
    for name in ["colloquy.db", "colloquy.db-wal", "colloquy.db-shm", "colloquy.db.lock"] {
        assert_eq!(mode(&format!("data/{name}")), 0o600, "{name}");
    }
}

#[tokio::test]
async fn after_the_shutdown_one_file_holds_everything() {
    let (directory, settings) = fresh_settings();
    let database = Sqlite::open(&settings).expect("the database opens");
    for _ in 0..8 {
        database.health().await.expect("a write and a read succeed");
    }
    let closing = Arc::clone(&database);
    tokio::task::spawn_blocking(move || closing.shutdown()).await.expect("shutting down works");
    let left: Vec<_> = fs::read_dir(directory.path().join("data"))
        .expect("the folder is there")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with("-wal") || name.ends_with("-shm"))
        .collect();
    assert_eq!(left, [""; 0], "whoever copies the database file would miss what is in these");
}

#[test]
fn odd_characters_in_the_path_are_part_of_the_name() {
    let (directory, settings) = fresh_settings();
    let path = directory.path().join("100% ours & é.db");
    Sqlite::open(&Settings { url: format!("sqlite://{}", path.display()), ..settings }).expect("it opens");
    assert!(path.exists());
}

#[tokio::test]
async fn what_was_committed_is_there_after_reopening() {
    let (_directory, settings) = fresh_settings();
    let world = World::new(open(&settings)).await;
    let mut conversation = world.conversation("Kept").await;
    let message = world.post(&mut conversation, None, "Words").await;
    let World { workspace_id, storage, .. } = world;
    drop(storage);
    let storage = open(&settings);
    let stored = storage.messages.get(workspace_id, message.id).await.expect("reading works");
    assert_eq!(stored, Some(message));
}

#[tokio::test]
async fn a_restart_frees_the_leases_of_the_process_before() {
    let (_directory, settings) = fresh_settings();
    let world = World::new(open(&settings)).await;
    let mut conversation = world.conversation("Interrupted").await;
    let question = world.post(&mut conversation, None, "Question").await;
    let (_, run) = world.answer(&mut conversation, &question).await;
    let World { clock, storage, .. } = world;
    assert_eq!(storage.runs.abandoned(clock.now(), 10).await.expect("reading works"), []);
    drop(storage);
    let storage = open(&settings);
    let abandoned = storage.runs.abandoned(clock.now(), 10).await.expect("reading works");
    assert_eq!(abandoned.iter().map(|run| run.id).collect::<Vec<_>>(), [run.id]);
}

#[tokio::test]
async fn shutting_down_writes_what_is_queued_and_then_refuses() {
    let (_directory, settings) = fresh_settings();
    let database = Sqlite::open(&settings).expect("the database opens");
    let world = World::new(Storage::new(&database, Arc::new(()))).await;
    let mut commits = Box::pin(join_all((0..50).map(|_| {
        world.commit(vec![Event::ConversationCreated(world.new_conversation(world.user.id, "Queued"))])
    })));
    assert!(commits.as_mut().now_or_never().is_none(), "asking once queues every unit");
    tokio::task::spawn_blocking(move || database.shutdown()).await.expect("shutting down works");
    for commit in commits.await {
        commit.expect("queued work is done");
    }
    assert_refused!(world.commit(Vec::new()).await, StorageError::Unavailable(_));
    let head = world.storage.journal.head(world.workspace_id, FactScope::User(world.user.id)).await;
    assert_refused!(head, StorageError::Unavailable(_));
}
