//! What a run says, in the form in which it goes from process to process.

use domain::ports::{RelayEntry, RelayKind};

use super::RunEvent;
use super::log::Catchup;

/// What an entry says.
pub enum Told {
    /// One event.
    Event(RunEvent),
    /// Everything until its position.
    Catchup(Catchup),
}

/// An event as an entry.
pub fn event(epoch: &str, position: u64, event: &RunEvent) -> serde_json::Result<RelayEntry> {
    let payload = serde_json::to_vec(event)?;
    Ok(RelayEntry { position, epoch: epoch.to_owned(), kind: RelayKind::Event, payload })
}

/// Everything so far as an entry.
pub fn catchup(epoch: &str, catchup: &Catchup) -> serde_json::Result<RelayEntry> {
    let payload = serde_json::to_vec(catchup)?;
    let position = catchup.position;
    Ok(RelayEntry { position, epoch: epoch.to_owned(), kind: RelayKind::Snapshot, payload })
}

/// What an entry says; exactly what it was made from.
pub fn read(entry: &RelayEntry) -> serde_json::Result<Told> {
    Ok(match entry.kind {
        RelayKind::Event => Told::Event(serde_json::from_slice(&entry.payload)?),
        RelayKind::Snapshot => {
            let catchup: Catchup = serde_json::from_slice(&entry.payload)?;
            Told::Catchup(Catchup { position: entry.position, ..catchup })
        }
    })
}

#[cfg(test)]
mod tests {
    use domain::{FinishReason, Money, Part, Parts, RunFailure, RunStatus, TokenCount, Usage};
    use uuid::Uuid;

    use super::*;

    fn events() -> Vec<RunEvent> {
        let usage = Usage {
            input_tokens: TokenCount(u32::MAX),
            output_tokens: TokenCount(0),
            cached_input_tokens: Some(TokenCount(1)),
            reasoning_tokens: None,
            cost_microusd: Some(Money::ZERO),
        };
        let call = Part::ToolCall { id: String::new(), name: "f".to_owned(), arguments: "{\"".to_owned() };
        let image = Part::Image { url: "data:,".to_owned(), media_type: None };
        vec![
            RunEvent::Started {
                message_id: domain::MessageId::from_uuid(Uuid::max()),
                model: domain::ModelName::new("builtin/recall").expect("a name"),
            },
            RunEvent::PartStarted { index: 0, part: Part::text("") },
            RunEvent::Delta { part: 0, text: "\u{0}\"\\\u{2028}𝄞\u{FFFD}\r\n".to_owned() },
            RunEvent::PartEnded { index: 0 },
            RunEvent::PartStarted { index: 1, part: call },
            RunEvent::PartStarted { index: 2, part: image },
            RunEvent::Ended {
                status: RunStatus::Completed,
                finish_reason: Some(FinishReason::ToolCalls),
                usage: Some(usage),
                failure: None,
            },
            RunEvent::Ended {
                status: RunStatus::Failed,
                finish_reason: None,
                usage: None,
                failure: Some(RunFailure { code: "c".to_owned(), detail: "d".to_owned() }),
            },
        ]
    }

    #[test]
    fn events_are_restored_exactly() {
        for (position, said) in (1..).zip(events()) {
            let entry = event("epoch", position, &said).expect("it is written");
            assert_eq!((entry.position, entry.epoch.as_str()), (position, "epoch"));
            let Told::Event(heard) = read(&entry).expect("it is read") else { panic!("expected an event") };
            assert_eq!(heard, said);
        }
    }

    #[test]
    fn everything_so_far_is_restored_exactly() {
        let mut parts = Parts::new();
        for event in events() {
            event.apply(&mut parts);
        }
        let said = Catchup { position: 8, parts: parts.clone(), tail: events() };
        let Told::Catchup(heard) =
            catchup("epoch", &said).and_then(|entry| read(&entry)).expect("it is read")
        else {
            panic!("expected everything so far")
        };
        assert_eq!((heard.position, heard.parts, heard.tail), (8, parts, events()));
    }
}
