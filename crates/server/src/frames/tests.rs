//! The frames look as the contract shows them.

use application::runs::{ReadResult, Resume, RunEvent, RunLog};
use domain::{FinishReason, ModelName, Part, RunFailure, RunStatus, TokenCount, Usage};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::Notify;

use super::*;

const ID: &str = "0192f000-0000-7000-8000-000000000000";

fn id<T: std::str::FromStr>() -> T {
    let Ok(id) = ID.parse() else { unreachable!("the text is a UUID") };
    id
}

fn log() -> Arc<RunLog> {
    RunLog::new(id(), id(), ModelName::new("test/model").expect("a name"), "e".to_owned())
}

fn frames(events: Vec<RunEvent>) -> Vec<Value> {
    let log = log();
    let mut reader = log.attach(Some(&Resume { epoch: None, after: 0 }), Arc::new(Notify::new())).reader;
    log.append(events);
    let ReadResult::Events(entries) = reader.read() else { unreachable!("the log holds everything") };
    let read = |entry: &Arc<application::runs::LogEntry>| {
        let frame: Value = serde_json::from_slice(&run_event(&log, entry).json()).expect("a frame is JSON");
        assert_eq!(frame["type"], run_event_type(&entry.event));
        frame
    };
    entries.iter().map(read).collect()
}

#[test]
fn the_frames_of_a_run_have_the_shape_of_the_contract() {
    let usage = Usage { input_tokens: TokenCount(3), output_tokens: TokenCount(5), ..Usage::default() };
    let frames = frames(vec![
        RunEvent::Started { message_id: id(), model: ModelName::new("a/b").expect("a name") },
        RunEvent::PartStarted { index: 0, part: Part::text("") },
        RunEvent::Delta { part: 0, text: " token\u{2028}\"\n".to_owned() },
        RunEvent::PartEnded { index: 0 },
        RunEvent::Ended {
            status: RunStatus::Completed,
            finish_reason: Some(FinishReason::Stop),
            usage: Some(usage),
            failure: None,
        },
    ]);
    let channel = format!("run:{ID}");
    assert_eq!(
        Value::Array(frames),
        json!([
            {"type": "run.started", "channel": channel, "position": 1, "conversation_id": ID, "message_id": ID, "model": "a/b"},
            {"type": "part.started", "channel": channel, "position": 2, "part": 0, "content": {"kind": "text", "text": ""}},
            {"type": "delta", "channel": channel, "position": 3, "part": 0, "text": " token\u{2028}\"\n"},
            {"type": "part.ended", "channel": channel, "position": 4, "part": 0},
            {"type": "run.completed", "channel": channel, "position": 5, "finish_reason": "stop",
             "usage": {"input_tokens": 3, "output_tokens": 5}},
        ])
    );
}

#[test]
fn a_failed_run_says_why() {
    let failure = RunFailure { code: "provider_silent".to_owned(), detail: "Nothing came.".to_owned() };
    let ended = RunEvent::Ended {
        status: RunStatus::Failed,
        finish_reason: None,
        usage: None,
        failure: Some(failure),
    };
    assert_eq!(
        frames(vec![ended]),
        [json!({"type": "run.failed", "channel": format!("run:{ID}"), "position": 1, "finish_reason": null,
            "usage": null, "problem": {"type": "/problems/provider_silent", "detail": "Nothing came."}})]
    );
}

#[test]
fn a_frame_is_one_line_so_that_event_streams_can_carry_it() {
    let log = log();
    let parts = domain::Parts::from_text("one\r\ntwo\nthree\u{85}");
    let snapshot = application::runs::Snapshot::new(7, parts);
    let json = run_snapshot(&log, &snapshot).json();
    assert!(!json.iter().any(|byte| matches!(byte, b'\r' | b'\n')));
}

#[test]
fn every_frame_of_the_list_has_a_schema_and_its_name_once() {
    let mut names: Vec<_> = FRAMES.iter().map(|frame| (frame.direction as u8, frame.name)).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), FRAMES.len());
    let mut generator = SchemaGenerator::default();
    for frame in FRAMES {
        let schema = (frame.schema)(&mut generator);
        assert!(schema.as_value().is_object(), "{}", frame.name);
    }
}
