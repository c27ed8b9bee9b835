//! What runs must do in storage.

use std::time::Duration;

use domain::ports::{Checkpoint, Clock, Ids, StorageError};
use domain::{
    Conversation, Event, Message, MessageStatus, NodeId, Parts, Run, RunFailure, RunOutcome, RunStatus,
};

use super::{Storage, World};
use crate::assert_refused;

fn checkpoint(run: &Run, text: &str) -> Checkpoint {
    Checkpoint {
        workspace_id: run.workspace_id,
        run_id: run.id,
        message_id: run.message_id,
        parts: Parts::from_text(text),
    }
}

async fn question(world: &World) -> (Conversation, Message) {
    let mut conversation = world.conversation("Run").await;
    let question = world.post(&mut conversation, None, "Question").await;
    (conversation, question)
}

/// A checkpoint shows at once, changes no version, and comes too late once the run is over.
pub async fn a_checkpoint_keeps_what_has_arrived(storage: Storage) {
    let world = World::new(storage).await;
    let (mut conversation, question) = question(&world).await;
    let (answer, run) = world.answer(&mut conversation, &question).await;
    let head = world.head().await;
    let Storage { journal, messages, .. } = &world.storage;
    for text in ["Half", "Half an answer"] {
        journal.checkpoint(checkpoint(&run, text)).await.expect("the run is running");
        let stored = messages.get(world.workspace_id, answer.id).await.expect("reading works");
        let expected =
            Message { parts: Parts::from_text(text), status: MessageStatus::Streaming, ..answer.clone() };
        assert_eq!(stored, Some(expected));
    }
    assert_eq!(world.head().await, head);
    let (other, _) = world.neighbour().await;
    let foreign = Checkpoint { workspace_id: other, ..checkpoint(&run, "foreign") };
    assert_refused!(journal.checkpoint(foreign).await, StorageError::Conflict);
    world.done(vec![world.completed(&run, &answer, "A whole answer")]).await;
    assert_refused!(journal.checkpoint(checkpoint(&run, "late")).await, StorageError::Conflict);
    let stored = messages.get(world.workspace_id, answer.id).await.expect("reading works");
    assert_eq!(stored.map(|message| message.parts), Some(Parts::from_text("A whole answer")));
}

/// The first end counts.
pub async fn a_run_ends_once(storage: Storage) {
    let world = World::new(storage).await;
    let (mut conversation, question) = question(&world).await;
    let (answer, run) = world.answer(&mut conversation, &question).await;
    let failure = RunFailure { code: "provider_failed".to_owned(), detail: "Try again.".to_owned() };
    let outcome = RunOutcome::Failed { failure, usage: None };
    let failed = run.end(&outcome, world.tick()).expect("the run is running");
    let ended = answer.end(Parts::from_text("Half"), &outcome);
    world.done(vec![Event::RunEnded { run: failed.clone(), message: ended.clone() }]).await;
    assert_refused!(
        world.commit(vec![world.completed(&run, &answer, "Whole")]).await,
        StorageError::Conflict
    );
    assert_refused!(
        world.commit(vec![world.completed(&run, &ended, "Whole, on top of the first end")]).await,
        StorageError::Conflict
    );
    let Storage { runs, messages, .. } = &world.storage;
    assert_eq!(runs.get(world.workspace_id, run.id).await.expect("reading works"), Some(failed));
    assert_eq!(messages.get(world.workspace_id, answer.id).await.expect("reading works"), Some(ended));
}

/// A run belongs to an answer that waits for it, and to one at a time.
pub async fn a_run_needs_a_pending_answer(storage: Storage) {
    let world = World::new(storage).await;
    let (mut conversation, question) = question(&world).await;
    let on_a_question = world.run_of(&question);
    assert_refused!(world.commit(vec![Event::RunStarted(on_a_question)]).await, StorageError::Conflict);
    let (answer, run) = world.answer(&mut conversation, &question).await;
    let second = world.run_of(&answer);
    assert_refused!(
        world.commit(vec![Event::RunStarted(second)]).await,
        StorageError::Rejected("the message is already being answered")
    );
    world.done(vec![world.completed(&run, &answer, "Answer")]).await;
    let late = world.run_of(&answer);
    assert_refused!(world.commit(vec![Event::RunStarted(late)]).await, StorageError::Conflict);
}

/// A lease that is renewed keeps a run; one that ran out gives it up.
pub async fn an_abandoned_run_is_found_when_its_lease_is_over(storage: Storage) {
    let world = World::new(storage).await;
    let (mut conversation, question) = question(&world).await;
    let (answer, run) = world.answer(&mut conversation, &question).await;
    let Storage { journal, runs, .. } = &world.storage;
    let before = run.lease_expires_at.minus(Duration::from_secs(1));
    assert_eq!(runs.abandoned(before, 10).await.expect("reading works"), []);
    let abandoned = runs.abandoned(run.lease_expires_at, 10).await.expect("reading works");
    assert_eq!(abandoned, std::slice::from_ref(&run));
    let longer = run.lease_expires_at.plus(Duration::from_secs(30));
    journal.renew_leases(world.node_id, longer).await.expect("renewing works");
    assert_eq!(runs.abandoned(run.lease_expires_at, 10).await.expect("reading works"), []);
    let renewed = Run { lease_expires_at: longer, ..run.clone() };
    assert_eq!(runs.abandoned(longer, 10).await.expect("reading works"), [renewed]);
    assert_eq!(runs.abandoned(longer, 0).await.expect("reading works"), []);
    world.done(vec![world.completed(&run, &answer, "Answer")]).await;
    assert_eq!(runs.abandoned(longer, 10).await.expect("reading works"), []);
}

/// Whoever carries a run out hears that it is to be stopped when the leases are renewed, until it is over.
pub async fn a_wish_to_stop_is_told_with_the_lease(storage: Storage) {
    let world = World::new(storage).await;
    let (mut conversation, question) = question(&world).await;
    let (answer, run) = world.answer(&mut conversation, &question).await;
    let journal = &world.storage.journal;
    let until = run.lease_expires_at;
    let renew = async |owner| journal.renew_leases(owner, until).await.expect("renewing works");
    assert_eq!(renew(world.node_id).await, []);
    for _ in 0..2 {
        world.done(vec![Event::RunStopRequested(run.clone())]).await;
    }
    let stranger = NodeId::from_uuid(world.ids.uuid());
    assert_eq!(renew(stranger).await, []);
    assert_eq!(renew(world.node_id).await, [run.id]);
    world.done(vec![world.completed(&run, &answer, "Answer")]).await;
    assert_eq!(renew(world.node_id).await, []);
    assert_refused!(world.commit(vec![Event::RunStopRequested(run)]).await, StorageError::Conflict);
}

/// Whatever still comes for a deleted conversation is a conflict.
pub async fn nothing_is_written_to_a_deleted_conversation(storage: Storage) {
    let world = World::new(storage).await;
    let (mut conversation, question) = question(&world).await;
    let (answer, run) = world.answer(&mut conversation, &question).await;
    let (_, late) = world.draft(&conversation, Some(&question), "Too late");
    let deleted = Conversation { version: conversation.version.next(), ..conversation.clone() };
    world.done(vec![Event::ConversationDeleted(deleted)]).await;
    let ended = world.completed(&run, &answer, "Answer");
    assert_refused!(world.commit(vec![ended]).await, StorageError::Conflict);
    assert_refused!(world.commit(vec![Event::MessagePosted(late)]).await, StorageError::Conflict);
    let journal = &world.storage.journal;
    assert_refused!(journal.checkpoint(checkpoint(&run, "Half")).await, StorageError::Conflict);
}

/// Running runs by conversation, the latest run by message.
pub async fn runs_are_found_by_conversation_and_message(storage: Storage) {
    let world = World::new(storage).await;
    let (mut conversation, question) = question(&world).await;
    let (first, first_run) = world.answer(&mut conversation, &question).await;
    let (second, second_run) = world.answer(&mut conversation, &question).await;
    let runs = &world.storage.runs;
    let running = runs.running(world.workspace_id, conversation.id).await.expect("reading works");
    assert_eq!(running, [first_run.clone(), second_run.clone()]);
    world.done(vec![world.completed(&first_run, &first, "Answer")]).await;
    let running = runs.running(world.workspace_id, conversation.id).await.expect("reading works");
    assert_eq!(running, std::slice::from_ref(&second_run));
    let of_first = runs.of_message(world.workspace_id, first.id).await.expect("reading works");
    assert_eq!(of_first.map(|run| (run.id, run.status)), Some((first_run.id, RunStatus::Completed)));
    let (other, _) = world.neighbour().await;
    assert_eq!(runs.of_message(other, second.id).await.expect("reading works"), None);
    assert_eq!(runs.get(other, second_run.id).await.expect("reading works"), None);
    assert_eq!(runs.running(other, conversation.id).await.expect("reading works"), []);
    let of_question = runs.of_message(world.workspace_id, question.id).await.expect("reading works");
    assert_eq!(of_question, None);
    assert!(world.clock.now() > first_run.started_at);
}
