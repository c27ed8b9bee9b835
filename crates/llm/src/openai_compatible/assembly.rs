//! From chunks to the steps of an answer: which part a piece belongs to, and when a new part begins.

use std::collections::VecDeque;

use domain::ports::CompletionEvent;
use domain::{FinishReason, Part, PartDelta, Usage};

use super::failure::StatedError;
use super::wire;
use super::wire::{Answer, Choice, Content, Delta, ToolCallDelta};

/// What is known of the answer so far.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    /// How many parts have begun.
    parts: usize,
    /// The kind of the last part, where it can go on.
    open: Option<Open>,
    calls: Vec<Call>,
    finish_reason: Option<FinishReason>,
    usage: Option<Usage>,
    /// The length of everything in the answer, in bytes.
    length: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Text,
    Reasoning,
}

/// A tool call that has begun.
#[derive(Debug)]
struct Call {
    index: Option<u32>,
    id: String,
    part: usize,
}

impl Assembly {
    /// Takes one chunk, and puts the steps that it makes into `steps`.
    pub fn take(
        &mut self,
        chunk: &Answer<'_>,
        steps: &mut VecDeque<CompletionEvent>,
    ) -> Result<(), StatedError> {
        if let Some(error) = chunk.error.filter(|error| error.get() != "null") {
            return Err(StatedError(error.get().to_owned()));
        }
        if let Some(usage) = chunk.usage.and_then(wire::usage) {
            self.usage = Some(usage);
        }
        for choice in chunk.choices.iter().filter(|choice| choice.index == 0) {
            self.choice(choice, steps)?;
        }
        Ok(())
    }

    /// Whether the provider said why the model stopped.
    pub const fn is_finished(&self) -> bool {
        self.finish_reason.is_some()
    }

    /// Whether anything of the answer has arrived.
    pub const fn has_begun(&self) -> bool {
        self.parts > 0
    }

    /// The length of the answer so far, in bytes.
    pub const fn length(&self) -> usize {
        self.length
    }

    /// The last step; `None` while the provider has not said that the answer is over.
    pub const fn finished(&self) -> Option<CompletionEvent> {
        match self.finish_reason {
            Some(finish_reason) => Some(CompletionEvent::Finished { finish_reason, usage: self.usage }),
            None => None,
        }
    }

    fn choice(
        &mut self,
        choice: &Choice<'_>,
        steps: &mut VecDeque<CompletionEvent>,
    ) -> Result<(), StatedError> {
        self.delta(&choice.delta, steps);
        match choice.finish_reason() {
            Some("error") => Err(StatedError("\"the model failed\"".to_owned())),
            Some(word) => {
                self.finish_reason = Some(wire::finish_reason(word));
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn delta(&mut self, delta: &Delta<'_>, steps: &mut VecDeque<CompletionEvent>) {
        // Some providers send the same thoughts under both names.
        let thoughts = delta.reasoning_content.as_ref().filter(|text| !text.as_str().is_empty());
        if let Some(text) = thoughts.or(delta.reasoning.as_ref()) {
            self.prose(Open::Reasoning, text.as_str(), steps);
        }
        match &delta.content {
            Some(Content::Text(text)) => self.prose(Open::Text, text, steps),
            Some(Content::Pieces(pieces)) => {
                for piece in pieces {
                    for thought in piece.thinking.iter().filter_map(|thought| thought.text.as_ref()) {
                        self.prose(Open::Reasoning, thought.as_str(), steps);
                    }
                    if let Some(text) = &piece.text {
                        self.prose(Open::Text, text.as_str(), steps);
                    }
                }
            }
            None => {}
        }
        if let Some(refusal) = &delta.refusal {
            self.prose(Open::Text, refusal.as_str(), steps);
        }
        for call in &delta.tool_calls {
            self.call(call, steps);
        }
    }

    fn prose(&mut self, kind: Open, text: &str, steps: &mut VecDeque<CompletionEvent>) {
        if text.is_empty() {
            return;
        }
        if self.open != Some(kind) {
            let part = match kind {
                Open::Text => Part::text(""),
                Open::Reasoning => Part::Reasoning { text: String::new() },
            };
            self.start(part, steps);
            self.open = Some(kind);
        }
        self.append(self.parts - 1, text, steps);
    }

    fn call(&mut self, delta: &ToolCallDelta<'_>, steps: &mut VecDeque<CompletionEvent>) {
        let name = delta.function.name.as_ref().map_or("", |name| name.as_str());
        let part = self.part_of(delta, name, steps);
        if let Some(arguments) = delta.function.arguments().filter(|text| !text.is_empty() && text != "null")
        {
            self.append(part, &arguments, steps);
        }
    }

    /// The part that a fragment of a call belongs to. A fragment is a new call when its index is new, and also when
    /// it has a name and another id than the call at its index: some providers number every call 0.
    fn part_of(
        &mut self,
        delta: &ToolCallDelta<'_>,
        name: &str,
        steps: &mut VecDeque<CompletionEvent>,
    ) -> usize {
        let id = delta.id.as_ref().map_or("", |id| id.as_str());
        let is_new_id = |call: &&Call| !id.is_empty() && !name.is_empty() && call.id != id;
        let known = match delta.index {
            Some(index) => self.calls.iter().rev().find(|call| call.index == Some(index)),
            None if !id.is_empty() => self.calls.iter().rev().find(|call| call.id == id),
            None if name.is_empty() => self.calls.last(),
            None => None,
        };
        if let Some(call) = known.filter(|call| !is_new_id(call)) {
            return call.part;
        }
        let id = if id.is_empty() { format!("call_{}", self.calls.len()) } else { id.to_owned() };
        let part = Part::ToolCall { id: id.clone(), name: name.to_owned(), arguments: String::new() };
        self.length += part.len();
        self.start(part, steps);
        self.open = None;
        self.calls.push(Call { index: delta.index, id, part: self.parts - 1 });
        self.parts - 1
    }

    fn start(&mut self, part: Part, steps: &mut VecDeque<CompletionEvent>) {
        self.parts += 1;
        steps.push_back(CompletionEvent::Delta(PartDelta::Started(part)));
    }

    fn append(&mut self, part: usize, text: &str, steps: &mut VecDeque<CompletionEvent>) {
        self.length += text.len();
        steps.push_back(CompletionEvent::Delta(PartDelta::Appended { part, text: text.to_owned() }));
    }
}

#[cfg(test)]
mod tests {
    use domain::{Money, Parts, TokenCount};

    use super::*;

    fn assemble(chunks: &[&str]) -> (Vec<Part>, Option<CompletionEvent>) {
        let mut assembly = Assembly::default();
        let mut steps = VecDeque::new();
        for chunk in chunks {
            let chunk: Answer<'_> =
                serde_json::from_str(chunk).expect("the chunk is JSON of the right shape");
            assembly.take(&chunk, &mut steps).expect("the chunk states no error");
        }
        let mut parts = Parts::new();
        for step in &steps {
            if let CompletionEvent::Delta(delta) = step {
                parts.apply(delta);
            }
        }
        (parts.as_slice().to_vec(), assembly.finished())
    }

    fn call(id: &str, name: &str, arguments: &str) -> Part {
        Part::ToolCall { id: id.to_owned(), name: name.to_owned(), arguments: arguments.to_owned() }
    }

    #[test]
    fn reasoning_and_text_become_parts_in_their_order() {
        let (parts, finished) = assemble(&[
            r#"{"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}"#,
            r#"{"choices":[{"index":0,"delta":{"reasoning_content":"Let"}}]}"#,
            r#"{"choices":[{"delta":{"reasoning":" me","content":null}}]}"#,
            r#"{"choices":[{"delta":{"content":"A\u00fc"}},{"index":1,"delta":{"content":"other"}}]}"#,
            r#"{"choices":[{"delta":{"content":"!"},"finish_reason":""}],"usage":null}"#,
            r#"{"choices":[{"delta":{},"finish_reason":"length"}]}"#,
        ]);
        assert_eq!(parts, [Part::Reasoning { text: "Let me".to_owned() }, Part::text("Aü!")]);
        assert_eq!(
            finished,
            Some(CompletionEvent::Finished { finish_reason: FinishReason::Length, usage: None })
        );
    }

    #[test]
    fn fragments_of_calls_find_their_call() {
        let (parts, _) = assemble(&[
            r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":""}}]}}]}"#,
            r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"x"}}]}}]}"#,
            r#"{"choices":[{"delta":{"tool_calls":[{"index":1,"id":"b","function":{"name":"g","arguments":"{}"}}]}}]}"#,
            r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"\":1}"}}]}}]}"#,
        ]);
        assert_eq!(parts, [call("a", "f", "{\"x\":1}"), call("b", "g", "{}")]);
    }

    #[test]
    fn calls_that_all_claim_index_zero_or_none_stay_apart() {
        let (parts, _) = assemble(&[
            r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]}}]}"#,
            r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"b","function":{"name":"f","arguments":"{}"}}]}}]}"#,
            r#"{"choices":[{"delta":{"tool_calls":[{"function":{"name":"g","arguments":{"x": 1}}}]}}]}"#,
        ]);
        assert_eq!(parts, [call("a", "f", "{}"), call("b", "f", "{}"), call("call_2", "g", "{\"x\": 1}")]);
    }

    #[test]
    fn listed_content_is_read() {
        let (parts, _) = assemble(&[
            r#"{"choices":[{"delta":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"Hm"}]}]}}]}"#,
            r#"{"choices":[{"delta":{"content":[{"type":"text","text":"Yes"}]}}]}"#,
        ]);
        assert_eq!(parts, [Part::Reasoning { text: "Hm".to_owned() }, Part::text("Yes")]);
    }

    #[test]
    fn consumption_is_read_with_its_details_and_its_price() {
        let (_, finished) = assemble(&[
            r#"{"choices":[{"finish_reason":"stop","delta":{}}]}"#,
            r#"{"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5,"cost":0.0000014,
               "prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":3}}}"#,
        ]);
        let usage = Usage {
            input_tokens: TokenCount(10),
            output_tokens: TokenCount(5),
            cached_input_tokens: Some(TokenCount(4)),
            reasoning_tokens: Some(TokenCount(3)),
            cost_microusd: Some(Money::from_micros(2)),
        };
        assert_eq!(
            finished,
            Some(CompletionEvent::Finished { finish_reason: FinishReason::Stop, usage: Some(usage) })
        );
    }
}
