//! Gathering deltas: many small ones become one before anybody is told.

use domain::{Part, PartDelta};

use super::RunEvent;

/// The most parts of one answer.
const MAX_PARTS: usize = 1_024;

/// Gathers the steps of a stream into events. Text for one part is joined; a new part closes the one before, unless that
/// is a tool call: those arrive interleaved.
#[derive(Default)]
pub struct Coalescer {
    pending: Vec<RunEvent>,
    open: Vec<usize>,
    parts: usize,
    bytes: usize,
}

impl Coalescer {
    /// Takes one step. NUL, which no database keeps in text, becomes U+FFFD. Steps for parts that never started, or
    /// beyond the most parts, are dropped.
    pub fn push(&mut self, delta: PartDelta) {
        match delta {
            PartDelta::Started(_) if self.parts == MAX_PARTS => {}
            PartDelta::Started(part) => self.start(part),
            PartDelta::Appended { text, .. } if text.is_empty() => {}
            PartDelta::Appended { part, text } if part < self.parts => {
                self.append(part, &text.replace('\0', "\u{FFFD}"));
            }
            PartDelta::Appended { .. } => {}
        }
    }

    /// Whether there is anything to tell.
    pub fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// How much text has come in, in bytes.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes what there is to tell.
    pub fn take(&mut self) -> Vec<RunEvent> {
        std::mem::take(&mut self.pending)
    }

    /// Takes what there is to tell, and closes every part.
    pub fn finish(&mut self) -> Vec<RunEvent> {
        let ends = self.open.drain(..).map(|index| RunEvent::PartEnded { index });
        self.pending.extend(ends);
        self.take()
    }

    fn start(&mut self, part: Part) {
        let part = without_nul(part);
        self.bytes += part.len();
        if !matches!(part, Part::ToolCall { .. }) {
            let ends = self.open.drain(..).map(|index| RunEvent::PartEnded { index });
            self.pending.extend(ends);
        }
        self.open.push(self.parts);
        self.pending.push(RunEvent::PartStarted { index: self.parts, part });
        self.parts += 1;
    }

    fn append(&mut self, part: usize, text: &str) {
        self.bytes += text.len();
        if let Some(RunEvent::Delta { part: last, text: joined }) = self.pending.last_mut()
            && *last == part
        {
            joined.push_str(text);
        } else {
            self.pending.push(RunEvent::Delta { part, text: text.to_owned() });
        }
    }
}

fn without_nul(part: Part) -> Part {
    let clean = |text: String| if text.contains('\0') { text.replace('\0', "\u{FFFD}") } else { text };
    match part {
        Part::Text { text } => Part::Text { text: clean(text) },
        Part::Reasoning { text } => Part::Reasoning { text: clean(text) },
        Part::ToolCall { id, name, arguments } => {
            Part::ToolCall { id: clean(id), name: clean(name), arguments: clean(arguments) }
        }
        Part::ToolResult { call_id, text } => Part::ToolResult { call_id: clean(call_id), text: clean(text) },
        Part::Image { url, media_type } => Part::Image { url: clean(url), media_type: media_type.map(clean) },
        Part::File { name, media_type, text } => {
            Part::File { name: clean(name), media_type: media_type.map(clean), text: text.map(clean) }
        }
        Part::Citation { url, title, quote } => {
            Part::Citation { url: clean(url), title: title.map(clean), quote: quote.map(clean) }
        }
        Part::Unsupported { description } => Part::Unsupported { description: clean(description) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started(part: Part) -> PartDelta {
        PartDelta::Started(part)
    }

    fn appended(part: usize, text: &str) -> PartDelta {
        PartDelta::Appended { part, text: text.to_owned() }
    }

    #[test]
    fn neighbouring_text_becomes_one_delta() {
        let mut coalescer = Coalescer::default();
        for delta in [started(Part::text("")), appended(0, "a"), appended(0, ""), appended(0, "b")] {
            coalescer.push(delta);
        }
        assert_eq!(
            coalescer.take(),
            [
                RunEvent::PartStarted { index: 0, part: Part::text("") },
                RunEvent::Delta { part: 0, text: "ab".to_owned() },
            ]
        );
        assert!(coalescer.is_empty());
        assert_eq!(coalescer.finish(), [RunEvent::PartEnded { index: 0 }]);
    }

    #[test]
    fn interleaved_tool_calls_stay_open_until_the_end() {
        let call =
            |id: &str| Part::ToolCall { id: id.to_owned(), name: "f".to_owned(), arguments: String::new() };
        let mut coalescer = Coalescer::default();
        for delta in
            [started(call("a")), started(call("b")), appended(0, "{"), appended(1, "["), appended(0, "}")]
        {
            coalescer.push(delta);
        }
        let events = coalescer.finish();
        assert_eq!(events.iter().filter(|event| matches!(event, RunEvent::PartEnded { .. })).count(), 2);
        let mut parts = domain::Parts::new();
        for event in &events {
            event.apply(&mut parts);
        }
        let arguments: Vec<usize> = parts.as_slice().iter().map(Part::len).collect();
        assert_eq!(arguments, [4, 3]);
    }

    #[test]
    fn what_no_database_keeps_is_replaced_and_what_never_started_is_dropped() {
        let mut coalescer = Coalescer::default();
        coalescer.push(appended(0, "lost"));
        coalescer.push(started(Part::text("\0")));
        coalescer.push(appended(0, "\0"));
        let mut parts = domain::Parts::new();
        for event in coalescer.take() {
            event.apply(&mut parts);
        }
        assert_eq!(parts.prose(), "\u{FFFD}\u{FFFD}");
    }
}
