//! What the upstream does with a request.

use std::io::Write as _;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

/// What the upstream does with one request.
#[derive(Debug, Clone)]
pub struct Script {
    pub(super) hangs_before_the_head: bool,
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) refuses_stream_options: bool,
    pub(super) steps: Vec<Step>,
}

/// One step of an answer. In a streamed answer every step that sends something is one chunk of the HTTP body.
#[derive(Debug, Clone)]
pub enum Step {
    /// A piece of the text.
    Text(String),
    /// A piece of the thoughts, as `reasoning_content`.
    Reasoning(String),
    /// The beginning of a tool call.
    Call {
        /// The place of the call among the calls.
        index: u32,
        /// The call's identifier.
        id: String,
        /// The tool.
        name: String,
    },
    /// A fragment of a tool call's arguments.
    Arguments {
        /// The place of the call among the calls.
        index: u32,
        /// The fragment.
        text: String,
    },
    /// Why the model stopped.
    Finish(&'static str),
    /// The consumption, if the request asks for it.
    Usage(Value),
    /// The data of an event, as JSON.
    Event(Value),
    /// Bytes as they are. In an answer that comes as a whole they stand for all of the body.
    Bytes(Vec<u8>),
    /// `[DONE]`.
    Done,
    /// Waits until the test releases it.
    Gate,
    /// Waits.
    Pause(Duration),
    /// Says nothing more until the client goes.
    Hang,
    /// Ends the connection in order, in the middle of the answer.
    Cut,
    /// Ends the connection with a reset.
    Reset,
}

impl Script {
    /// Steps after a successful head.
    pub fn steps(steps: Vec<Step>) -> Self {
        Self {
            hangs_before_the_head: false,
            status: 200,
            headers: Vec::new(),
            refuses_stream_options: false,
            steps,
        }
    }

    /// Answers with these tokens, properly to the end.
    pub fn tokens<T: Into<String>>(tokens: impl IntoIterator<Item = T>) -> Self {
        let mut steps: Vec<Step> = tokens.into_iter().map(|token| Step::Text(token.into())).collect();
        let count = steps.len();
        steps.extend([Step::Finish("stop"), usage(7, count), Step::Done]);
        Self::steps(steps)
    }

    /// Answers with this text, a word a token, properly to the end.
    pub fn answer(text: &str) -> Self {
        Self::tokens(text.split_inclusive(' '))
    }

    /// Thinks, then answers.
    pub fn reasoning(thoughts: &str, text: &str) -> Self {
        let mut script = Self::answer(text);
        let thoughts = thoughts.split_inclusive(' ').map(|token| Step::Reasoning(token.to_owned()));
        script.steps.splice(0..0, thoughts);
        script
    }

    /// Asks for a tool, the arguments in fragments of a few bytes.
    pub fn tool_call(id: &str, name: &str, arguments: &str) -> Self {
        let call = Step::Call { index: 0, id: id.to_owned(), name: name.to_owned() };
        let characters: Vec<char> = arguments.chars().collect();
        let fragments =
            characters.chunks(3).map(|text| Step::Arguments { index: 0, text: text.iter().collect() });
        let end = [Step::Finish("tool_calls"), usage(7, 3), Step::Done];
        Self::steps([call].into_iter().chain(fragments).chain(end).collect())
    }

    /// Refuses or fails with a status and an error object.
    pub fn status(status: u16, message: &str) -> Self {
        let body = json!({"error": {"message": message, "type": "error", "code": null}});
        Self { status, ..Self::json(&body) }
    }

    /// Asks to be left alone for some seconds.
    pub fn rate_limited(retry_after_seconds: u64) -> Self {
        Self::status(429, "slow down").header("retry-after", &retry_after_seconds.to_string())
    }

    /// Answers with JSON as the whole body, whatever was asked for.
    pub fn json(body: &Value) -> Self {
        Self::steps(vec![Step::Bytes(body.to_string().into_bytes())])
            .header("content-type", "application/json")
    }

    /// Takes the request and never answers.
    pub fn no_head() -> Self {
        Self { hangs_before_the_head: true, ..Self::steps(Vec::new()) }
    }

    /// Sends the head and then nothing.
    pub fn silent() -> Self {
        Self::steps(vec![Step::Hang])
    }

    /// Sends these tokens and then nothing.
    pub fn silent_after(text: &str) -> Self {
        Self::begins(text, [Step::Hang])
    }

    /// Sends these tokens and closes the connection.
    pub fn cut_after(text: &str) -> Self {
        Self::begins(text, [Step::Cut])
    }

    /// Sends these tokens and resets the connection.
    pub fn reset_after(text: &str) -> Self {
        Self::begins(text, [Step::Reset])
    }

    /// Sends these tokens and then a line that is no JSON.
    pub fn garbage_after(text: &str) -> Self {
        Self::begins(text, [Step::Bytes(b"data: {\"choices\":[{\"del\x01 oops\n\n".to_vec()), Step::Hang])
    }

    /// Sends these tokens and then one line of that many bytes.
    pub fn huge_line_after(text: &str, bytes: usize) -> Self {
        let mut line = b"data: ".to_vec();
        line.resize(bytes, b'x');
        let pieces = line.chunks(64 * 1024).map(|piece| Step::Bytes(piece.to_vec()));
        Self::begins(text, pieces.chain([Step::Bytes(b"\n\n".to_vec()), Step::Hang]))
    }

    /// Sends these tokens and then an error event.
    pub fn error_after(text: &str, message: &str) -> Self {
        let error = json!({"error": {"message": message, "code": 502}});
        Self::begins(text, [Step::Event(error), Step::Done])
    }

    /// Answers properly, but ends without `[DONE]`.
    pub fn without_done(text: &str) -> Self {
        let mut script = Self::answer(text);
        script.steps.retain(|step| !matches!(step, Step::Done));
        script
    }

    /// Answers with a text, its bytes one by one: every character of more than one byte is split.
    pub fn split_bytes(text: &str) -> Self {
        let event = json!({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": null}]});
        let bytes = format!("data: {event}\n\n").into_bytes();
        let mut steps: Vec<Step> = bytes.into_iter().map(|byte| Step::Bytes(vec![byte])).collect();
        steps.extend([Step::Finish("stop"), usage(7, 1), Step::Done]);
        Self::steps(steps)
    }

    /// Answers with a token in which one byte is no UTF-8: `bad<FF>byte`.
    pub fn invalid_utf8() -> Self {
        let bytes =
            b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"bad\xFFbyte\"}}]}\n\n".to_vec();
        Self::steps(vec![Step::Bytes(bytes), Step::Finish("stop"), usage(7, 1), Step::Done])
    }

    /// Answers with a web page.
    pub fn web_page() -> Self {
        let page = b"<!doctype html><title>Sign in</title>".to_vec();
        Self::steps(vec![Step::Bytes(page)]).header("content-type", "text/html; charset=utf-8")
    }

    /// Claims that its answer is gzip, which it is not.
    pub fn false_gzip() -> Self {
        Self::answer("not compressed at all").header("content-encoding", "gzip")
    }

    /// Answers with a few kilobytes that decompress to that many bytes.
    ///
    /// # Panics
    /// Never: a buffer in memory takes every byte.
    pub fn gzip_bomb(bytes: usize) -> Self {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        let zeros = vec![b'0'; 64 * 1024];
        for _ in 0..bytes.div_ceil(zeros.len()) {
            encoder.write_all(&zeros).expect("a buffer in memory takes every byte");
        }
        let body = encoder.finish().expect("a buffer in memory takes every byte");
        Self::steps(vec![Step::Bytes(body)]).header("content-encoding", "gzip")
    }

    /// Answers properly, but refuses every request that has `stream_options`.
    pub fn without_stream_options(text: &str) -> Self {
        Self { refuses_stream_options: true, ..Self::answer(text) }
    }

    /// The same with one more header, or another value for one.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same, but every piece of the answer waits until the test releases it.
    #[must_use]
    pub fn gated(self) -> Self {
        self.before_every_piece(&Step::Gate)
    }

    /// The same, but every piece of the answer waits that long.
    #[must_use]
    pub fn paced(self, pause: Duration) -> Self {
        self.before_every_piece(&Step::Pause(pause))
    }

    /// What a model of this name does when a test has set nothing else: the faults go by their names, everything
    /// else says after the person what they said last.
    pub fn by_name(name: &str, said: &str) -> Self {
        match name {
            "no-head" => Self::no_head(),
            "silent" => Self::silent(),
            "silent-middle" => Self::silent_after("and then "),
            "rate-limited" => Self::rate_limited(1),
            "error-500" => Self::status(500, "it broke"),
            "error-503" => Self::status(503, "overloaded"),
            "refused" => Self::status(400, "this model does not like the request"),
            "garbage" => Self::garbage_after("and then "),
            "huge-line" => Self::huge_line_after("and then ", 8 * 1024 * 1024),
            "split-utf8" => Self::split_bytes("Grüße 🦀"),
            "invalid-utf8" => Self::invalid_utf8(),
            "no-done" => Self::without_done("all of it"),
            "cut" => Self::cut_after("and then "),
            "reset" => Self::reset_after("and then "),
            "stream-error" => Self::error_after("and then ", "it broke in the middle"),
            "web-page" => Self::web_page(),
            "false-gzip" => Self::false_gzip(),
            "gzip-bomb" => Self::gzip_bomb(32 * 1024 * 1024),
            "tools" => Self::tool_call("call_1", "weather", r#"{"city":"Zürich"}"#),
            "reasoning" => Self::reasoning("let me think ", "the answer"),
            "slow" => Self::answer(&format!("You said: {said}")).paced(Duration::from_millis(20)),
            "gated" => Self::answer(&format!("You said: {said}")).gated(),
            _ => Self::answer(&format!("You said: {said}")),
        }
    }

    fn begins(text: &str, rest: impl IntoIterator<Item = Step>) -> Self {
        let tokens = text.split_inclusive(' ').map(|token| Step::Text(token.to_owned()));
        Self::steps(tokens.chain(rest).collect())
    }

    fn before_every_piece(mut self, wait: &Step) -> Self {
        let is_piece =
            |step: &Step| matches!(step, Step::Text(_) | Step::Reasoning(_) | Step::Arguments { .. });
        self.steps = self
            .steps
            .into_iter()
            .flat_map(|step| is_piece(&step).then(|| wait.clone()).into_iter().chain([step]))
            .collect();
        self
    }
}

fn usage(input: usize, output: usize) -> Step {
    Step::Usage(json!({"prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output}))
}
