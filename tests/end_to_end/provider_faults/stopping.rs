//! Who may end an answer: the person who asked, and nobody by going away.

use serde_json::{Value, json};
use testing::upstream::Script;

use super::{World, id, patient, read_until};
use crate::harness::Events;

#[tokio::test]
async fn a_failed_answer_can_be_regenerated_and_both_are_kept() {
    let world = World::impatient().await;
    let failed = world.fails([Script::cut_after("so far ")], "provider_interrupted", "so far ", 1).await;
    world.upstream.script("m", Script::answer("all of it"));
    let path = format!("/api/v1/messages/{}/regenerate", id(&failed.message));
    let exchange = world.owner.post(&path, &json!({})).await.expect(201);
    let again = world.end_of(&exchange).await;
    assert_eq!((again.text(), &again.message["status"]), ("all of it", &json!("complete")));
    let kept = world.owner.get(&format!("/api/v1/messages/{}", id(&failed.message))).await.expect(200);
    assert_eq!(kept, failed.message);
}

#[tokio::test]
async fn stop_ends_the_answer_aborts_the_provider_and_keeps_the_text() {
    let world = World::with(patient).await;
    world.upstream.script("m", Script::answer("one two three four").gated());
    let exchange = world.owner.send(&world.conversation, "Count").await;
    let run = id(&exchange["run"]).to_owned();
    let mut events = world.owner.events(&format!("/api/v1/runs/{run}/events"), None).await;
    world.upstream.release(2);
    read_until(&mut events, "one two ").await;

    let cancel = format!("/api/v1/runs/{run}/cancel");
    assert_eq!(world.owner.post(&cancel, &json!({})).await.expect(200)["id"], run);
    let ended = world.end_of(&exchange).await;
    assert_eq!((ended.text(), &ended.message["status"]), ("one two ", &json!("cancelled")));
    assert_eq!((&ended.run["status"], &ended.last["type"]), (&json!("cancelled"), &json!("run.cancelled")));
    assert_eq!(ended.message["problem"], Value::Null);
    world.upstream.wait_until(|counts| counts.aborted == 1 && counts.given == 0).await;

    assert_eq!(
        world.owner.post(&cancel, &json!({})).await.expect(200)["status"],
        "cancelled",
        "stopping twice"
    );
    world.upstream.script("m", Script::answer("and on"));
    world.answers([Script::answer("and on")], "and on", 1).await;
}

#[tokio::test]
async fn an_answer_can_be_stopped_before_its_first_token() {
    let world = World::with(patient).await;
    for script in [Script::no_head(), Script::silent()] {
        world.upstream.script("m", script);
        let requests = world.upstream.counts().requests;
        let exchange = world.owner.send(&world.conversation, "Count").await;
        world.upstream.wait_until(|counts| counts.requests > requests).await;
        let mut socket = world.owner.socket().await;
        let result = socket.command("run.cancel", json!({ "run_id": id(&exchange["run"]) })).await;
        assert_eq!(result["type"], "result", "{result}");
        let ended = world.end_of(&exchange).await;
        assert_eq!((&ended.message["status"], &ended.message["parts"]), (&json!("cancelled"), &json!([])));
        world.upstream.wait_until(|counts| counts.aborted > requests).await;
    }
}

#[tokio::test]
async fn a_client_that_goes_away_is_not_a_stop() {
    let world = World::with(patient).await;
    world.upstream.script("m", Script::answer("one two three").gated());
    let path = format!("/api/v1/conversations/{}/messages", world.conversation);
    let request = world.owner.request(reqwest::Method::POST, &path).json(&json!({ "text": "Count" }));
    let mut events = Events::open(request.header("accept", "text/event-stream")).await;
    let exchange = events.next().await.expect("the exchange").json();
    let mut socket = world.owner.socket().await;
    socket.subscribe(&format!("run:{}", id(&exchange["run"])), None).await;
    world.upstream.release(1);
    read_until(&mut events, "one ").await;
    drop(events);
    drop(socket);
    world.upstream.release(10);
    let ended = world.end_of(&exchange).await;
    assert_eq!((ended.text(), &ended.message["status"]), ("one two three", &json!("complete")));
    assert_eq!(world.upstream.counts().aborted, 0);
}
