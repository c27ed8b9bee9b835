//! What reading and changing messages must do.

use domain::ports::{Clock, Ids, StorageError};
use domain::{
    ContentFlag, EditId, Event, FinishReason, Message, MessageId, MessageRole, Money, PageRequest, Part,
    Parts, RunFailure, TokenCount, Usage,
};

use super::{Storage, World};
use crate::assert_refused;

async fn get(world: &World, id: MessageId) -> Option<Message> {
    world.storage.messages.get(world.workspace_id, id).await.expect("reading works")
}

/// Every field and every kind of part survives the database.
pub async fn a_message_comes_back_as_it_was_written(storage: Storage) {
    let world = World::new(storage).await;
    let mut conversation = world.conversation("All").await;
    let question = world.post(&mut conversation, None, "Question").await;
    assert_eq!(get(&world, question.id).await, Some(question.clone()));
    let (answer, _) = world.answer(&mut conversation, &question).await;
    assert_eq!(get(&world, answer.id).await, Some(answer.clone()));
    let parts = Parts::from(vec![
        Part::text("nul \0, quote \" and 🐘"),
        Part::Reasoning { text: "hm".into() },
        Part::ToolCall { id: "1".into(), name: "f".into(), arguments: "{".into() },
        Part::ToolResult { call_id: "1".into(), text: "ok".into() },
        Part::Image { url: "https://example.org/a.png".into(), media_type: Some("image/png".into()) },
        Part::File { name: "a.txt".into(), media_type: None, text: Some("words".into()) },
        Part::Citation { url: "/x".into(), title: None, quote: Some("quoted".into()) },
        Part::Unsupported { description: "hologram".into() },
    ]);
    let message = Message {
        id: MessageId::from_uuid(world.ids.uuid()),
        parent_id: Some(question.id),
        role: MessageRole::Tool,
        parts,
        finish_reason: Some(FinishReason::ContentFilter),
        usage: Some(Usage {
            input_tokens: TokenCount(1),
            cost_microusd: Some(Money::from_micros(3)),
            ..Usage::default()
        }),
        failure: Some(RunFailure { code: "provider_failed".into(), detail: "Try again.".into() }),
        flags: vec![ContentFlag::Oversized, ContentFlag::PromptInjection],
        edited_at: Some(world.clock.now()),
        ..answer
    };
    world.done(vec![Event::MessagePosted(message.clone())]).await;
    assert_eq!(get(&world, message.id).await, Some(message));
}

/// A parent stands in the same conversation.
pub async fn a_parent_of_another_conversation_is_rejected(storage: Storage) {
    let world = World::new(storage).await;
    let mut one = world.conversation("One").await;
    let elsewhere = world.post(&mut one, None, "Elsewhere").await;
    let two = world.conversation("Two").await;
    let (_, message) = world.draft(&two, None, "Hello");
    let message = Message { parent_id: Some(elsewhere.id), ..message };
    assert_refused!(
        world.commit(vec![Event::MessagePosted(message)]).await,
        StorageError::Rejected("the parent message does not belong to this conversation")
    );
}

/// Pages follow the parents, each message once.
pub async fn a_thread_pages_from_the_leaf_to_the_root(storage: Storage) {
    let world = World::new(storage).await;
    let mut conversation = world.conversation("Long").await;
    let mut thread: Vec<Message> = Vec::new();
    for number in 0..7 {
        let message = world.post(&mut conversation, thread.first(), &format!("Message {number}")).await;
        thread.insert(0, message);
    }
    let leaf = thread[0].id;
    let port = &world.storage.messages;
    for limit in [1, 3, 7, 8] {
        let mut seen = Vec::new();
        let mut after = None;
        loop {
            let page = port.thread(world.workspace_id, leaf, PageRequest { after, limit }).await;
            let page = page.expect("reading works");
            assert!(page.items.len() <= usize::from(limit));
            seen.extend(page.items.into_iter().map(|item| item.message));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen, thread, "with pages of {limit}");
    }
    let above_the_root = PageRequest { after: Some(thread[6].id), limit: 5 };
    let page = port.thread(world.workspace_id, leaf, above_the_root).await.expect("reading works");
    assert_eq!((page.items.len(), page.next), (0, None));
}

/// A parent that was deleted meanwhile is no fault of the caller.
pub async fn a_vanished_parent_is_a_conflict(storage: Storage) {
    let world = World::new(storage).await;
    let conversation = world.conversation("One").await;
    let (_, message) = world.draft(&conversation, None, "Hello");
    let orphan = Message { parent_id: Some(MessageId::from_uuid(world.ids.uuid())), ..message };
    assert_refused!(world.commit(vec![Event::MessagePosted(orphan)]).await, StorageError::Conflict);
}

/// A row of another workspace is a row that does not exist.
pub async fn another_workspace_sees_no_message(storage: Storage) {
    let world = World::new(storage).await;
    let mut conversation = world.conversation("Mine").await;
    let message = world.post(&mut conversation, None, "Secret").await;
    let (other, _) = world.neighbour().await;
    let port = &world.storage.messages;
    assert_eq!(port.get(other, message.id).await.expect("reading works"), None);
    assert_eq!(port.get_many(other, &[message.id]).await.expect("reading works"), []);
    let page = || PageRequest::first(10);
    assert!(port.thread(other, message.id, page()).await.expect("reading works").items.is_empty());
    assert!(port.list(other, conversation.id, page()).await.expect("reading works").items.is_empty());
    assert!(port.tree(other, conversation.id).await.expect("reading works").node(message.id).is_none());
    assert!(
        port.edits(other, message.id, PageRequest::first(10)).await.expect("reading works").items.is_empty()
    );
    let many = port.get_many(world.workspace_id, &[message.id]).await;
    assert_eq!(many.expect("reading works"), [message]);
}

/// What is to be deleted must be just what is there.
pub async fn deleting_a_branch_is_all_or_nothing(storage: Storage) {
    let world = World::new(storage).await;
    let mut conversation = world.conversation("Tree").await;
    let root = world.post(&mut conversation, None, "Root").await;
    let child = world.post(&mut conversation, Some(&root), "Child").await;
    let delete = |removed: Vec<MessageId>| {
        vec![Event::MessageDeleted { conversation_id: conversation.id, message_id: root.id, removed }]
    };
    assert_refused!(world.commit(delete(vec![root.id])).await, StorageError::Conflict);
    let unknown = MessageId::from_uuid(world.ids.uuid());
    assert_refused!(world.commit(delete(vec![root.id, child.id, unknown])).await, StorageError::Conflict);
    assert!(get(&world, root.id).await.is_some());
    world.done(delete(vec![root.id, child.id])).await;
    assert_eq!((get(&world, root.id).await, get(&world, child.id).await), (None, None));
    let stored = world.storage.conversations.get(world.workspace_id, conversation.id).await;
    assert_eq!(stored.expect("reading works").and_then(|it| it.active_leaf_id), None);
}

/// Each edit keeps what it replaced; the history pages newest first.
pub async fn edits_keep_what_was_said(storage: Storage) {
    let world = World::new(storage).await;
    let mut conversation = world.conversation("Edited").await;
    let mut message = world.post(&mut conversation, None, "Version 1").await;
    let mut edits = Vec::new();
    for number in 2..5 {
        let id = EditId::from_uuid(world.ids.uuid());
        let parts = Parts::from_text(format!("Version {number}"));
        let (after, edit) = message.edit(id, parts, world.user.id, world.tick()).expect("nothing is running");
        world.done(vec![Event::MessageEdited { message: after.clone(), edit: edit.clone() }]).await;
        message = after;
        edits.insert(0, edit);
    }
    assert_eq!(get(&world, message.id).await, Some(message.clone()));
    let port = &world.storage.messages;
    let first =
        port.edits(world.workspace_id, message.id, PageRequest::first(2)).await.expect("reading works");
    assert_eq!(first.items, edits[..2]);
    let rest = PageRequest { after: first.next, limit: 2 };
    let rest = port.edits(world.workspace_id, message.id, rest).await.expect("reading works");
    assert_eq!((rest.items.as_slice(), rest.next), (&edits[2..], None));
}

/// Everything in a conversation, whatever the branch.
pub async fn lists_hold_all_branches_newest_first(storage: Storage) {
    let world = World::new(storage).await;
    let mut conversation = world.conversation("Branches").await;
    let root = world.post(&mut conversation, None, "Root").await;
    let left = world.post(&mut conversation, Some(&root), "Left").await;
    let right = world.post(&mut conversation, Some(&root), "Right").await;
    let below = world.post(&mut conversation, Some(&left), "Below left").await;
    let port = &world.storage.messages;
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = PageRequest { after, limit: 3 };
        let page = port.list(world.workspace_id, conversation.id, page).await.expect("reading works");
        seen.extend(page.items.iter().map(|item| item.message.id));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, [below.id, right.id, left.id, root.id]);
}

/// A message knows its siblings, roots too.
pub async fn siblings_stand_oldest_first(storage: Storage) {
    let world = World::new(storage).await;
    let mut conversation = world.conversation("Siblings").await;
    let first_root = world.post(&mut conversation, None, "Root").await;
    let second_root = world.post(&mut conversation, None, "Other root").await;
    let one = world.post(&mut conversation, Some(&first_root), "One").await;
    let two = world.post(&mut conversation, Some(&first_root), "Two").await;
    let thread = world.storage.messages.thread(world.workspace_id, two.id, PageRequest::first(10)).await;
    let siblings: Vec<_> =
        thread.expect("reading works").items.into_iter().map(|item| item.siblings).collect();
    assert_eq!(siblings, [vec![one.id, two.id], vec![first_root.id, second_root.id]]);
}

/// An edit of an old version, or of a message that is gone, is a conflict and leaves no history.
pub async fn stale_edits_conflict(storage: Storage) {
    let world = World::new(storage).await;
    let mut conversation = world.conversation("Stale").await;
    let message = world.post(&mut conversation, None, "One").await;
    let edited = |text: &str| {
        let id = EditId::from_uuid(world.ids.uuid());
        let (message, edit) = message
            .edit(id, Parts::from_text(text), world.user.id, world.tick())
            .expect("nothing is running");
        vec![Event::MessageEdited { message, edit }]
    };
    world.done(edited("Two")).await;
    assert_refused!(world.commit(edited("Three")).await, StorageError::Conflict);
    let edits = world.storage.messages.edits(world.workspace_id, message.id, PageRequest::first(10)).await;
    assert_eq!(edits.expect("reading works").items.len(), 1);
}

/// The shape of a conversation without its words.
pub async fn the_tree_has_every_message(storage: Storage) {
    let world = World::new(storage).await;
    let mut conversation = world.conversation("Tree").await;
    let root = world.post(&mut conversation, None, "Root").await;
    let left = world.post(&mut conversation, Some(&root), "Left").await;
    let (right, _) = world.answer(&mut conversation, &root).await;
    let tree = world.storage.messages.tree(world.workspace_id, conversation.id).await.expect("reading works");
    assert_eq!(tree.children(None), [root.id]);
    assert_eq!(tree.children(Some(root.id)), [left.id, right.id]);
    let node = tree.node(right.id).expect("it is in the tree");
    assert_eq!((node.role, node.status), (right.role, right.status));
}
