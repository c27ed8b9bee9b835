//! What a run says is read on any node while it says it.

use std::sync::Arc;
use std::time::Duration;

use application::runs::{
    FollowRun, Followed, ReadResult, Resume, RunEvent, RunLog, RunReader, RunsElsewhere,
};
use application::{Code, Context};
use domain::ports::{Ids as _, Journal as _};
use domain::{Actor, Event, IdempotencyKey, Parts, RunId, RunStatus, UserId};
use serde_json::Value;
use testing::fakes::{Answer, ScriptedModel};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::stopping::{begin, ends, question, silent_model};
use crate::world::{Node, World, within};

const BEGINNING: Resume = Resume { epoch: None, after: 0 };

fn gated_model() -> ScriptedModel {
    ScriptedModel::new([Answer::tokens(["All ", "is ", "well"]).gated()])
}

async fn follow(world: &World, node: &Node, run_id: RunId) -> Followed {
    let follow = FollowRun { run_id, resume: Some(BEGINNING), inbox: None };
    node.bus.ask(&world.context(), follow).await.expect("one's own run").followed
}

async fn live(world: &World, node: &Node, run_id: RunId) -> Arc<RunLog> {
    let Followed::Live(log) = follow(world, node, run_id).await else { panic!("expected a log") };
    log
}

/// Everything that a log has said and is still to say, with the positions.
async fn to_the_end(log: &Arc<RunLog>) -> Vec<(u64, RunEvent)> {
    let wake = Arc::new(Notify::new());
    let mut attached = log.attach(Some(&BEGINNING), Arc::clone(&wake));
    assert!(attached.recovered);
    let mut said = Vec::new();
    while !attached.reader.is_finished() {
        let ReadResult::Events(entries) = attached.reader.read() else { panic!("expected events") };
        said.extend(entries.iter().map(|entry| (entry.position, entry.event.clone())));
        if !attached.reader.is_finished() {
            wake.notified().await;
        }
    }
    said
}

async fn stored(world: &World, node: &Node, run_id: RunId) -> Parts {
    let run = world.run(node, run_id).await;
    let message = node.services.ports.messages.get(world.workspace_id, run.message_id).await;
    message.expect("reading works").expect("the answer is stored").parts
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_one_node_is_read_on_the_other_event_by_event() {
    let world = World::new(20, gated_model()).await;
    let (here, there) = (world.node(), world.node());
    let (_, run_id) = begin(&world, &here).await;
    let (ours, theirs) = (live(&world, &here, run_id).await, live(&world, &there, run_id).await);
    assert!(!Arc::ptr_eq(&ours, &theirs));
    assert_eq!((ours.epoch(), ours.model()), (theirs.epoch(), theirs.model()));
    let releasing = async {
        for _ in 0..5 {
            world.model.release(1);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let (said, heard, ()) = tokio::join!(to_the_end(&ours), to_the_end(&theirs), releasing);
    assert_eq!(said, heard);
    assert!(said.len() >= 6, "{said:?}");
    assert_eq!(theirs.parts(), stored(&world, &there, run_id).await);
    assert_eq!(theirs.parts().prose(), "All is well");
    let late = follow(&world, &there, run_id).await;
    assert!(late.is_over());
    assert!(matches!(late, Followed::Live(_)), "who comes back soon goes on where they were");
    tokio::time::sleep(Duration::from_mins(2)).await;
    assert!(matches!(follow(&world, &there, run_id).await, Followed::Stored { .. }));
}

#[tokio::test(start_paused = true)]
async fn another_attempt_on_the_other_node_follows_the_first_ones_answer() {
    let world = World::new(21, gated_model()).await;
    let (here, there) = (world.node(), world.node());
    let conversation = world.conversation(world.user.id);
    let conversation_id = conversation.id;
    let created = here.storage.commit(world.unit(vec![Event::ConversationCreated(conversation)])).await;
    created.expect("the conversation is in order");
    let context = Context { idempotency_key: IdempotencyKey::new("once"), ..world.context() };
    let mut runs = Vec::new();
    for node in [&here, &there] {
        let reply = node.bus.send(&context, question(conversation_id)).await.expect("both succeed");
        let result: Value = serde_json::from_str(reply.result.get()).expect("a result is JSON");
        let run_id: RunId = result["run"]["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
        runs.push(run_id);
    }
    assert_eq!(runs[0], runs[1]);
    let log = live(&world, &there, runs[1]).await;
    world.model.release(20);
    to_the_end(&log).await;
    assert_eq!(log.parts().prose(), "All is well");
}

#[tokio::test(start_paused = true)]
async fn a_run_is_followed_on_the_other_node_by_its_owner_only() {
    let world = World::new(22, gated_model()).await;
    let (here, there) = (world.node(), world.node());
    let (conversation_id, run_id) = begin(&world, &here).await;
    live(&world, &there, run_id).await;
    let mine = RunsElsewhere { conversation_id };
    assert_eq!(there.bus.ask(&world.context(), mine.clone()).await.expect("one's own"), [run_id]);
    assert_eq!(here.bus.ask(&world.context(), mine.clone()).await.expect("one's own"), []);

    let stranger = Actor { user_id: UserId::from_uuid(world.ids.uuid()), ..(*world.actor()).clone() };
    let stranger = Context::new(Arc::new(stranger), "request".into(), None);
    let refused = there.bus.ask(&stranger, FollowRun { run_id, resume: None, inbox: None }).await;
    assert_eq!(refused.err().map(|error| error.code()), Some(Code::NotFound));
    let refused = there.bus.ask(&stranger, mine.clone()).await;
    assert_eq!(refused.err().map(|error| error.code()), Some(Code::NotFound));

    world.model.release(20);
    assert_eq!(ends(&world, &there, run_id, Duration::from_secs(1)).await, Some(RunStatus::Completed));
    assert_eq!(there.bus.ask(&world.context(), mine).await.expect("one's own"), []);
}

async fn reads_until_lost(reader: &mut RunReader, wake: &Notify) {
    while !matches!(reader.read(), ReadResult::Lost) {
        wake.notified().await;
    }
}

#[tokio::test(start_paused = true)]
async fn readers_of_a_dead_nodes_run_are_told_its_stored_end_within_ten_seconds() {
    let world = World::new(23, silent_model()).await;
    let (here, there) = (world.node(), world.node());
    tokio::time::sleep(Duration::from_secs(20)).await;
    let (_, run_id) = begin(&world, &here).await;
    let log = live(&world, &there, run_id).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(log.parts().prose(), "So far");
    let wake = Arc::new(Notify::new());
    let mut reader = log.attach(Some(&BEGINNING), Arc::clone(&wake)).reader;
    here.storage.cut_off(true);
    let died_at = Instant::now();
    reads_until_lost(&mut reader, &wake).await;
    let Followed::Stored { run, message } = follow(&world, &there, run_id).await else {
        panic!("it is lost")
    };
    assert!(died_at.elapsed() < Duration::from_secs(10), "{:?}", died_at.elapsed());
    assert_eq!((run.status, message.parts.prose().as_str()), (RunStatus::Interrupted, "So far"));
}

#[tokio::test(start_paused = true)]
async fn who_comes_while_the_relay_is_away_reads_what_is_stored_and_goes_live_when_it_is_back() {
    let world = World::new(24, gated_model()).await;
    let (here, there) = (world.node(), world.node());
    let (_, run_id) = begin(&world, &here).await;
    world.model.release(2);
    world.relay.set_away(true);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let asked_at = Instant::now();
    let Followed::Stored { run, message } = follow(&world, &there, run_id).await else { panic!("how?") };
    assert!(asked_at.elapsed() < Duration::from_millis(100), "nobody waits for a relay that is away");
    assert_eq!((run.status, message.parts.prose().as_str()), (RunStatus::Running, "All "));
    world.relay.set_away(false);
    let log = within(Duration::from_secs(3), async || match follow(&world, &there, run_id).await {
        Followed::Live(log) => Some(log),
        Followed::Stored { .. } => None,
    });
    let log = log.await.expect("it can be read again");
    world.model.release(20);
    to_the_end(&log).await;
    assert_eq!(log.parts(), stored(&world, &there, run_id).await);
}

#[tokio::test(start_paused = true)]
async fn an_end_that_the_relay_never_carries_is_read_from_storage() {
    let world = World::new(25, gated_model()).await;
    let (here, there) = (world.node(), world.node());
    let (_, run_id) = begin(&world, &here).await;
    world.model.release(2);
    let log = live(&world, &there, run_id).await;
    let wake = Arc::new(Notify::new());
    let mut reader = log.attach(Some(&BEGINNING), Arc::clone(&wake)).reader;
    world.relay.set_away(true);
    world.model.release(20);
    assert_eq!(ends(&world, &there, run_id, Duration::from_secs(1)).await, Some(RunStatus::Completed));
    let ended_at = Instant::now();
    reads_until_lost(&mut reader, &wake).await;
    assert!(ended_at.elapsed() < Duration::from_secs(2), "{:?}", ended_at.elapsed());
    let Followed::Stored { message, .. } = follow(&world, &there, run_id).await else { panic!("it is lost") };
    assert_eq!(message.parts.prose(), "All is well");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_a_shutdown_ends_is_told_on_the_other_node() {
    let world = World::new(26, silent_model()).await;
    let (here, there) = (world.node(), world.node());
    let (_, run_id) = begin(&world, &here).await;
    let log = live(&world, &there, run_id).await;
    let (said, ()) = tokio::join!(to_the_end(&log), here.services.engine.drain());
    let last = said.last().map(|(_, event)| event);
    assert!(matches!(last, Some(RunEvent::Ended { status: RunStatus::Interrupted, .. })), "{last:?}");
    assert_eq!(log.parts(), stored(&world, &there, run_id).await);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_does_not_wait_for_a_relay_that_is_away() {
    let world = World::new(27, silent_model()).await;
    let here = world.node();
    begin(&world, &here).await;
    world.relay.set_away(true);
    let began = Instant::now();
    here.services.engine.drain().await;
    let most = here.services.settings.drain() + Duration::from_secs(4);
    assert!(began.elapsed() < most, "{:?}", began.elapsed());
}
