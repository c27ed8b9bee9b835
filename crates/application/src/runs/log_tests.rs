//! Promises of the run log, whatever a run says and however its readers come and go.

use std::sync::Arc;

use domain::{ConversationId, FinishReason, ModelName, Part, Parts, RunId, RunStatus};
use proptest::prelude::*;
use tokio::sync::Notify;

use super::{ReadResult, Resume, RunEvent, RunLog, RunReader};

/// A client: keeps the parts it was told, and checks that positions only grow.
#[derive(Debug, Default)]
pub struct Client {
    pub position: u64,
    pub parts: Parts,
    pub is_over: bool,
    /// Whether it was told to forget what it has.
    pub starts_anew: bool,
}

impl Client {
    /// Takes what there is; gives whether more may come.
    pub fn read(&mut self, reader: &mut RunReader) -> bool {
        match reader.read() {
            ReadResult::Snapshot(snapshot) => {
                assert!(self.starts_anew || snapshot.position >= self.position, "a snapshot went back");
                self.starts_anew = false;
                self.position = snapshot.position;
                self.parts = snapshot.parts.clone();
            }
            ReadResult::Events(entries) => {
                assert!(!self.starts_anew || entries.is_empty(), "a snapshot was announced");
                for entry in entries {
                    assert!(entry.position > self.position, "positions must grow");
                    self.position = entry.position;
                    entry.event.apply(&mut self.parts);
                    self.is_over = entry.event.is_terminal();
                }
            }
            ReadResult::Lost => return false,
        }
        true
    }
}

pub fn log() -> Arc<RunLog> {
    let uuid = "0192f000-0000-7000-8000-000000000000";
    let (Ok(run_id), Ok(conversation_id)) = (uuid.parse::<RunId>(), uuid.parse::<ConversationId>()) else {
        unreachable!("the text is a UUID")
    };
    let model = ModelName::new("test/model").expect("a name");
    RunLog::new(run_id, conversation_id, model, "epoch".to_owned())
}

pub fn end() -> RunEvent {
    let finish_reason = Some(FinishReason::Stop);
    RunEvent::Ended { status: RunStatus::Completed, finish_reason, usage: None, failure: None }
}

/// What a run may say: parts, and text for any of them; short and very long.
pub fn script() -> impl Strategy<Value = Vec<RunEvent>> {
    let long = (1_usize..40_000).prop_map(|length| "ä".repeat(length));
    let text = prop_oneof![8 => "[a-zé€𝄞]{0,8}", 1 => long];
    prop::collection::vec((any::<prop::sample::Index>(), prop::bool::weighted(0.1), text), 0..200).prop_map(
        |steps| {
            let mut parts = 1;
            let mut events = vec![RunEvent::PartStarted { index: 0, part: Part::text("") }];
            for (pick, starts, text) in steps {
                if starts {
                    events.push(RunEvent::PartStarted { index: parts, part: Part::text(text) });
                    parts += 1;
                } else {
                    events.push(RunEvent::Delta { part: pick.index(parts), text });
                }
            }
            events
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_reader_that_drops_and_resumes_anywhere_ends_with_the_same_text(
        events in script(),
        drops in prop::collection::vec(any::<bool>(), 200),
        reads in prop::collection::vec(any::<bool>(), 200),
    ) {
        let log = log();
        let mut expected = Parts::new();
        let mut client = Client::default();
        let mut attached = log.attach(None, Arc::new(Notify::new()));
        prop_assert!(!attached.recovered);
        for (index, event) in events.into_iter().enumerate() {
            event.apply(&mut expected);
            log.append([event]);
            if reads.get(index).copied().unwrap_or(true) {
                client.read(&mut attached.reader);
            }
            if drops.get(index).copied().unwrap_or(false) {
                let resume = Resume { epoch: Some("epoch".to_owned()), after: client.position };
                attached = log.attach(Some(&resume), Arc::new(Notify::new()));
            }
        }
        log.append([end()]);
        while !client.is_over {
            client.read(&mut attached.reader);
        }
        prop_assert!(attached.reader.is_finished());
        prop_assert_eq!(&client.parts, &expected);
        prop_assert_eq!(log.parts(), expected);
    }
}

#[test]
fn another_epoch_or_an_unknown_position_is_answered_with_a_snapshot() {
    let log = log();
    log.append([RunEvent::PartStarted { index: 0, part: Part::text("Hi") }]);
    for resume in [
        Resume { epoch: Some("other".to_owned()), after: 1 },
        Resume { epoch: Some("epoch".to_owned()), after: 2 },
    ] {
        let mut attached = log.attach(Some(&resume), Arc::new(Notify::new()));
        assert!(!attached.recovered);
        let ReadResult::Snapshot(snapshot) = attached.reader.read() else { panic!("expected a snapshot") };
        assert_eq!((snapshot.position, &snapshot.parts), (1, &Parts::from_text("Hi")));
    }
}

#[test]
fn the_end_always_follows_as_an_event_even_after_a_snapshot() {
    let log = log();
    log.append([RunEvent::PartStarted { index: 0, part: Part::text("Hi") }, end()]);
    let mut attached = log.attach(None, Arc::new(Notify::new()));
    assert!(matches!(attached.reader.read(), ReadResult::Snapshot(_)));
    let ReadResult::Events(entries) = attached.reader.read() else { panic!("expected the end") };
    assert_eq!(entries.iter().map(|entry| &entry.event).collect::<Vec<_>>(), [&end()]);
}

#[test]
fn what_is_appended_after_the_end_is_ignored() {
    let log = log();
    log.append([end(), RunEvent::PartStarted { index: 0, part: Part::text("late") }]);
    log.append([end()]);
    assert_eq!(log.parts(), Parts::new());
    assert_eq!(log.attach(None, Arc::new(Notify::new())).position, 1);
}

#[test]
fn a_frame_is_encoded_once_for_all_readers() {
    let log = log();
    log.append([RunEvent::PartStarted { index: 0, part: Part::text("Hi") }]);
    let resume = Resume { epoch: None, after: 0 };
    let mut times = 0;
    for _ in 0..3 {
        let mut attached = log.attach(Some(&resume), Arc::new(Notify::new()));
        let ReadResult::Events(entries) = attached.reader.read() else { panic!("expected events") };
        for entry in entries {
            entry.encoded(|_| {
                times += 1;
                bytes::Bytes::from_static(b"frame")
            });
        }
    }
    assert_eq!(times, 1);
}

#[test]
fn a_reader_that_is_gone_is_no_longer_woken() {
    let log = log();
    let wake = Arc::new(Notify::new());
    drop(log.attach(None, Arc::clone(&wake)));
    log.append([end()]);
    assert_eq!(Arc::strong_count(&wake), 1);
}

#[test]
fn readers_that_fell_behind_share_one_snapshot_until_the_log_has_moved_on() {
    let log = log();
    let mut readers: Vec<RunReader> =
        (0..3).map(|_| log.attach(None, Arc::new(Notify::new())).reader).collect();
    let much = |text: &str| RunEvent::Delta { part: 0, text: text.repeat(100_000) };
    log.append([RunEvent::PartStarted { index: 0, part: Part::text("") }, much("a")]);
    let snapshot = |reader: &mut RunReader| match reader.read() {
        ReadResult::Snapshot(snapshot) => snapshot,
        ReadResult::Events(_) | ReadResult::Lost => panic!("expected a snapshot"),
    };
    let first = snapshot(&mut readers[0]);
    log.append([much("b")]);
    let second = snapshot(&mut readers[1]);
    assert!(Arc::ptr_eq(&first, &second), "the log holds what came after it");
    assert!(matches!(readers[1].read(), ReadResult::Events(events) if events.len() == 1));
    log.append([much("c"), much("d"), much("e")]);
    let third = snapshot(&mut readers[2]);
    assert!(third.position > first.position);
    drop(readers);
    assert_eq!(Arc::strong_count(&third), 1, "without readers nobody keeps it");
}
