//! More than fits: into the queue, onto the disk.

use domain::ports::{ConversationFilter, ConversationsOf, StorageError};
use domain::{Conversation, Event, PageRequest};
use futures_util::future::join_all;
use sqlite::Settings;
use testing::assert_refused;
use testing::contracts::World;

use crate::{fresh_settings, open};

#[tokio::test]
async fn a_full_queue_refuses_at_once_and_stores_just_what_it_accepted() {
    let (_directory, settings) = fresh_settings();
    let world = World::new(open(&Settings { write_queue: 2, group: 1, ..settings })).await;
    let commits = (0..200).map(|_| {
        world.commit(vec![Event::ConversationCreated(world.new_conversation(world.user.id, "Maybe"))])
    });
    let outcomes = join_all(commits).await;
    let accepted = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert!((2..200).contains(&accepted), "{accepted} of 200 were accepted");
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(_) | Err(StorageError::Unavailable(_)))));
    let conversations = &world.storage.conversations;
    let page = PageRequest::first(500);
    let stored = conversations
        .list(world.workspace_id, ConversationsOf::Owner(world.user.id), ConversationFilter::default(), page)
        .await;
    assert_eq!(stored.expect("reading works").items.len(), accepted);
}

#[tokio::test]
async fn a_full_database_refuses_changes_still_reads_and_recovers_by_itself() {
    let (_directory, settings) = fresh_settings();
    let world = World::new(open(&Settings { max_mib: 2, ..settings })).await;
    let mut conversation = world.conversation("Growing").await;
    let mut stored = Vec::new();
    let refused = loop {
        let text = format!("{} ", stored.len()).repeat(20_000);
        let (after, message) = world.draft(&conversation, None, &text);
        let posted = vec![Event::MessagePosted(message.clone()), Event::ConversationUpdated(after.clone())];
        match world.commit(posted.clone()).await {
            Ok(_) => {
                conversation = after;
                stored.push(message);
            }
            Err(error) => break (posted, error),
        }
        assert!(stored.len() < 100, "the limit of 2 MiB was never met");
    };
    assert!(matches!(refused.1, StorageError::Unavailable(_)), "{:?}", refused.1);
    assert_refused!(world.commit(refused.0.clone()).await, StorageError::Unavailable(_));
    for message in &stored {
        let read = world.storage.messages.get(world.workspace_id, message.id).await.expect("reading works");
        assert_eq!(read.as_ref(), Some(message), "an acknowledged message must stay");
    }
    let removed = stored.iter().rev().map(|message| message.id).collect::<Vec<_>>();
    for id in removed {
        let deleted =
            Event::MessageDeleted { conversation_id: conversation.id, message_id: id, removed: vec![id] };
        world.done(vec![deleted]).await;
    }
    world.done(refused.0).await;
    let deleted = Conversation { version: conversation.version.next().next(), ..conversation };
    world.done(vec![Event::ConversationDeleted(deleted)]).await;
}
