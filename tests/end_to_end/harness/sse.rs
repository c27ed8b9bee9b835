//! A client of event streams.

use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use reqwest::RequestBuilder;
use serde_json::Value;

use super::DEADLINE;

/// An open event stream.
pub struct Events {
    /// The status code; only 200 brings events.
    pub status: u16,
    chunks: BoxStream<'static, reqwest::Result<Vec<u8>>>,
    buffer: Vec<u8>,
}

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub struct SseEvent {
    /// The `id:` field.
    pub id: String,
    /// The `event:` field.
    pub event: String,
    /// The `data:` field as it came.
    pub data: String,
}

impl SseEvent {
    /// The data as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.data).expect("JSON in an event")
    }
}

impl Events {
    /// Sends the request and begins to read.
    #[expect(clippy::disallowed_methods, reason = "this is the client of the tests, not a model provider's")]
    pub async fn open(request: RequestBuilder) -> Self {
        let response = request.send().await.expect("an answer");
        let status = response.status().as_u16();
        let chunks = response.bytes_stream().map(|chunk| chunk.map(|bytes| bytes.to_vec())).boxed();
        Self { status, chunks, buffer: Vec::new() }
    }

    /// The next event; comments are passed over. `None` at the end of the stream.
    pub async fn next(&mut self) -> Option<SseEvent> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\n\n") {
                let block: Vec<u8> = self.buffer.drain(..end + 2).collect();
                let block = String::from_utf8(block).expect("UTF-8 in an event stream");
                if let Some(event) = parse(&block) {
                    return Some(event);
                }
                continue;
            }
            let chunk = tokio::time::timeout(DEADLINE, self.chunks.next()).await.expect("an event in time");
            match chunk {
                Some(Ok(bytes)) => self.buffer.extend(bytes),
                Some(Err(_)) | None => return None,
            }
        }
    }

    /// All events until the stream ends.
    pub async fn rest(mut self) -> Vec<SseEvent> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await {
            events.push(event);
        }
        events
    }
}

fn parse(block: &str) -> Option<SseEvent> {
    let mut event = SseEvent { id: String::new(), event: String::new(), data: String::new() };
    for line in block.lines().filter(|line| !line.is_empty() && !line.starts_with(':')) {
        let (field, value) = line.split_once(": ").or_else(|| line.split_once(':'))?;
        match field {
            "id" => value.clone_into(&mut event.id),
            "event" => value.clone_into(&mut event.event),
            "data" => event.data.push_str(value),
            _ => {}
        }
    }
    (!event.data.is_empty()).then_some(event)
}
