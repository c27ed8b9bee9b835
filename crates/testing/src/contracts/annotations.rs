//! What annotations must do.

use domain::ports::{AnnotationsIn, FactScope, Ids, StorageError};
use domain::{
    Annotation, AnnotationContent, AnnotationId, Conversation, Event, Message, NoteText, PageRequest, Rating,
    User, UserId, Version,
};

use super::{Storage, World};
use crate::assert_refused;

fn text(text: &str) -> NoteText {
    NoteText::new(text).expect("the note is valid")
}

fn note(words: &str) -> AnnotationContent {
    AnnotationContent::Note { note: text(words) }
}

fn rating(rating: Rating) -> AnnotationContent {
    AnnotationContent::Rating { rating, note: None }
}

/// An annotation of somebody that is not stored yet.
fn annotation(world: &World, author: &User, message: &Message, content: AnnotationContent) -> Annotation {
    let now = world.tick();
    Annotation {
        id: AnnotationId::from_uuid(world.ids.uuid()),
        workspace_id: message.workspace_id,
        conversation_id: message.conversation_id,
        message_id: message.id,
        author_id: author.id,
        content,
        version: Version::FIRST,
        created_at: now,
        updated_at: now,
    }
}

async fn stored(world: &World, id: AnnotationId) -> Option<Annotation> {
    world.storage.annotations.annotation(world.workspace_id, id).await.expect("reading works")
}

/// What a person wrote somewhere, by pages of two.
async fn all(world: &World, author_id: UserId, place: AnnotationsIn) -> Vec<AnnotationId> {
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = PageRequest { after, limit: 2 };
        let page = world.storage.annotations.annotations_of(world.workspace_id, author_id, place, page).await;
        let page = page.expect("reading works");
        seen.extend(page.items.iter().map(|it| it.id));
        after = page.next;
        if after.is_none() {
            return seen;
        }
    }
}

/// Every field survives, versions replace each other, and the log tells nobody but the author, and without words.
pub async fn an_annotation_is_made_changed_and_deleted(storage: Storage) {
    let world = World::new(storage).await;
    let mut conversation = world.conversation("Judged").await;
    let message = world.post(&mut conversation, None, "What do you think?").await;
    let before = world.head().await;
    let first = annotation(&world, &world.user, &message, note("“Line one”\nline two 🐘"));
    world.done(vec![Event::AnnotationCreated(first.clone())]).await;
    assert_eq!(stored(&world, first.id).await.as_ref(), Some(&first));
    let again = vec![Event::AnnotationCreated(first.clone())];
    assert_refused!(world.commit(again).await, StorageError::Rejected(_));
    let changed = Annotation {
        content: note("Shorter"),
        version: first.version.next(),
        updated_at: world.tick(),
        ..first.clone()
    };
    world.done(vec![Event::AnnotationUpdated(changed.clone())]).await;
    assert_eq!(stored(&world, first.id).await.as_ref(), Some(&changed));
    for stale in [first, changed.clone()] {
        let update = vec![Event::AnnotationUpdated(stale.clone())];
        assert_refused!(world.commit(update).await, StorageError::Conflict);
        assert_refused!(world.commit(vec![Event::AnnotationDeleted(stale)]).await, StorageError::Conflict);
    }
    let other_kind =
        Annotation { content: rating(Rating::Up), version: changed.version.next(), ..changed.clone() };
    assert_refused!(world.commit(vec![Event::AnnotationUpdated(other_kind)]).await, StorageError::Conflict);
    let deleted = Annotation { version: changed.version.next(), ..changed.clone() };
    world.done(vec![Event::AnnotationDeleted(deleted.clone())]).await;
    assert_eq!(stored(&world, deleted.id).await, None);
    let scope = FactScope::User(world.user.id);
    let facts = world.storage.journal.read_after(world.workspace_id, scope, before, 9).await;
    let facts = facts.expect("reading works");
    let told: Vec<_> = facts.iter().map(|it| (it.name.as_str(), it.subject_id, it.version)).collect();
    let id = Some(deleted.id.uuid());
    assert_eq!(
        told,
        [
            ("annotation.created", id, Some(Version::FIRST)),
            ("annotation.updated", id, Some(changed.version)),
            ("annotation.deleted", id, Some(deleted.version)),
        ]
    );
    let is_private = |it: &domain::ports::Fact| it.conversation_id.is_none() && it.message_id.is_none();
    assert!(facts.iter().all(is_private), "{facts:?}");
}

/// A person judges a message once, with or without words, and may write as many notes as they like; so may others.
pub async fn a_message_is_rated_once(storage: Storage) {
    let world = World::new(storage).await;
    let colleague = world.colleague("bob@example.org").await;
    let mut conversation = world.conversation("Judged").await;
    let message = world.post(&mut conversation, None, "Good?").await;
    let other = world.post(&mut conversation, None, "Better?").await;
    let explained = AnnotationContent::Rating { rating: Rating::Down, note: Some(text("Too long")) };
    let mine = annotation(&world, &world.user, &message, explained);
    world.done(vec![Event::AnnotationCreated(mine.clone())]).await;
    assert_eq!(stored(&world, mine.id).await.as_ref(), Some(&mine));
    let second = annotation(&world, &world.user, &message, rating(Rating::Up));
    let refused = world.commit(vec![Event::AnnotationCreated(second)]).await;
    let is_named =
        matches!(refused, Err(StorageError::Rejected(rule)) if rule == StorageError::RATED_ALREADY);
    assert!(is_named, "{refused:?}");
    for allowed in [
        annotation(&world, &world.user, &message, note("One")),
        annotation(&world, &world.user, &message, note("Two")),
        annotation(&world, &world.user, &other, rating(Rating::Up)),
        annotation(&world, &colleague, &message, rating(Rating::Up)),
    ] {
        world.done(vec![Event::AnnotationCreated(allowed)]).await;
    }
    let changed = Annotation { content: rating(Rating::Up), version: mine.version.next(), ..mine };
    world.done(vec![Event::AnnotationUpdated(changed.clone())]).await;
    assert_eq!(stored(&world, changed.id).await.as_ref(), Some(&changed));
    let deleted = Annotation { version: changed.version.next(), ..changed };
    world.done(vec![Event::AnnotationDeleted(deleted)]).await;
    let again = annotation(&world, &world.user, &message, rating(Rating::Down));
    world.done(vec![Event::AnnotationCreated(again)]).await;
}

/// Beside one message, in one conversation or anywhere: each once, the newest first, and nobody else's.
pub async fn annotations_are_read_where_they_are(storage: Storage) {
    let world = World::new(storage).await;
    let colleague = world.colleague("bob@example.org").await;
    let mut here = world.conversation("Here").await;
    let mut there = world.conversation("There").await;
    let one = world.post(&mut here, None, "One").await;
    let two = world.post(&mut here, None, "Two").await;
    let far = world.post(&mut there, None, "Far").await;
    let mut written = Vec::new();
    for (author, message) in [
        (&world.user, &one),
        (&world.user, &two),
        (&colleague, &one),
        (&world.user, &far),
        (&world.user, &one),
        (&world.user, &one),
    ] {
        let made = annotation(&world, author, message, note("Remarkable"));
        world.done(vec![Event::AnnotationCreated(made.clone())]).await;
        written.push(made.id);
    }
    let [first, second, theirs, away, fifth, sixth] = written[..] else { panic!("six were written") };
    let me = world.user.id;
    assert_eq!(all(&world, me, AnnotationsIn::Message(one.id)).await, [sixth, fifth, first]);
    assert_eq!(all(&world, me, AnnotationsIn::Conversation(here.id)).await, [sixth, fifth, second, first]);
    assert_eq!(all(&world, me, AnnotationsIn::Anywhere).await, [sixth, fifth, away, second, first]);
    for place in
        [AnnotationsIn::Message(one.id), AnnotationsIn::Conversation(here.id), AnnotationsIn::Anywhere]
    {
        assert_eq!(all(&world, colleague.id, place).await, [theirs]);
        let (page, other) = (PageRequest::first(9), domain::WorkspaceId::from_uuid(world.ids.uuid()));
        let elsewhere = world.storage.annotations.annotations_of(other, me, place, page).await;
        assert_eq!(elsewhere.expect("reading works").items, []);
    }
    let (other, _) = world.neighbour().await;
    assert_eq!(world.storage.annotations.annotation(other, first).await.expect("reading works"), None);
}

/// What is annotated is a message of the conversation; otherwise it is a conflict.
pub async fn an_annotation_needs_its_message(storage: Storage) {
    let world = World::new(storage).await;
    let mut conversation = world.conversation("Here").await;
    let other = world.conversation("There").await;
    let message = world.post(&mut conversation, None, "Words").await;
    let (_, missing) = world.draft(&conversation, None, "Never stored");
    let lost = annotation(&world, &world.user, &missing, note("Lost"));
    assert_refused!(world.commit(vec![Event::AnnotationCreated(lost)]).await, StorageError::Conflict);
    let mine = annotation(&world, &world.user, &message, note("Mine"));
    let misplaced = Annotation { conversation_id: other.id, ..mine.clone() };
    assert_refused!(world.commit(vec![Event::AnnotationCreated(misplaced)]).await, StorageError::Conflict);
    let (elsewhere, _) = world.neighbour().await;
    let foreign = Annotation { workspace_id: elsewhere, ..mine };
    let foreign = vec![Event::AnnotationCreated(foreign)];
    assert_refused!(world.commit_in(elsewhere, foreign).await, StorageError::Conflict);
}

/// With a message, a conversation or their author, annotations are gone.
pub async fn annotations_go_with_what_they_are_about(storage: Storage) {
    let world = World::new(storage).await;
    let doomed = world.colleague("bob@example.org").await;
    let mut conversation = world.conversation("Short-lived").await;
    let one = world.post(&mut conversation, None, "One").await;
    let two = world.post(&mut conversation, None, "Two").await;
    let on_one = annotation(&world, &world.user, &one, rating(Rating::Up));
    let on_two = annotation(&world, &world.user, &two, note("Mine"));
    let theirs = annotation(&world, &doomed, &two, note("Theirs"));
    let all = [&on_one, &on_two, &theirs];
    world.done(all.map(|it| Event::AnnotationCreated(it.clone())).to_vec()).await;
    let leaver = User { version: doomed.version.next(), ..doomed };
    world.done(vec![Event::UserDeleted(leaver)]).await;
    assert_eq!(stored(&world, theirs.id).await, None);
    let deletion =
        Event::MessageDeleted { conversation_id: conversation.id, message_id: one.id, removed: vec![one.id] };
    world.done(vec![deletion]).await;
    assert_eq!(stored(&world, on_one.id).await, None);
    assert_eq!(stored(&world, on_two.id).await.as_ref(), Some(&on_two));
    let deleted = Conversation { version: conversation.version.next(), ..conversation };
    world.done(vec![Event::ConversationDeleted(deleted)]).await;
    assert_eq!(stored(&world, on_two.id).await, None);
}
