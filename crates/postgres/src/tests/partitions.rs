//! Partitions: each row where it belongs, made ahead of time, dropped when old.

use std::sync::Arc;
use std::time::Duration;

use domain::ports::{Annotations, FactScope, Ids, Journal, Maintenance, Position};
use domain::{
    Annotation, AnnotationContent, AnnotationId, Event, MessageId, Parts, Rating, Timestamp, UserId,
};
use testing::contracts::{Storage, World};
use uuid::Builder;

use super::{connect, empty, rows, world};
use crate::{Postgres, Settings};

fn id_at(moment: &str, number: u8) -> MessageId {
    let moment = Timestamp::parse_rfc3339(moment).expect("it is a moment");
    let millis = u64::try_from(moment.micros() / 1000).expect("it is after 1970");
    MessageId::from_uuid(Builder::from_unix_timestamp_millis(millis, &[number; 10]).into_uuid())
}

/// What is imported stands among what was said at that time; what nobody can have said stands in DEFAULT, until there is
/// a partition for it.
#[tokio::test]
async fn messages_stand_where_their_time_is() {
    let database = empty().await;
    let (world, postgres) = world(&database).await;
    let conversation = world.conversation("Imported").await;
    let mut parent = None;
    let mut events = Vec::new();
    for moment in
        ["1999-12-31T00:00:00Z", "2023-05-05T00:00:00Z", "2026-11-21T00:00:00Z", "2027-04-01T00:00:00Z"]
    {
        let new = domain::NewMessage {
            id: id_at(moment, 1),
            role: domain::MessageRole::User,
            parts: Parts::from_text(moment),
        };
        let (_, message) = conversation.post(new, parent.as_ref(), world.tick()).expect("the message fits");
        events.push(Event::MessagePosted(message.clone()));
        parent = Some(message);
    }
    let after = domain::Conversation {
        active_leaf_id: parent.as_ref().map(|message| message.id),
        version: conversation.version.next(),
        ..conversation.clone()
    };
    events.push(Event::ConversationUpdated(after.clone()));
    let annotated = parent.expect("there are some");
    let annotation = Annotation {
        id: AnnotationId::from_uuid(world.ids.uuid()),
        workspace_id: world.workspace_id,
        conversation_id: conversation.id,
        message_id: annotated.id,
        author_id: world.user.id,
        content: AnnotationContent::Rating { rating: Rating::Up, note: None },
        version: annotated.version,
        created_at: annotated.created_at,
        updated_at: annotated.created_at,
    };
    events.push(Event::AnnotationCreated(annotation.clone()));
    world.done(events).await;
    let client = connect(&database.admin_url()).await;
    let places = "SELECT tableoid::regclass FROM messages ORDER BY id";
    let before = ["messages_default", "messages_2023", "messages_2026_11", "messages_default"];
    assert_eq!(rows(&client, places).await, before);
    let listed = async || {
        let page = domain::PageRequest::first(10);
        world
            .storage
            .messages
            .list(world.workspace_id, conversation.id, page)
            .await
            .expect("reading works")
            .items
    };
    let stored = listed().await;
    assert_eq!(stored.len(), 4);
    let later = Timestamp::parse_rfc3339("2027-01-15T00:00:00Z").expect("it is a moment");
    postgres.purge_expired(later).await.expect("upkeep works");
    let then = ["messages_default", "messages_2023", "messages_2026_11", "messages_2027_04"];
    assert_eq!(rows(&client, places).await, then);
    assert_eq!(listed().await, stored);
    let kept =
        world.storage.conversations.get(world.workspace_id, conversation.id).await.expect("reading works");
    let kept = kept.expect("it is still there");
    assert_eq!((kept.message_count, kept.active_leaf_id), (4, after.active_leaf_id));
    let kept = postgres.annotation(world.workspace_id, annotation.id).await.expect("reading works");
    assert_eq!(kept, Some(annotation));
    assert_eq!(postgres.reconcile(false).await.expect("reading works"), []);
}

/// Old events go a month at a time, with the partitions of messages in which there are none; messages stay.
#[tokio::test]
async fn old_partitions_are_dropped() {
    let database = empty().await;
    let (world, postgres) = world(&database).await;
    let mut conversation = world.conversation("Kept").await;
    world.post(&mut conversation, None, "Words of January 2026").await;
    postgres.shutdown().await;
    let settings = Settings { keep_events_months: 6, ..Settings::at(&database.url()) };
    let postgres = Postgres::open(&settings).await.expect("the database opens");
    let client = connect(&database.admin_url()).await;
    let now = Timestamp::parse_rfc3339("2026-11-21T12:00:00Z").expect("it is a moment");
    let facts = "SELECT count(*) FROM events";
    assert_ne!(rows(&client, facts).await, ["0"]);
    let scopes = [FactScope::User(world.user.id), FactScope::Conversation(conversation.id)];
    let head = postgres.head(world.workspace_id, scopes[0]).await.expect("reading works");
    for _ in 0..2 {
        postgres.purge_expired(now).await.expect("upkeep works");
        let oldest = "SELECT DISTINCT ON (parent) name FROM partitions ORDER BY parent, lower_id";
        assert_eq!(rows(&client, oldest).await, ["events_2026_05", "messages_2026_01"]);
        assert_eq!(rows(&client, facts).await, ["0"]);
        assert_eq!(rows(&client, "SELECT count(*) FROM messages").await, ["1"]);
        for scope in scopes {
            assert_eq!(postgres.forgotten(world.workspace_id, scope).await.expect("reading works"), head);
            assert_eq!(postgres.head(world.workspace_id, scope).await.expect("reading works"), head);
        }
        let stranger = FactScope::User(UserId::from_uuid(world.ids.uuid()));
        let unknown = postgres.forgotten(world.workspace_id, stranger).await.expect("reading works");
        assert_eq!(unknown, Position(0));
    }
}

/// What is older than every partition is forgotten too, and noted for each person; what is newer stays.
#[tokio::test]
async fn outliers_are_forgotten_by_person() {
    let database = empty().await;
    let (world, postgres) = world(&database).await;
    world.conversation("Ancient").await;
    postgres.shutdown().await;
    let client = connect(&database.admin_url()).await;
    let ancient = "UPDATE events SET id = ('000' || substr(id::text, 4))::uuid WHERE name = 'user.created' RETURNING position";
    let ancient = rows(&client, ancient).await;
    let settings = Settings { keep_events_months: 12, ..Settings::at(&database.url()) };
    let postgres = Postgres::open(&settings).await.expect("the database opens");
    let now = Timestamp::parse_rfc3339("2026-02-01T00:00:00Z").expect("it is a moment");
    postgres.purge_expired(now).await.expect("upkeep works");
    let scope = FactScope::User(world.user.id);
    let forgotten = postgres.forgotten(world.workspace_id, scope).await.expect("reading works");
    assert_eq!([forgotten.0.to_string()], ancient.as_slice());
    let kept = postgres.read_after(world.workspace_id, scope, Position(0), 10).await.expect("reading works");
    let names: Vec<&str> = kept.iter().map(|fact| fact.name.as_str()).collect();
    assert_eq!(names, ["conversation.created"]);
}

/// What is forgotten anyway gets no partitions before that: making some would need the tables for itself.
#[tokio::test]
async fn outliers_are_forgotten_while_others_read() {
    let database = empty().await;
    let settings = Settings { keep_events_months: 1, ..Settings::at(&database.url()) };
    let postgres = Postgres::open(&settings).await.expect("the database opens");
    let now = Timestamp::parse_rfc3339("2026-11-21T12:00:00Z").expect("it is a moment");
    postgres.purge_expired(now).await.expect("upkeep works");
    let world = World::new(Storage::new(&postgres, Arc::new(()))).await;
    let conversation = world.conversation("Of January 2026").await;
    let client = connect(&database.admin_url()).await;
    let places = "SELECT DISTINCT tableoid::regclass FROM events";
    assert_eq!(rows(&client, places).await, ["events_default"]);
    client.batch_execute("BEGIN; LOCK TABLE events IN ACCESS SHARE MODE").await.expect("it can be read");
    postgres.purge_expired(now).await.expect("upkeep works");
    assert_eq!(rows(&client, "SELECT count(*) FROM events").await, ["0"]);
    let head = world.head().await;
    for scope in [FactScope::User(world.user.id), FactScope::Conversation(conversation.id)] {
        assert_eq!(postgres.forgotten(world.workspace_id, scope).await.expect("reading works"), head);
    }
}

/// What cannot be done is told, so that it is tried again soon; what comes after it is done all the same.
#[tokio::test]
async fn a_table_in_use_holds_nothing_else_up() {
    let database = empty().await;
    let (world, postgres) = world(&database).await;
    world.conversation("Old").await;
    postgres.shutdown().await;
    let settings = Settings { keep_events_months: 6, ..Settings::at(&database.url()) };
    let postgres = Postgres::open(&settings).await.expect("the database opens");
    let client = connect(&database.admin_url()).await;
    client.batch_execute("BEGIN; LOCK TABLE messages IN ACCESS SHARE MODE").await.expect("it can be read");
    let now = Timestamp::parse_rfc3339("2027-01-15T12:00:00Z").expect("it is a moment");
    postgres.purge_expired(now).await.expect_err("a table is in use");
    let partitions = "SELECT min(name), max(name) FROM partitions GROUP BY parent ORDER BY parent";
    let observer = connect(&database.admin_url()).await;
    assert_eq!(
        rows(&observer, partitions).await,
        ["events_2026_07|events_2027_04", "messages_2022|messages_2027_02"]
    );
    let scope = FactScope::User(world.user.id);
    let head = postgres.head(world.workspace_id, scope).await.expect("reading works");
    assert_eq!(postgres.forgotten(world.workspace_id, scope).await.expect("reading works"), head);
    client.batch_execute("COMMIT").await.expect("it was only read");
    postgres.purge_expired(now).await.expect("upkeep works");
    assert_eq!(
        rows(&observer, partitions).await,
        ["events_2026_07|events_2027_04", "messages_2026_07|messages_2027_04"]
    );
}

/// Upkeep may wait for others longer than a statement of anybody else.
#[tokio::test]
async fn upkeep_takes_its_time() {
    let database = empty().await;
    let settings = Settings { statement_timeout_ms: 100, ..Settings::at(&database.url()) };
    let postgres = Postgres::open(&settings).await.expect("the database opens");
    let client = connect(&database.admin_url()).await;
    client.batch_execute("BEGIN; LOCK TABLE events IN ACCESS SHARE MODE").await.expect("it can be read");
    let now = Timestamp::parse_rfc3339("2027-01-15T12:00:00Z").expect("it is a moment");
    let reading = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        client.batch_execute("COMMIT").await.expect("it was only read");
    };
    let (kept, ()) = tokio::join!(postgres.purge_expired(now), reading);
    kept.expect("upkeep works");
    let newest = "SELECT max(name) FROM partitions GROUP BY parent ORDER BY parent";
    assert_eq!(rows(&client, newest).await, ["events_2027_04", "messages_2027_04"]);
}
