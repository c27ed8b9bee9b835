//! What committing and the event log must do.

use std::collections::HashMap;
use std::sync::Arc;

use domain::ports::{
    Clock, CommitObserver, Committed, ConversationFilter, ConversationsOf, Fact, FactScope, Ids, News, Place,
    Position, StorageError,
};
use domain::{
    Conversation, ConversationId, Event, IdempotencyKey, IdempotencyRecord, Job, JobId, JobKind, MessageId,
    Money, PageRequest, RunStatus, UnitOfWork, UsageEntry, UserId, Version,
};
use futures_util::future::join_all;
use parking_lot::Mutex;

use super::{Storage, World};
use crate::assert_refused;

async fn facts(world: &World, scope: FactScope, after: Position, limit: u16) -> Vec<Fact> {
    world.storage.journal.read_after(world.workspace_id, scope, after, limit).await.expect("reading works")
}

async fn all_facts(world: &World, scope: FactScope) -> Vec<Fact> {
    facts(world, scope, Position(0), 1000).await
}

/// The active leaf is a message of the conversation.
pub async fn a_leaf_of_another_conversation_is_rejected(storage: Storage) {
    let world = World::new(storage).await;
    let mut one = world.conversation("One").await;
    let message = world.post(&mut one, None, "Here").await;
    let other = world.conversation("Other").await;
    for leaf in [message.id, MessageId::from_uuid(world.ids.uuid())] {
        let lost =
            Conversation { active_leaf_id: Some(leaf), version: other.version.next(), ..other.clone() };
        assert_refused!(
            world.commit(vec![Event::ConversationUpdated(lost)]).await,
            StorageError::Rejected("the active leaf does not belong to the conversation")
        );
    }
}

/// All of a unit or nothing: rows, facts, record and jobs.
pub async fn a_refused_unit_leaves_nothing_behind(storage: Storage) {
    let world = World::new(storage).await;
    let existing = world.conversation("Existing").await;
    let head = world.head().await;
    let fresh = world.new_conversation(world.user.id, "Fresh");
    let key = IdempotencyKey::new("key").expect("the key is valid");
    let unit = UnitOfWork {
        idempotency: Some(IdempotencyRecord {
            user_id: world.user.id,
            operation: "test".to_owned(),
            key: key.clone(),
            fingerprint: [0; 32],
            result: "{}".to_owned(),
            version: None,
            expires_at: world.tick(),
        }),
        jobs: vec![Job {
            id: JobId::from_uuid(world.ids.uuid()),
            workspace_id: world.workspace_id,
            kind: JobKind::TitleConversation { conversation_id: existing.id },
            run_at: world.clock.now(),
            attempts: 0,
        }],
        ..world.unit(vec![Event::ConversationCreated(fresh.clone()), Event::ConversationUpdated(existing)])
    };
    assert_refused!(world.storage.journal.commit(unit).await, StorageError::Conflict);
    let Storage { conversations, idempotency, jobs, .. } = &world.storage;
    assert_eq!(conversations.get(world.workspace_id, fresh.id).await.expect("reading works"), None);
    let record = idempotency.find(world.workspace_id, world.user.id, "test", &key).await;
    assert_eq!(record.expect("reading works"), None);
    let claimed = jobs.claim(world.node_id, world.tick(), world.tick(), 10).await;
    assert_eq!(claimed.expect("claiming works"), []);
    assert_eq!(world.head().await, head);
}

/// A unit of work cannot reach into another workspace.
pub async fn a_unit_changes_one_workspace(storage: Storage) {
    let world = World::new(storage).await;
    let mut conversation = world.conversation("Mine").await;
    let (other, _) = world.neighbour().await;
    let mut foreign =
        world.unit(vec![Event::ConversationCreated(world.new_conversation(world.user.id, "X"))]);
    foreign.workspace_id = other;
    assert_refused!(world.storage.journal.commit(foreign).await, StorageError::Rejected(_));
    let (after, mut message) = world.draft(&conversation, None, "Hello");
    message.workspace_id = other;
    let mut foreign = world.unit(vec![Event::MessagePosted(message)]);
    foreign.workspace_id = other;
    assert_refused!(world.storage.journal.commit(foreign).await, StorageError::Conflict);
    conversation = Conversation { workspace_id: other, ..after };
    let mut foreign = world.unit(vec![Event::ConversationUpdated(conversation)]);
    foreign.workspace_id = other;
    assert_refused!(world.storage.journal.commit(foreign).await, StorageError::Conflict);
}

/// Units that are committed together succeed and fail each on its own.
pub async fn concurrent_units_fail_alone(storage: Storage) {
    let world = World::new(storage).await;
    let taken = world.conversation("Taken").await;
    let attempts = (0..100).map(|number| {
        let events = if number % 2 == 0 {
            vec![Event::ConversationCreated(world.new_conversation(world.user.id, "Fine"))]
        } else {
            let fresh = world.new_conversation(world.user.id, "Never");
            vec![Event::ConversationCreated(fresh), Event::ConversationCreated(taken.clone())]
        };
        world.commit(events)
    });
    for (number, outcome) in join_all(attempts).await.into_iter().enumerate() {
        assert_eq!(outcome.is_ok(), number % 2 == 0, "attempt {number}: {outcome:?}");
    }
    let created = all_facts(&world, FactScope::User(world.user.id)).await;
    let created = created.iter().filter(|fact| fact.name == "conversation.created").count();
    assert_eq!(created, 51);
    let conversations = &world.storage.conversations;
    let everything = PageRequest::first(200);
    let page = conversations
        .list(
            world.workspace_id,
            ConversationsOf::Owner(world.user.id),
            ConversationFilter::default(),
            everything,
        )
        .await;
    let stored = page.expect("reading works").items;
    assert_eq!(stored.len(), 51);
    assert!(stored.iter().all(|conversation| conversation.title.as_str() != "Never"));
}

/// Reading page by page gives what reading at once gives.
pub async fn facts_are_read_in_order_without_gaps(storage: Storage) {
    let world = World::new(storage).await;
    let mut conversation = world.conversation("Busy").await;
    for number in 0..5 {
        world.post(&mut conversation, None, &format!("Message {number}")).await;
    }
    for scope in [FactScope::User(world.user.id), FactScope::Conversation(conversation.id)] {
        let whole = all_facts(&world, scope).await;
        assert!(whole.is_sorted_by(|one, next| one.position < next.position));
        let mut pieces = Vec::new();
        loop {
            let after = pieces.last().map_or(Position(0), |fact: &Fact| fact.position);
            let piece = facts(&world, scope, after, 3).await;
            if piece.is_empty() {
                break;
            }
            pieces.extend(piece);
        }
        assert_eq!(pieces, whole);
        let head = world.head().await;
        assert_eq!(whole.last().map(|fact| fact.position), Some(head));
    }
}

/// A fact has the ids, the version and the cause of what happened.
pub async fn facts_name_what_happened(storage: Storage) {
    let world = World::new(storage).await;
    let mut conversation = world.conversation("Busy").await;
    let question = world.post(&mut conversation, None, "Question").await;
    let (answer, run) = world.answer(&mut conversation, &question).await;
    let ended = world.done(vec![world.completed(&run, &answer, "Answer")]).await;
    let facts = all_facts(&world, FactScope::Conversation(conversation.id)).await;
    let names: Vec<&str> = facts.iter().map(|fact| fact.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "conversation.created",
            "message.posted",
            "conversation.updated",
            "message.posted",
            "conversation.updated",
            "run.started",
            "run.completed"
        ]
    );
    let last = facts.last().expect("there are facts");
    let expected = Fact {
        position: ended.places[0].expect("the log keeps it").position,
        name: "run.completed".to_owned(),
        at: world.clock.now(),
        user_id: Some(world.user.id),
        owner_id: Some(world.user.id),
        subject_id: None,
        conversation_id: Some(conversation.id),
        message_id: Some(answer.id),
        run_id: Some(run.id),
        version: Some(Version::FIRST.next()),
        removed: Vec::new(),
        run_status: Some(RunStatus::Completed),
    };
    assert_eq!(*last, expected);
}

/// What happened stays known after the conversation is gone.
pub async fn facts_outlive_their_conversation(storage: Storage) {
    let world = World::new(storage).await;
    let mut conversation = world.conversation("Doomed").await;
    let message = world.post(&mut conversation, None, "Hello").await;
    let below = world.post(&mut conversation, Some(&message), "Below").await;
    let tree = world.storage.messages.tree(world.workspace_id, conversation.id).await.expect("reading works");
    let (after, removed) = conversation.remove(message.id, &tree, world.tick()).expect("nothing is running");
    world
        .done(vec![
            Event::MessageDeleted { conversation_id: conversation.id, message_id: message.id, removed },
            Event::ConversationUpdated(after.clone()),
        ])
        .await;
    let deleted = Conversation { version: after.version.next(), ..after };
    world.done(vec![Event::ConversationDeleted(deleted)]).await;
    let facts = all_facts(&world, FactScope::Conversation(conversation.id)).await;
    assert_eq!(facts.last().map(|fact| fact.name.as_str()), Some("conversation.deleted"));
    let removal = facts.iter().find(|fact| fact.name == "message.deleted").expect("it was deleted");
    assert_eq!(removal.removed, [message.id, below.id]);
}

/// The log of another workspace has nothing to say.
pub async fn facts_stay_in_their_workspace(storage: Storage) {
    let world = World::new(storage).await;
    let conversation = world.conversation("Mine").await;
    let (other, _) = world.neighbour().await;
    for scope in [FactScope::User(world.user.id), FactScope::Conversation(conversation.id)] {
        let foreign = world.storage.journal.read_after(other, scope, Position(0), 100).await;
        assert_eq!(foreign.expect("reading works"), []);
    }
    let unknown = FactScope::Conversation(ConversationId::from_uuid(world.ids.uuid()));
    assert_eq!(all_facts(&world, unknown).await, []);
}

/// What is told to be forgotten is older than whatever is kept, and nobody has missed what another workspace had.
pub async fn what_is_kept_is_not_forgotten(storage: Storage) {
    let world = World::new(storage).await;
    let conversation = world.conversation("Kept").await;
    let (other, _) = world.neighbour().await;
    for scope in [FactScope::User(world.user.id), FactScope::Conversation(conversation.id)] {
        let journal = &world.storage.journal;
        let forgotten = journal.forgotten(world.workspace_id, scope).await.expect("reading works");
        let kept = all_facts(&world, scope).await;
        assert!(
            !kept.is_empty() && kept.iter().all(|fact| fact.position > forgotten),
            "{forgotten:?} {kept:?}"
        );
        assert_eq!(facts(&world, scope, forgotten, 1000).await, kept);
        assert_eq!(journal.forgotten(other, scope).await.expect("reading works"), Position(0));
    }
}

#[derive(Default)]
struct Seen(Mutex<Vec<(Arc<UnitOfWork>, Committed)>>);

impl CommitObserver for Seen {
    fn committed(&self, unit: &Arc<UnitOfWork>, committed: &Committed) {
        self.0.lock().push((Arc::clone(unit), committed.clone()));
    }

    fn news(&self, _: News) {}
}

/// Each committed unit once, before the commit returns, in the order of the positions; refused units never.
pub async fn the_observer_sees_every_commit_in_order(storage: Storage) {
    let world = World::new(storage).await;
    let taken = world.conversation("Taken").await;
    let seen = Arc::new(Seen::default());
    world.storage.journal.observe(seen.clone());
    let attempts = (0..60).map(|number| {
        let conversation =
            if number % 3 == 0 { taken.clone() } else { world.new_conversation(world.user.id, "Fresh") };
        let seen = &seen;
        let commit = world.commit(vec![Event::ConversationCreated(conversation)]);
        async move {
            let committed = commit.await.ok()?;
            let is_known = seen.0.lock().iter().any(|(_, known)| *known == committed);
            Some((committed.places, is_known))
        }
    });
    let committed: Vec<_> = join_all(attempts).await.into_iter().flatten().collect();
    assert_eq!(committed.len(), 40);
    assert!(
        committed.iter().all(|(_, is_known)| *is_known),
        "a commit returned before the observer knew of it"
    );
    let seen = seen.0.lock();
    assert_eq!(seen.len(), 40);
    assert!(seen.iter().all(|(unit, known)| unit.events.len() == known.places.len()));
    let positions: Vec<_> = seen
        .iter()
        .flat_map(|(_, known)| known.places.iter().flatten().map(|place| place.position).collect::<Vec<_>>())
        .collect();
    assert!(positions.is_sorted(), "{positions:?}");
}

/// Where others commit too, each fact names the one before it of the same person, whoever else's come in between; where
/// nobody else does, nothing can be missing.
pub async fn a_fact_names_the_one_before_it(storage: Storage) {
    let world = World::new(storage).await;
    let journal = &world.storage.journal;
    let eve = world.stranger("eve@example.org");
    world.done(vec![Event::UserCreated(eve.clone())]).await;
    let owners = [world.user.id, eve.id];
    let mut last = HashMap::new();
    for (owner, head) in journal.heads(&owners).await.expect("reading works") {
        last.insert(owner, head);
    }
    let commits = (0..30).map(|number| {
        let created = |owner| Event::ConversationCreated(world.new_conversation(owner, "Fresh"));
        let (first, second) = (owners[number % 2], owners[number % 3 % 2]);
        world.commit(vec![created(first), created(second)])
    });
    let committed = join_all(commits).await.into_iter().map(|commit| commit.expect("it is in order"));
    let mut places: Vec<Place> = committed.flat_map(|committed| committed.places).flatten().collect();
    places.sort_by_key(|place| place.position);
    assert_eq!(places.len(), 60);
    for place in &places {
        let owner = place.owner_id.expect("a conversation has an owner");
        let before = last.insert(owner, place.position);
        let expected = if journal.commits_alone() { None } else { before };
        assert_eq!(place.previous, expected);
    }
    let mut heads = journal.heads(&owners).await.expect("reading works");
    heads.sort_unstable();
    let mut expected: Vec<_> = last.into_iter().collect();
    expected.sort_unstable();
    assert_eq!(heads, expected);
    let nobody = UserId::from_uuid(world.ids.uuid());
    assert_eq!(journal.heads(&[nobody]).await.expect("reading works"), []);
}

/// A conversation may be changed before or after the message that it leads to.
pub async fn the_order_of_events_does_not_matter_for_the_leaf(storage: Storage) {
    let world = World::new(storage).await;
    let conversation = world.conversation("Order").await;
    let (after, message) = world.draft(&conversation, None, "First");
    world.done(vec![Event::ConversationUpdated(after.clone()), Event::MessagePosted(message.clone())]).await;
    let stored = world.storage.conversations.get(world.workspace_id, conversation.id).await;
    assert_eq!(stored.expect("reading works").and_then(|it| it.active_leaf_id), Some(message.id));

    let mut fork = world.new_conversation(world.user.id, "Fork");
    fork.active_leaf_id = Some(MessageId::from_uuid(world.ids.uuid()));
    let copy = domain::Message {
        id: fork.active_leaf_id.expect("it was just set"),
        conversation_id: fork.id,
        ..message
    };
    world.done(vec![Event::ConversationCreated(fork.clone()), Event::MessagePosted(copy)]).await;
    let stored = world.storage.conversations.get(world.workspace_id, fork.id).await;
    assert_eq!(stored.expect("reading works").and_then(|it| it.active_leaf_id), fork.active_leaf_id);
}

/// Usage goes to the ledger, and an impossible amount is refused.
pub async fn usage_leaves_no_fact(storage: Storage) {
    let world = World::new(storage).await;
    let head = world.head().await;
    let entry = |tokens, user_id: UserId| UsageEntry {
        user_id,
        api_key_id: None,
        model: super::world::model(),
        requests: 1,
        input_tokens: tokens,
        output_tokens: 5,
        cost: Money::from_micros(7),
    };
    for _ in 0..2 {
        let committed = world.done(vec![Event::UsageRecorded(vec![entry(3, world.user.id)])]).await;
        assert_eq!(committed.places, [None]);
    }
    assert_eq!(world.head().await, head);
    let largest = u64::try_from(i64::MAX).unwrap_or(u64::MAX);
    for tokens in [u64::MAX, largest] {
        assert_refused!(
            world.commit(vec![Event::UsageRecorded(vec![entry(tokens, world.user.id)])]).await,
            StorageError::Rejected(_)
        );
    }
}
