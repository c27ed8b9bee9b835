//! An answer in steps: the text of `chat.completion.chunk` events. What all chunks of an answer share is written once.

use bytes::{BufMut as _, Bytes, BytesMut};
use domain::{FinishReason, Part, Usage};
use serde::Serialize;

use super::answer::{Head, UsageBody, finish_reason};
use super::error;
use crate::problem::Problem;

/// Writes the chunks of one answer.
pub struct Chunks {
    buffer: BytesMut,
    /// `data: {"id":…,"object":…,"created":…,"model":…,"choices":[`
    head: Bytes,
    /// Whether every chunk mentions usage, and one more tells it.
    includes_usage: bool,
    has_begun: bool,
    parts: Vec<Told>,
    calls: usize,
}

/// What was told of a part.
struct Told {
    kind: Kind,
    /// How much of its text, in bytes.
    bytes: usize,
}

#[derive(Clone, Copy)]
enum Kind {
    Text,
    Reasoning,
    /// The how manieth tool call it is.
    Call(usize),
    /// Nothing that has a place in a chunk.
    Other,
}

#[derive(Serialize)]
struct ChunkHead<'a> {
    id: &'a str,
    object: &'static str,
    created: i64,
    model: &'a str,
}

impl Chunks {
    /// Chunks for an answer that begins.
    pub fn new(head: &Head, includes_usage: bool) -> Self {
        let mut text = BytesMut::from(&b"data: "[..]);
        let shared = ChunkHead {
            id: &head.id,
            object: "chat.completion.chunk",
            created: head.created,
            model: &head.model,
        };
        write_json(&mut text, &shared);
        // The object goes on.
        text.truncate(text.len() - 1);
        text.put_slice(b",\"choices\":[");
        Self {
            buffer: BytesMut::new(),
            head: text.freeze(),
            includes_usage,
            has_begun: false,
            parts: Vec::new(),
            calls: 0,
        }
    }

    /// How many bytes were written since [`Chunks::take`].
    pub fn len(&self) -> usize {
        self.buffer.len()
    }

    /// Takes what was written.
    pub fn take(&mut self) -> Bytes {
        self.buffer.split().freeze()
    }

    /// The answer begins: the first chunk says who speaks.
    pub fn begin(&mut self) {
        if !std::mem::replace(&mut self.has_begun, true) {
            self.chunk(None, |buffer| buffer.put_slice(br#"{"role":"assistant","content":""}"#));
        }
    }

    /// A part begins.
    pub fn start(&mut self, part: &Part) {
        self.begin();
        let (kind, text) = match part {
            Part::Text { text } => (Kind::Text, text.as_str()),
            Part::Reasoning { text } => (Kind::Reasoning, text.as_str()),
            Part::ToolCall { id, name, arguments } => {
                let index = self.calls;
                self.calls += 1;
                self.parts.push(Told { kind: Kind::Call(index), bytes: arguments.len() });
                return self.chunk(None, |buffer| {
                    write_index(buffer, index);
                    buffer.put_slice(b",\"id\":");
                    write_json(buffer, id);
                    buffer.put_slice(b",\"type\":\"function\",\"function\":{\"name\":");
                    write_json(buffer, name);
                    buffer.put_slice(b",\"arguments\":");
                    write_json(buffer, arguments);
                    buffer.put_slice(b"}}]}");
                });
            }
            Part::ToolResult { .. }
            | Part::Image { .. }
            | Part::File { .. }
            | Part::Citation { .. }
            | Part::Unsupported { .. } => (Kind::Other, ""),
        };
        self.parts.push(Told { kind, bytes: 0 });
        self.append(self.parts.len() - 1, text);
    }

    /// More of a part.
    pub fn append(&mut self, part: usize, text: &str) {
        let Some(told) = self.parts.get_mut(part).filter(|_| !text.is_empty()) else { return };
        told.bytes += text.len();
        let field: &[u8] = match told.kind {
            Kind::Text => br#"{"content":"#,
            Kind::Reasoning => br#"{"reasoning_content":"#,
            Kind::Call(index) => {
                return self.chunk(None, |buffer| {
                    write_index(buffer, index);
                    buffer.put_slice(b",\"function\":{\"arguments\":");
                    write_json(buffer, text);
                    buffer.put_slice(b"}}]}");
                });
            }
            Kind::Other => return,
        };
        self.chunk(None, |buffer| {
            buffer.put_slice(field);
            write_json(buffer, text);
            buffer.put_u8(b'}');
        });
    }

    /// All of the answer so far: whatever of it was not told yet follows.
    pub fn catch_up(&mut self, parts: &[Part]) {
        for (index, part) in parts.iter().enumerate() {
            match self.parts.get(index) {
                None => self.start(part),
                Some(told) => {
                    let whole = match part {
                        Part::Text { text } | Part::Reasoning { text } => text,
                        Part::ToolCall { arguments, .. } => arguments,
                        _ => continue,
                    };
                    if let Some(rest) = whole.get(told.bytes..) {
                        self.append(index, rest);
                    }
                }
            }
        }
    }

    /// The answer is over.
    pub fn finish(&mut self, reason: FinishReason, usage: Option<Usage>) {
        self.begin();
        self.chunk(Some(finish_reason(reason)), |buffer| buffer.put_slice(b"{}"));
        if self.includes_usage {
            self.buffer.put_slice(&self.head);
            self.buffer.put_slice(b"],\"usage\":");
            write_json(&mut self.buffer, &UsageBody::from(usage.unwrap_or_default()));
            self.buffer.put_slice(b"}\n\n");
        }
        self.buffer.put_slice(b"data: [DONE]\n\n");
    }

    /// The answer broke off.
    pub fn fail(&mut self, problem: &Problem) {
        let (_, body) = error::convert(problem);
        self.buffer.put_slice(b"data: ");
        write_json(&mut self.buffer, &body);
        self.buffer.put_slice(b"\n\n");
    }

    fn chunk(&mut self, finish_reason: Option<&str>, delta: impl FnOnce(&mut BytesMut)) {
        self.buffer.put_slice(&self.head);
        self.buffer.put_slice(b"{\"index\":0,\"delta\":");
        delta(&mut self.buffer);
        self.buffer.put_slice(b",\"logprobs\":null,\"finish_reason\":");
        match finish_reason {
            None => self.buffer.put_slice(b"null}]"),
            Some(reason) => {
                write_json(&mut self.buffer, reason);
                self.buffer.put_slice(b"}]");
            }
        }
        self.buffer.put_slice(if self.includes_usage { b",\"usage\":null}\n\n" } else { b"}\n\n" });
    }
}

fn write_index(buffer: &mut BytesMut, index: usize) {
    buffer.put_slice(b"{\"tool_calls\":[{\"index\":");
    write_json(buffer, &index);
}

fn write_json(buffer: &mut BytesMut, value: &(impl Serialize + ?Sized)) {
    serde_json::to_writer(buffer.writer(), value)
        .expect("strings, numbers and structs of them, written into memory");
}

#[cfg(test)]
mod tests {
    use domain::TokenCount;
    use serde_json::{Value, json};

    use super::*;

    fn chunks(includes_usage: bool) -> Chunks {
        let head = Head { id: "chatcmpl-1".to_owned(), created: 5, model: "a/\"b".to_owned() };
        Chunks::new(&head, includes_usage)
    }

    fn events(chunks: &mut Chunks) -> Vec<Value> {
        let text = String::from_utf8(chunks.take().to_vec()).expect("chunks are text");
        let data =
            text.split_terminator("\n\n").map(|event| event.strip_prefix("data: ").expect("all is data"));
        data.filter(|data| *data != "[DONE]").map(|data| serde_json::from_str(data).expect("JSON")).collect()
    }

    fn deltas(chunks: &mut Chunks) -> Vec<Value> {
        events(chunks).into_iter().map(|mut event| event["choices"][0]["delta"].take()).collect()
    }

    #[test]
    fn a_streamed_answer_has_the_shape_that_libraries_read() {
        let mut chunks = chunks(true);
        chunks.start(&Part::text(""));
        chunks.append(0, "Hi \"you\"\n");
        let usage = Usage { input_tokens: TokenCount(3), output_tokens: TokenCount(4), ..Usage::default() };
        chunks.finish(FinishReason::Stop, Some(usage));
        assert!(chunks.buffer.ends_with(b"\n\ndata: [DONE]\n\n"));
        let head =
            json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 5, "model": "a/\"b"});
        let with = |fields: Value| {
            let mut whole = head.clone();
            for (name, value) in fields.as_object().expect("an object") {
                whole[name] = value.clone();
            }
            whole
        };
        let choice = |delta: Value, reason: Value| {
            with(
                json!({"choices": [{"index": 0, "delta": delta, "logprobs": null, "finish_reason": reason}], "usage": null}),
            )
        };
        assert_eq!(
            events(&mut chunks),
            [
                choice(json!({"role": "assistant", "content": ""}), Value::Null),
                choice(json!({"content": "Hi \"you\"\n"}), Value::Null),
                choice(json!({}), json!("stop")),
                with(
                    json!({"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}})
                ),
            ]
        );
    }

    #[test]
    fn reasoning_and_interleaved_tool_calls_have_their_deltas() {
        let mut chunks = chunks(false);
        let call =
            |id: &str| Part::ToolCall { id: id.to_owned(), name: "f".to_owned(), arguments: String::new() };
        chunks.start(&Part::Reasoning { text: "hm".to_owned() });
        chunks.start(&call("a"));
        chunks.start(&call("b"));
        chunks.append(2, "[");
        chunks.append(1, "{}");
        let function = |index: u32, arguments: &str| json!({"tool_calls": [{"index": index, "function": {"arguments": arguments}}]});
        let started = |index: u32, id: &str| json!({"tool_calls": [{"index": index, "id": id, "type": "function", "function": {"name": "f", "arguments": ""}}]});
        assert_eq!(
            deltas(&mut chunks)[1..],
            [
                json!({"reasoning_content": "hm"}),
                started(0, "a"),
                started(1, "b"),
                function(1, "["),
                function(0, "{}"),
            ]
        );
    }

    #[test]
    fn catching_up_tells_exactly_what_was_not_told() {
        let mut chunks = chunks(false);
        chunks.start(&Part::text("a"));
        chunks.append(0, "ü");
        chunks.take();
        chunks.catch_up(&[Part::text("aüb"), Part::text("c")]);
        assert_eq!(deltas(&mut chunks), [json!({"content": "b"}), json!({"content": "c"})]);
    }

    #[test]
    fn an_answer_that_breaks_off_ends_with_an_error_and_without_done() {
        let mut chunks = chunks(false);
        chunks.begin();
        chunks.take();
        chunks.fail(
            &application::Error::new(application::Code::Provider, "provider_interrupted", "It broke off.")
                .into(),
        );
        assert_eq!(
            events(&mut chunks),
            [
                json!({"error": {"message": "It broke off.", "type": "server_error", "param": null, "code": "provider_interrupted"}})
            ]
        );
    }
}
