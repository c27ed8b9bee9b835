//! What tags must do.

use domain::ports::{ConversationFilter, ConversationsOf, FactScope, Ids, StorageError};
use domain::{
    Conversation, ConversationId, Event, PageRequest, Tag, TagColor, TagId, TagName, User, Version,
    WorkspaceId,
};

use super::{Storage, World};
use crate::assert_refused;

/// A tag of somebody that is not stored yet.
pub(super) fn tag(world: &World, owner: &User, name: &str) -> Tag {
    let now = world.tick();
    Tag {
        id: TagId::from_uuid(world.ids.uuid()),
        workspace_id: owner.workspace_id,
        owner_id: owner.id,
        name: TagName::new(name).expect("the name is valid"),
        color: TagColor::Purple,
        version: Version::FIRST,
        created_at: now,
        updated_at: now,
    }
}

/// Gives a stored conversation a stored tag, and gives the conversation with it.
pub(super) async fn tagged(world: &World, conversation: &Conversation, tag: &Tag) -> Conversation {
    let after = conversation.tag(tag.id).expect("there is room").expect("it is new");
    world.done(tagging(&after, tag.id)).await;
    after
}

fn tagging(after: &Conversation, tag_id: TagId) -> Vec<Event> {
    let conversation_id = after.id;
    vec![Event::ConversationUpdated(after.clone()), Event::ConversationTagged { conversation_id, tag_id }]
}

async fn stored(world: &World, id: TagId) -> Option<Tag> {
    world.storage.tags.tag(world.workspace_id, id).await.expect("reading works")
}

async fn conversation(world: &World, id: ConversationId) -> Conversation {
    let found = world.storage.conversations.get(world.workspace_id, id).await;
    found.expect("reading works").expect("it is there")
}

async fn with_tag(world: &World, workspace_id: WorkspaceId, tag_id: TagId) -> Vec<Conversation> {
    let filter = ConversationFilter { tag_id: Some(tag_id), ..ConversationFilter::default() };
    let of = ConversationsOf::Owner(world.user.id);
    let page = world.storage.conversations.list(workspace_id, of, filter, PageRequest::first(50)).await;
    page.expect("reading works").items
}

/// Every field survives, versions replace each other, and the log says what happened without words.
pub async fn a_tag_is_made_changed_and_deleted(storage: Storage) {
    let world = World::new(storage).await;
    let before = world.head().await;
    let first = tag(&world, &world.user, "Crème brûlée");
    world.done(vec![Event::TagCreated(first.clone())]).await;
    assert_eq!(stored(&world, first.id).await.as_ref(), Some(&first));
    assert_refused!(world.commit(vec![Event::TagCreated(first.clone())]).await, StorageError::Rejected(_));
    let changed = Tag {
        name: TagName::new("Pudding").expect("the name is valid"),
        color: TagColor::Gray,
        version: first.version.next(),
        updated_at: world.tick(),
        ..first.clone()
    };
    world.done(vec![Event::TagUpdated(changed.clone())]).await;
    assert_eq!(stored(&world, first.id).await.as_ref(), Some(&changed));
    for stale in [first, changed.clone()] {
        assert_refused!(world.commit(vec![Event::TagUpdated(stale.clone())]).await, StorageError::Conflict);
        assert_refused!(world.commit(vec![Event::TagDeleted(stale)]).await, StorageError::Conflict);
    }
    let deleted = Tag { version: changed.version.next(), ..changed.clone() };
    world.done(vec![Event::TagDeleted(deleted.clone())]).await;
    assert_eq!(stored(&world, deleted.id).await, None);
    let scope = FactScope::User(world.user.id);
    let facts = world.storage.journal.read_after(world.workspace_id, scope, before, 9).await;
    let facts = facts.expect("reading works");
    let told: Vec<_> = facts.iter().map(|it| (it.name.as_str(), it.subject_id, it.version)).collect();
    let id = Some(deleted.id.uuid());
    assert_eq!(
        told,
        [
            ("tag.created", id, Some(Version::FIRST)),
            ("tag.updated", id, Some(changed.version)),
            ("tag.deleted", id, Some(deleted.version)),
        ]
    );
    assert!(facts.iter().all(|it| it.owner_id == Some(world.user.id) && it.conversation_id.is_none()));
}

/// A person has one tag of a name, whatever its case; others, and other workspaces, have their own.
pub async fn a_name_is_taken_once(storage: Storage) {
    let world = World::new(storage).await;
    let colleague = world.colleague("bob@example.org").await;
    let (other, _) = world.neighbour().await;
    let there = world.join(other, &world.user).await;
    let first = tag(&world, &world.user, "École");
    let second = tag(&world, &world.user, "Other");
    world.done(vec![Event::TagCreated(first.clone()), Event::TagCreated(second.clone())]).await;
    let taken = StorageError::TAG_TAKEN;
    let twin = tag(&world, &world.user, "éCOLE");
    let refused = world.commit(vec![Event::TagCreated(twin)]).await;
    assert!(matches!(refused, Err(StorageError::Rejected(rule)) if rule == taken), "{refused:?}");
    let renamed = Tag { name: first.name.clone(), version: second.version.next(), ..second };
    let refused = world.commit(vec![Event::TagUpdated(renamed)]).await;
    assert!(matches!(refused, Err(StorageError::Rejected(rule)) if rule == taken), "{refused:?}");
    let own_case = Tag {
        name: TagName::new("ÉCOLE").expect("the name is valid"),
        version: first.version.next(),
        ..first.clone()
    };
    world.done(vec![Event::TagUpdated(own_case)]).await;
    world.done(vec![Event::TagCreated(tag(&world, &colleague, "École"))]).await;
    let elsewhere = Event::TagCreated(tag(&world, &there, "École"));
    world.commit_in(other, vec![elsewhere]).await.expect("it is another workspace");
}

/// Every tag once, the newest first, and nobody else's.
pub async fn tags_page_newest_first(storage: Storage) {
    let world = World::new(storage).await;
    let colleague = world.colleague("bob@example.org").await;
    let mut expected = Vec::new();
    for number in 0..5 {
        let mine = tag(&world, &world.user, &format!("Number {number}"));
        let theirs = tag(&world, &colleague, &format!("Number {number}"));
        world.done(vec![Event::TagCreated(mine.clone()), Event::TagCreated(theirs)]).await;
        expected.insert(0, mine);
    }
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = PageRequest { after, limit: 2 };
        let page = world.storage.tags.tags_of(world.workspace_id, world.user.id, page).await;
        let page = page.expect("reading works");
        seen.extend(page.items);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, expected);
    let (other, _) = world.neighbour().await;
    assert_eq!(world.storage.tags.tag(other, expected[0].id).await.expect("reading works"), None);
    let first = PageRequest::first(9);
    let elsewhere = world.storage.tags.tags_of(other, world.user.id, first).await;
    assert_eq!(elsewhere.expect("reading works").items, []);
}

/// A conversation says which tags it has wherever it is read, and is listed under each of them.
pub async fn conversations_are_found_under_their_tags(storage: Storage) {
    let world = World::new(storage).await;
    let (one, two) = (tag(&world, &world.user, "One"), tag(&world, &world.user, "Two"));
    world.done(vec![Event::TagCreated(one.clone()), Event::TagCreated(two.clone())]).await;
    let plain = world.conversation("Plain").await;
    let single = world.conversation("Single").await;
    let both = world.conversation("Both").await;
    let single = tagged(&world, &single, &one).await;
    let both = tagged(&world, &tagged(&world, &both, &two).await, &one).await;
    assert_eq!(both.tag_ids, [one.id, two.id]);
    for expected in [&plain, &single, &both] {
        assert_eq!(conversation(&world, expected.id).await, *expected);
    }
    let port = &world.storage.conversations;
    let many = port.get_many(world.workspace_id, &[both.id]).await.expect("reading works");
    assert_eq!(many, std::slice::from_ref(&both));
    assert_eq!(with_tag(&world, world.workspace_id, one.id).await, [both.clone(), single.clone()]);
    assert_eq!(with_tag(&world, world.workspace_id, two.id).await, std::slice::from_ref(&both));
    let (other, _) = world.neighbour().await;
    assert_eq!(with_tag(&world, other, one.id).await, []);
    let conversation_id = both.id;
    let untagging = |tag_id| {
        let after = both.untag(tag_id).expect("it has it");
        vec![Event::ConversationUpdated(after), Event::ConversationUntagged { conversation_id, tag_id }]
    };
    let before = world.head().await;
    world.done(untagging(two.id)).await;
    assert_eq!(conversation(&world, both.id).await.tag_ids, [one.id]);
    assert_eq!(with_tag(&world, world.workspace_id, two.id).await, []);
    let again = vec![Event::ConversationUntagged { conversation_id, tag_id: two.id }];
    assert_refused!(world.commit(again).await, StorageError::Conflict);
    let again = vec![Event::ConversationTagged { conversation_id, tag_id: one.id }];
    assert_refused!(world.commit(again).await, StorageError::Rejected(_));
    assert_eq!(conversation(&world, both.id).await.tag_ids, [one.id]);
    let scope = FactScope::Conversation(both.id);
    let facts = world.storage.journal.read_after(world.workspace_id, scope, before, 9).await;
    let facts = facts.expect("reading works");
    let told: Vec<_> = facts.iter().map(|it| (it.name.as_str(), it.subject_id, it.owner_id)).collect();
    let owner = Some(world.user.id);
    let tag_id = Some(two.id.uuid());
    assert_eq!(told, [("conversation.updated", None, owner), ("conversation.untagged", tag_id, owner)]);
}

/// What a conversation says of its tags where it is made or replaced changes none of them.
pub async fn only_tagging_changes_tags(storage: Storage) {
    let world = World::new(storage).await;
    let mine = tag(&world, &world.user, "Mine");
    world.done(vec![Event::TagCreated(mine.clone())]).await;
    let claimed = Conversation { tag_ids: vec![mine.id], ..world.new_conversation(world.user.id, "New") };
    world.done(vec![Event::ConversationCreated(claimed.clone())]).await;
    assert_eq!(conversation(&world, claimed.id).await.tag_ids, []);
    let after = Conversation { version: claimed.version.next(), ..claimed };
    world.done(vec![Event::ConversationUpdated(after.clone())]).await;
    assert_eq!(conversation(&world, after.id).await.tag_ids, []);
    let stored = tagged(&world, &Conversation { tag_ids: vec![], ..after }, &mine).await;
    let after = Conversation { version: stored.version.next(), tag_ids: vec![], ..stored };
    world.done(vec![Event::ConversationUpdated(after.clone())]).await;
    assert_eq!(conversation(&world, after.id).await.tag_ids, [mine.id]);
}

/// A tag that is gone, of somebody else or of another workspace is a conflict, and so is a conversation.
pub async fn a_tag_is_its_owners_alone(storage: Storage) {
    let world = World::new(storage).await;
    let colleague = world.colleague("bob@example.org").await;
    let (other, _) = world.neighbour().await;
    let there = world.join(other, &world.user).await;
    let mine = tag(&world, &world.user, "Mine");
    let theirs = tag(&world, &colleague, "Theirs");
    let elsewhere = tag(&world, &there, "Elsewhere");
    let missing = tag(&world, &world.user, "Never stored");
    world.done(vec![Event::TagCreated(mine.clone()), Event::TagCreated(theirs.clone())]).await;
    world.commit_in(other, vec![Event::TagCreated(elsewhere.clone())]).await.expect("it is in order");
    let subject = world.conversation("Subject").await;
    for wrong in [&theirs, &elsewhere, &missing] {
        let after = subject.tag(wrong.id).expect("there is room").expect("it is new");
        assert_refused!(world.commit(tagging(&after, wrong.id)).await, StorageError::Conflict);
    }
    assert_eq!(conversation(&world, subject.id).await, subject);
    let conversation_id = ConversationId::from_uuid(world.ids.uuid());
    let nowhere = vec![Event::ConversationTagged { conversation_id, tag_id: mine.id }];
    assert!(world.commit(nowhere).await.is_err());
    let subject = tagged(&world, &subject, &mine).await;
    let conversation_id = subject.id;
    let from_elsewhere = vec![Event::ConversationUntagged { conversation_id, tag_id: mine.id }];
    assert!(world.commit_in(other, from_elsewhere).await.is_err());
    let stolen = Tag { workspace_id: other, version: mine.version.next(), ..mine.clone() };
    assert_refused!(world.commit_in(other, vec![Event::TagDeleted(stolen)]).await, StorageError::Conflict);
    assert_eq!(conversation(&world, subject.id).await.tag_ids, [mine.id]);
}

/// Deleting a tag takes it from conversations, deleting those leaves tags, and deleting a person takes both.
pub async fn tags_go_with_their_person(storage: Storage) {
    let world = World::new(storage).await;
    let doomed = world.colleague("bob@example.org").await;
    let (kept, gone) = (tag(&world, &doomed, "Kept"), tag(&world, &doomed, "Gone"));
    let first = world.new_conversation(doomed.id, "First");
    let second = world.new_conversation(doomed.id, "Second");
    world.done(vec![Event::TagCreated(kept.clone()), Event::TagCreated(gone.clone())]).await;
    world.done([&first, &second].map(|it| Event::ConversationCreated(it.clone())).to_vec()).await;
    let first = tagged(&world, &tagged(&world, &first, &kept).await, &gone).await;
    let second = tagged(&world, &second, &kept).await;
    let deleted = Tag { version: gone.version.next(), ..gone };
    world.done(vec![Event::TagDeleted(deleted)]).await;
    let left = conversation(&world, first.id).await;
    assert_eq!((left.tag_ids, left.version), (vec![kept.id], first.version));
    let deleted = Conversation { version: first.version.next(), ..first };
    world.done(vec![Event::ConversationDeleted(deleted)]).await;
    assert_eq!(stored(&world, kept.id).await.as_ref(), Some(&kept));
    let leaver = User { version: doomed.version.next(), ..doomed };
    world.done(vec![Event::UserDeleted(leaver)]).await;
    assert_eq!(stored(&world, kept.id).await, None);
    let port = &world.storage.conversations;
    assert_eq!(port.get(world.workspace_id, second.id).await.expect("reading works"), None);
}
