//! Runs are stopped, and attempts repeated, on any node.

use std::time::Duration;

use application::conversations::DeleteConversation;
use application::messages::SendMessage;
use application::runs::{CancelRun, RunEvent};
use domain::ports::Journal;
use domain::{ConversationId, Event, IdempotencyKey, Parameters, RunId, RunStatus};
use serde_json::Value;
use testing::fakes::{Answer, Noise, ScriptedModel};

use crate::world::{Node, World, within};

/// A model that says two words and no more.
pub fn silent_model() -> ScriptedModel {
    ScriptedModel::new([Answer::tokens(["So ", "far"]).then_silence()])
}

pub fn question(conversation_id: ConversationId) -> SendMessage {
    SendMessage {
        conversation_id,
        text: Some("Why?".to_owned()),
        parts: None,
        parent_id: None,
        model: None,
        parameters: Parameters::default(),
        reply: true,
    }
}

/// Has an answer begin on a node.
pub async fn begin(world: &World, node: &Node) -> (ConversationId, RunId) {
    let conversation = world.conversation(world.user.id);
    let id = conversation.id;
    let created = node.storage.commit(world.unit(vec![Event::ConversationCreated(conversation)])).await;
    created.expect("the conversation is in order");
    let reply = node.bus.send(&world.context(), question(id)).await.expect("the answer begins");
    let result: Value = serde_json::from_str(reply.result.get()).expect("a result is JSON");
    let run_id = result["run"]["id"].as_str().and_then(|id| id.parse().ok()).expect("the run has an id");
    (id, run_id)
}

pub async fn ends(world: &World, node: &Node, run_id: RunId, limit: Duration) -> Option<RunStatus> {
    within(limit, async || {
        let status = world.run(node, run_id).await.status;
        (status != RunStatus::Running).then_some(status)
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn a_run_is_stopped_at_once_by_the_other_node() {
    let world = World::new(6, silent_model()).await;
    let (here, there) = (world.node(), world.node());
    let (_, run_id) = begin(&world, &here).await;
    let reply = there.bus.send(&world.context(), CancelRun { run_id }).await.expect("stopping works");
    let result: Value = serde_json::from_str(reply.result.get()).expect("a result is JSON");
    assert_eq!(result["status"], "running");
    let status = ends(&world, &there, run_id, Duration::from_millis(500)).await;
    assert_eq!(status, Some(RunStatus::Cancelled));
    let reply =
        there.bus.send(&world.context(), CancelRun { run_id }).await.expect("stopping it again works");
    let result: Value = serde_json::from_str(reply.result.get()).expect("a result is JSON");
    assert_eq!(result["status"], "cancelled");
}

#[tokio::test(start_paused = true)]
async fn a_run_is_stopped_by_the_other_node_though_the_news_is_lost() {
    let world = World::new(7, silent_model()).await;
    let (here, there) = (world.node(), world.node());
    let (_, run_id) = begin(&world, &here).await;
    world.database.set_noise(Noise { lost: 100, ..Noise::default() });
    there.bus.send(&world.context(), CancelRun { run_id }).await.expect("stopping works");
    let status = ends(&world, &there, run_id, Duration::from_secs(3)).await;
    assert_eq!(status, Some(RunStatus::Cancelled));
}

#[tokio::test(start_paused = true)]
async fn deleting_a_conversation_stops_the_other_nodes_run() {
    let world = World::new(8, silent_model()).await;
    let (here, there) = (world.node(), world.node());
    let (conversation_id, run_id) = begin(&world, &here).await;
    let delete = DeleteConversation { conversation_id, expected_version: None };
    there.bus.send(&world.context(), delete).await.expect("deleting works");
    let engine = &here.services.engine;
    let stopped =
        within(Duration::from_millis(500), async || (!engine.is_active(run_id)).then_some(())).await;
    assert!(stopped.is_some(), "the model is still asked");
    let log = engine.log(run_id).expect("the log is kept for a while");
    let mut reader = log.attach(None, std::sync::Arc::default()).reader;
    let mut last = None;
    while !reader.is_finished() {
        if let application::runs::ReadResult::Events(events) = reader.read() {
            last = events.last().map(|entry| entry.event.clone());
        }
    }
    assert!(matches!(last, Some(RunEvent::Ended { status: RunStatus::Cancelled, .. })), "{last:?}");
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_commit_was_not_answered_is_carried_out_all_the_same() {
    let world = World::new(15, ScriptedModel::answering("Because")).await;
    let (here, there) = (world.node(), world.node());
    let conversation = world.conversation(world.user.id);
    let id = conversation.id;
    let created = here.storage.commit(world.unit(vec![Event::ConversationCreated(conversation)])).await;
    created.expect("the conversation is in order");
    let context = application::Context { idempotency_key: IdempotencyKey::new("once"), ..world.context() };
    here.storage.lose_answers(1);
    let failed = here.bus.send(&context, question(id)).await;
    assert_eq!(failed.map(|_| ()).expect_err("nobody knows").code(), application::Code::Unavailable);
    let reply = there.bus.send(&context, question(id)).await.expect("the repetition finds it");
    assert!(reply.replayed);
    let result: Value = serde_json::from_str(reply.result.get()).expect("a result is JSON");
    let run_id = result["run"]["id"].as_str().and_then(|id| id.parse().ok()).expect("the run has an id");
    let status = ends(&world, &there, run_id, Duration::from_secs(5)).await;
    assert_eq!(status, Some(RunStatus::Completed));
    assert_eq!(world.model.request_count(), 1);
}

#[tokio::test(start_paused = true)]
async fn one_attempt_on_two_nodes_has_one_effect_and_one_result() {
    let world = World::new(9, ScriptedModel::answering("Because")).await;
    let nodes = [world.node(), world.node()];
    let conversation = world.conversation(world.user.id);
    let id = conversation.id;
    let created = nodes[0].storage.commit(world.unit(vec![Event::ConversationCreated(conversation)])).await;
    created.expect("the conversation is in order");
    world.database.set_noise(Noise { longest: Duration::from_millis(3), ..Noise::default() });
    let context = application::Context { idempotency_key: IdempotencyKey::new("once"), ..world.context() };
    let attempts = nodes.each_ref().map(|node| node.bus.send(&context, question(id)));
    let replies = futures_util::future::join_all(attempts).await;
    let results: Vec<String> =
        replies.into_iter().map(|reply| reply.expect("both succeed").result.get().to_owned()).collect();
    assert_eq!(results[0], results[1]);
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(world.model.request_count(), 1);
}
