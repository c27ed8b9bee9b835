//! What reading and replacing conversations must do.

use std::time::Duration;

use domain::ports::{Clock, ConversationCursor, ConversationFilter, ConversationsOf, Ids, StorageError};
use domain::{
    Conversation, ConversationChange, ConversationId, Event, ForkOrigin, MessageId, Page, PageRequest,
    Parameters, SystemPrompt, TagId,
};

use super::{Storage, World, projects, tags};
use crate::assert_refused;

async fn get(world: &World, id: ConversationId) -> Option<Conversation> {
    world.storage.conversations.get(world.workspace_id, id).await.expect("reading works")
}

async fn list(
    world: &World,
    filter: ConversationFilter,
    page: PageRequest<ConversationCursor>,
) -> Page<Conversation, ConversationCursor> {
    let owner_id = world.user.id;
    world
        .storage
        .conversations
        .list(world.workspace_id, ConversationsOf::Owner(owner_id), filter, page)
        .await
        .expect("reading works")
}

/// Every field survives the database.
pub async fn a_conversation_comes_back_as_it_was_written(storage: Storage) {
    let world = World::new(storage).await;
    let mut conversation = world.new_conversation(world.user.id, "Ünïcode “title” 🐘");
    conversation.model = Some(super::world::model());
    conversation.system_prompt = Some(SystemPrompt::new("Line one\nline two").expect("valid"));
    conversation.parameters =
        Parameters { temperature: Some(0.1), top_p: Some(1.0), max_output_tokens: Some(99) };
    conversation.pinned = true;
    conversation.archived = true;
    conversation.forked_from = Some(ForkOrigin {
        conversation_id: ConversationId::from_uuid(world.ids.uuid()),
        message_id: MessageId::from_uuid(world.ids.uuid()),
    });
    world.done(vec![Event::ConversationCreated(conversation.clone())]).await;
    assert_eq!(get(&world, conversation.id).await, Some(conversation));
}

/// Version v replaces v - 1 and nothing else.
pub async fn a_version_is_replaced_by_the_next_one_only(storage: Storage) {
    let world = World::new(storage).await;
    let first = world.conversation("First").await;
    let pinned = ConversationChange { pinned: Some(true), ..ConversationChange::default() };
    let second = first.update(pinned, world.tick()).expect("it changes");
    world.done(vec![Event::ConversationUpdated(second.clone())]).await;
    assert_refused!(
        world.commit(vec![Event::ConversationUpdated(second.clone())]).await,
        StorageError::Conflict
    );
    assert_refused!(world.commit(vec![Event::ConversationUpdated(first)]).await, StorageError::Conflict);
    let skipped = Conversation { version: second.version.next().next(), ..second.clone() };
    assert_refused!(
        world.commit(vec![Event::ConversationUpdated(skipped.clone())]).await,
        StorageError::Conflict
    );
    assert_refused!(world.commit(vec![Event::ConversationDeleted(skipped)]).await, StorageError::Conflict);
    assert_eq!(get(&world, second.id).await, Some(second));
}

/// A row of another workspace is a row that does not exist.
pub async fn another_workspace_sees_nothing(storage: Storage) {
    let world = World::new(storage).await;
    let conversation = world.conversation("Mine").await;
    let (other, stranger) = world.neighbour().await;
    let port = &world.storage.conversations;
    assert_eq!(port.get(other, conversation.id).await.expect("reading works"), None);
    assert_eq!(port.get_many(other, &[conversation.id]).await.expect("reading works"), []);
    for owner_id in [world.user.id, stranger.id] {
        let page = port
            .list(
                other,
                ConversationsOf::Owner(owner_id),
                ConversationFilter::default(),
                PageRequest::first(10),
            )
            .await;
        assert_eq!(page.expect("reading works").items, []);
    }
}

/// Messages, edits and runs of a deleted conversation are gone.
pub async fn deleting_takes_everything_along(storage: Storage) {
    let world = World::new(storage).await;
    let mut conversation = world.conversation("Doomed").await;
    let question = world.post(&mut conversation, None, "Where do deleted words go?").await;
    let (answer, run) = world.answer(&mut conversation, &question).await;
    let deleted = Conversation { version: conversation.version.next(), ..conversation.clone() };
    world.done(vec![Event::ConversationDeleted(deleted)]).await;
    assert_eq!(get(&world, conversation.id).await, None);
    let Storage { messages, runs, .. } = &world.storage;
    assert_eq!(messages.get(world.workspace_id, question.id).await.expect("reading works"), None);
    assert_eq!(messages.get(world.workspace_id, answer.id).await.expect("reading works"), None);
    assert_eq!(runs.get(world.workspace_id, run.id).await.expect("reading works"), None);
}

/// Pinned and archived narrow a list, alone and together.
pub async fn filters_can_be_combined(storage: Storage) {
    let world = World::new(storage).await;
    for (title, pinned, archived) in
        [("neither", false, false), ("pinned", true, false), ("archived", false, true), ("both", true, true)]
    {
        let conversation = world.new_conversation(world.user.id, title);
        world.done(vec![Event::ConversationCreated(Conversation { pinned, archived, ..conversation })]).await;
    }
    for (pinned, archived, expected) in [
        (None, None, vec!["both", "archived", "pinned", "neither"]),
        (Some(true), None, vec!["both", "pinned"]),
        (Some(false), None, vec!["archived", "neither"]),
        (None, Some(true), vec!["both", "archived"]),
        (None, Some(false), vec!["pinned", "neither"]),
        (Some(true), Some(true), vec!["both"]),
        (Some(true), Some(false), vec!["pinned"]),
        (Some(false), Some(false), vec!["neither"]),
    ] {
        let filter = ConversationFilter { pinned, archived, ..ConversationFilter::default() };
        let page = list(&world, filter.clone(), PageRequest::first(10)).await;
        let titles: Vec<&str> = page.items.iter().map(|conversation| conversation.title.as_str()).collect();
        assert_eq!(titles, expected, "{filter:?}");
    }
}

/// A tag, and when it was last updated, narrow a list, alone, with one another and with everything else.
pub async fn lists_are_narrowed_to_a_tag_and_a_time(storage: Storage) {
    let world = World::new(storage).await;
    let tag = tags::tag(&world, &world.user, "Plants");
    let project = projects::project(&world, &world.user, "Garden");
    world.done(vec![Event::TagCreated(tag.clone()), Event::ProjectCreated(project.clone())]).await;
    let mut moments = Vec::new();
    for number in 0..6 {
        let new = world.new_conversation(world.user.id, &format!("Number {number}"));
        let project_id = (number > 2).then_some(project.id);
        let conversation = Conversation { pinned: number == 4, project_id, ..new };
        moments.push(conversation.updated_at);
        world.done(vec![Event::ConversationCreated(conversation.clone())]).await;
        if number % 2 == 0 {
            tags::tagged(&world, &conversation, &tag).await;
        }
    }
    let (mine, ours) = (ConversationsOf::Owner(world.user.id), ConversationsOf::Project(project.id));
    let from =
        |number: usize| ConversationFilter { updated_from: Some(moments[number]), ..Default::default() };
    let before =
        |number: usize| ConversationFilter { updated_before: Some(moments[number]), ..Default::default() };
    let tagged = |filter| ConversationFilter { tag_id: Some(tag.id), ..filter };
    let titled = |filter| ConversationFilter { title_contains: Some("NUMBER".to_owned()), ..filter };
    let both = ConversationFilter { updated_before: Some(moments[4]), ..from(1) };
    let pinned = ConversationFilter { pinned: Some(true), archived: Some(false), ..Default::default() };
    let unknown = ConversationFilter { tag_id: Some(TagId::from_uuid(world.ids.uuid())), ..both.clone() };
    for (of, filter, expected) in [
        (mine, from(4), &[5, 4][..]),
        (mine, before(2), &[1, 0]),
        (mine, both.clone(), &[3, 2, 1]),
        (mine, tagged(ConversationFilter::default()), &[4, 2, 0]),
        (mine, tagged(both.clone()), &[2]),
        (mine, tagged(pinned.clone()), &[4]),
        (mine, titled(tagged(ConversationFilter::default())), &[4, 2, 0]),
        (mine, titled(tagged(both.clone())), &[2]),
        (mine, titled(both.clone()), &[3, 2, 1]),
        (ours, tagged(ConversationFilter::default()), &[4]),
        (ours, both.clone(), &[3]),
        (ours, titled(from(4)), &[5, 4]),
        (ours, tagged(pinned), &[4]),
        (mine, unknown.clone(), &[]),
        (mine, titled(unknown), &[]),
    ] {
        for limit in [1, 10] {
            let mut seen = Vec::new();
            let mut after = None;
            loop {
                let port = &world.storage.conversations;
                let page = PageRequest { after, limit };
                let page = port.list(world.workspace_id, of, filter.clone(), page).await;
                let page = page.expect("reading works");
                seen.extend(page.items.iter().map(|it| it.title.to_string()));
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            let expected: Vec<String> = expected.iter().map(|number| format!("Number {number}")).collect();
            assert_eq!(seen, expected, "{filter:?}");
        }
    }
}

/// Every conversation once, most recently updated first, ties by newest id, whatever the size of the pages.
pub async fn lists_page_without_gaps_or_repetitions(storage: Storage) {
    let world = World::new(storage).await;
    let start = world.clock.now();
    let mut expected = Vec::new();
    for number in 0..11_u64 {
        let mut conversation = world.new_conversation(world.user.id, &format!("Number {number}"));
        conversation.updated_at = start.plus(Duration::from_secs(number % 3));
        expected.push(ConversationCursor::from(&conversation));
        world.done(vec![Event::ConversationCreated(conversation)]).await;
    }
    expected.sort();
    expected.reverse();
    for limit in [1, 3, 10, 11, 12] {
        let mut seen = Vec::new();
        let mut after = None;
        loop {
            let page = list(&world, ConversationFilter::default(), PageRequest { after, limit }).await;
            assert!(page.items.len() <= usize::from(limit));
            seen.extend(page.items.iter().map(ConversationCursor::from));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen, expected, "with pages of {limit}");
    }
}

/// Unknown ids are left out.
pub async fn many_are_found_at_once(storage: Storage) {
    let world = World::new(storage).await;
    let one = world.conversation("One").await;
    let two = world.conversation("Two").await;
    let unknown = ConversationId::from_uuid(world.ids.uuid());
    let port = &world.storage.conversations;
    let mut found =
        port.get_many(world.workspace_id, &[two.id, unknown, one.id]).await.expect("reading works");
    found.sort_by_key(|conversation| conversation.id);
    assert_eq!(found, [one, two]);
    assert_eq!(port.get_many(world.workspace_id, &[]).await.expect("reading works"), []);
}

/// The count follows the messages, whatever an event says.
pub async fn messages_are_counted_by_storage(storage: Storage) {
    let world = World::new(storage).await;
    let mut conversation = world.conversation("Counted").await;
    let question = world.post(&mut conversation, None, "One").await;
    world.post(&mut conversation, Some(&question), "Two").await;
    assert_eq!(conversation.message_count, 0, "the aggregate does not count");
    assert_eq!(get(&world, conversation.id).await.map(|stored| stored.message_count), Some(2));
    let tree = world.storage.messages.tree(world.workspace_id, conversation.id).await.expect("reading works");
    let (after, removed) = conversation.remove(question.id, &tree, world.tick()).expect("nothing is running");
    let deleted =
        Event::MessageDeleted { conversation_id: conversation.id, message_id: question.id, removed };
    world.done(vec![deleted, Event::ConversationUpdated(after)]).await;
    let stored = get(&world, conversation.id).await.expect("it is still there");
    assert_eq!((stored.message_count, stored.active_leaf_id), (0, None));
}

/// Case does not matter, wildcards have no meaning.
pub async fn titles_are_searched_without_regard_to_case(storage: Storage) {
    let world = World::new(storage).await;
    for title in ["ÉTUDES for piano", "100% wool", "under_score"] {
        world.conversation(title).await;
    }
    for (text, expected) in [
        ("études", vec!["ÉTUDES for piano"]),
        ("PIANO", vec!["ÉTUDES for piano"]),
        ("%", vec!["100% wool"]),
        ("_", vec!["under_score"]),
        ("' OR 1=1 --", vec![]),
    ] {
        let filter =
            ConversationFilter { title_contains: Some(text.to_owned()), ..ConversationFilter::default() };
        let page = list(&world, filter, PageRequest::first(10)).await;
        let titles: Vec<&str> = page.items.iter().map(|conversation| conversation.title.as_str()).collect();
        assert_eq!(titles, expected, "{text}");
    }
}

/// What a colleague has is not in one's list.
pub async fn a_list_holds_one_persons_conversations(storage: Storage) {
    let world = World::new(storage).await;
    let mine = world.conversation("Mine").await;
    let colleague = world.stranger("bob@example.org");
    let theirs = world.new_conversation(colleague.id, "Theirs");
    world.done(vec![Event::UserCreated(colleague), Event::ConversationCreated(theirs)]).await;
    for filter in [
        ConversationFilter::default(),
        ConversationFilter {
            pinned: Some(false),
            archived: Some(false),
            title_contains: Some("i".to_owned()),
            ..ConversationFilter::default()
        },
    ] {
        let page = list(&world, filter, PageRequest::first(10)).await;
        assert_eq!(page.items, std::slice::from_ref(&mine));
    }
}
