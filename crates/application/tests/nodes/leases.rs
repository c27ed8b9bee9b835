//! What a node leaves behind that is gone, and what another one takes for gone.

use std::time::Duration;

use application::runs::ReadResult;
use domain::RunStatus;
use testing::fakes::{Answer, ScriptedModel};

use crate::stopping::{begin, ends, silent_model};
use crate::world::World;

#[tokio::test(start_paused = true)]
async fn a_dead_nodes_run_ends_as_interrupted_within_ten_seconds() {
    let world = World::new(10, silent_model()).await;
    let (here, there) = (world.node(), world.node());
    tokio::time::sleep(Duration::from_secs(20)).await;
    let (_, run_id) = begin(&world, &here).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    here.storage.cut_off(true);
    let status = ends(&world, &there, run_id, Duration::from_secs(10)).await;
    assert_eq!(status, Some(RunStatus::Interrupted));
    let run = world.run(&there, run_id).await;
    let answer = there.services.ports.messages.get(world.workspace_id, run.message_id).await;
    let text = answer.expect("reading works").expect("the answer is stored").parts.prose();
    assert_eq!(text, "So far");
}

#[tokio::test(start_paused = true)]
async fn living_nodes_keep_their_runs_though_a_clock_is_an_hour_wrong() {
    let world = World::new(11, silent_model()).await;
    let (here, there) = (world.node(), world.node_with(Duration::from_hours(1)));
    tokio::time::sleep(Duration::from_secs(10)).await;
    let runs = [begin(&world, &here).await.1, begin(&world, &there).await.1];
    tokio::time::sleep(Duration::from_mins(1)).await;
    for run_id in runs {
        assert_eq!(world.run(&here, run_id).await.status, RunStatus::Running);
    }
    there.storage.cut_off(true);
    let status = ends(&world, &here, runs[1], Duration::from_secs(10)).await;
    assert_eq!(status, Some(RunStatus::Interrupted));
}

#[tokio::test(start_paused = true)]
async fn running_answers_outlast_a_database_that_was_away() {
    // Whichever node looks first once the database is back.
    for phase in 0..8 {
        let model = ScriptedModel::new([Answer::tokens(["All ", "is ", "well"]).gated()]);
        let world = World::new(12, model).await;
        let (here, there) = (world.node(), world.node());
        tokio::time::sleep(Duration::from_secs(10)).await;
        let (_, run_id) = begin(&world, &here).await;
        world.database.set_away(true);
        tokio::time::sleep(Duration::from_millis(30_000 + phase * 250)).await;
        world.database.set_away(false);
        tokio::time::sleep(Duration::from_secs(20)).await;
        assert_eq!(world.run(&there, run_id).await.status, RunStatus::Running);
        world.model.release(10);
        let status = ends(&world, &there, run_id, Duration::from_secs(5)).await;
        assert_eq!(status, Some(RunStatus::Completed));
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_another_node_has_ended_is_given_up_and_its_readers_are_sent_to_storage() {
    let world = World::new(13, ScriptedModel::new([Answer::tokens(["More ", "and ", "more"]).gated()])).await;
    let (here, there) = (world.node(), world.node());
    tokio::time::sleep(Duration::from_secs(10)).await;
    let (_, run_id) = begin(&world, &here).await;
    world.model.release(2);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let log = here.services.engine.log(run_id).expect("the run is going on");
    let mut reader = log.attach(None, std::sync::Arc::default()).reader;
    here.storage.cut_off(true);
    world.model.release(1);
    assert_eq!(ends(&world, &there, run_id, Duration::from_secs(10)).await, Some(RunStatus::Interrupted));
    here.storage.cut_off(false);
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert!(!here.services.engine.is_active(run_id));
    assert_eq!(world.model.dropped(), 1, "the model is no longer listened to");
    let lost = std::iter::repeat_with(|| reader.read()).take(3).any(|read| matches!(read, ReadResult::Lost));
    assert!(lost, "readers of the longer text must be told");
    let run = world.run(&here, run_id).await;
    assert_eq!(run.status, RunStatus::Interrupted);
    assert!(here.services.engine.log(run_id).is_none(), "who comes now reads what is stored");
}
