//! What many writers, and writers that were refused, may rely on.

use std::collections::HashMap;

use domain::ports::{ConversationFilter, ConversationsOf, Ids, Place, Position, StorageError};
use domain::{Event, Message, MessageId, MessageStatus, PageRequest, Parts, Run, User, UserId, Version};
use futures_util::future::join_all;

use super::{Storage, World};
use crate::assert_refused;

/// However a unit was refused, the next ones are as good as any.
pub async fn a_refused_unit_is_in_nobodys_way(storage: Storage) {
    let world = World::new(storage).await;
    let mut conversation = world.conversation("Kept").await;
    let other = world.conversation("Other").await;
    let question = world.post(&mut conversation, None, "Question").await;
    let taken = World::account(&world.ids, world.workspace_id, "ada@example.org", world.tick());
    let (_, elsewhere) = world.draft(&other, None, "Elsewhere");
    let refused = [
        Event::ConversationUpdated(conversation.clone()),
        Event::ConversationCreated(conversation.clone()),
        Event::UserCreated(taken),
        Event::MessagePosted(Message { parent_id: Some(question.id), ..elsewhere.clone() }),
        Event::MessagePosted(Message {
            parent_id: Some(MessageId::from_uuid(world.ids.uuid())),
            ..elsewhere
        }),
        Event::RunStarted(world.run_of(&question)),
    ];
    for round in 0..3 {
        for event in &refused {
            let answer = world.commit(vec![event.clone()]).await;
            assert!(
                matches!(answer, Err(StorageError::Conflict | StorageError::Rejected(_))),
                "round {round}: {answer:?} to {event:?}"
            );
            world.post(&mut conversation, Some(&question), "Fine").await;
        }
    }
    let stored = world.storage.conversations.get(world.workspace_id, conversation.id).await;
    let stored = stored.expect("reading works").expect("it is there");
    assert_eq!(stored.message_count, 19);
}

/// With many writers at once, the facts of each person stand in one order, each naming the one before it where others
/// may have written it, and heads name the last.
pub async fn places_of_each_person_are_linked(storage: Storage) {
    let world = World::new(storage).await;
    let people: Vec<User> = (0..4).map(|number| world.stranger(&format!("p{number}@example.org"))).collect();
    let made = world.done(people.iter().cloned().map(Event::UserCreated).collect()).await;
    let mut places: Vec<Place> = made.places.into_iter().flatten().collect();
    let writers = (0..32_usize).map(|writer| {
        let (world, people) = (&world, &people);
        async move {
            let mut places = Vec::new();
            for turn in 0..4 {
                let owners = [&people[writer % 4], &people[(writer + turn) % 4]];
                let events =
                    owners.map(|owner| Event::ConversationCreated(world.new_conversation(owner.id, "Raced")));
                places.extend(world.done(events.to_vec()).await.places.into_iter().flatten());
            }
            places
        }
    });
    places.extend(join_all(writers).await.into_iter().flatten());
    let mut of_people: HashMap<UserId, Vec<Place>> = HashMap::new();
    for place in places {
        of_people.entry(place.owner_id.expect("every one is about a person")).or_default().push(place);
    }
    let ids: Vec<UserId> = people.iter().map(|person| person.id).collect();
    let heads: HashMap<UserId, Position> =
        world.storage.journal.heads(&ids).await.expect("reading works").into_iter().collect();
    for (owner_id, mut places) in of_people {
        places.sort_by_key(|place| place.position);
        assert_eq!(places.len(), 65);
        assert_eq!(places.last().map(|place| place.position), heads.get(&owner_id).copied());
        for pair in places.windows(2) {
            let [before, place] = pair else { continue };
            assert!(before.position < place.position, "a position was given twice");
            assert!(place.previous.is_none_or(|previous| previous == before.position), "{pair:?}");
        }
        assert!(places[0].previous.is_none_or(|previous| previous == Position(0)), "{:?}", places[0]);
    }
    let nobody = UserId::from_uuid(world.ids.uuid());
    assert_eq!(world.storage.journal.heads(&[nobody]).await.expect("reading works"), []);
    assert_eq!(world.storage.journal.heads(&[]).await.expect("reading works"), []);
}

/// Whatever may be missing may be missing everywhere, and pages begin without a cursor.
pub async fn nothing_optional_is_needed(storage: Storage) {
    let world = World::new(storage).await;
    let conversation = world.new_conversation(world.user.id, "Bare");
    world.done(vec![Event::ConversationCreated(conversation.clone())]).await;
    let mut message = world.draft(&conversation, None, "Words").1;
    message.parts = Parts::from(Vec::new());
    message.status = MessageStatus::Pending;
    world.done(vec![Event::MessagePosted(message.clone())]).await;
    let Storage { conversations, messages, journal, identities, .. } = &world.storage;
    let stored = messages.get(world.workspace_id, message.id).await.expect("reading works");
    assert_eq!(stored.as_ref(), Some(&message));
    let run: Run = world.run_of(&message);
    let mut unit = world.unit(vec![Event::RunStarted(run)]);
    unit.origin.user_id = None;
    unit.origin.request_id = None;
    journal.commit(unit).await.expect("the message waits for an answer");
    let edited = Message { version: Version::FIRST.next(), ..message.clone() };
    let stale = Message { version: Version::FIRST.next().next().next(), ..message };
    for (message, is_fine) in [(stale, false), (edited, true)] {
        let run = world.storage.runs.of_message(world.workspace_id, message.id).await.expect("reading works");
        let run = run.expect("it runs");
        let outcome = domain::RunOutcome::Cancelled;
        let event = Event::RunEnded { run: run.end(&outcome, world.tick()).expect("it runs"), message };
        if is_fine {
            world.done(vec![event]).await;
        } else {
            assert_refused!(world.commit(vec![event]).await, StorageError::Conflict);
        }
    }
    let first = PageRequest::first(10);
    let page = conversations
        .list(world.workspace_id, ConversationsOf::Owner(world.user.id), ConversationFilter::default(), first)
        .await
        .expect("reading works");
    assert_eq!(page.items.len(), 1);
    let users =
        identities.users(world.workspace_id, None, PageRequest::first(10)).await.expect("reading works");
    assert_eq!(users.items, std::slice::from_ref(&world.user));
    let keys = identities.api_keys(world.workspace_id, world.user.id, PageRequest::first(10)).await;
    assert_eq!(keys.expect("reading works").items, []);
}
