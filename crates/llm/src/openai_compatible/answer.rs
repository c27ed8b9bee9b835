//! A streamed answer: bytes in, steps out, with an eye on the clock and on the size.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use domain::ports::{CompletionEvent, ProviderError};
use futures_core::Stream;
use tokio::time::{Instant, Sleep};

use super::assembly::Assembly;
use super::failure::{Reporter, StatedError};
use super::wire::Answer;
use crate::sse::SseParser;

/// How long a provider may take to say the rest (the consumption, the end) once it has said why the model stopped.
const TAIL: Duration = Duration::from_secs(5);
/// How long the end of the body is waited for after `[DONE]`, so that the connection can be used again.
const GRACE: Duration = Duration::from_millis(20);
/// A token of a few bytes travels in a frame of some 200 to 300: how much larger the raw stream may be than the answer.
const FRAMING: usize = 64;

type Body = Pin<Box<dyn Stream<Item = reqwest::Result<Bytes>> + Send>>;

/// How long, and how large, an answer may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub first_token: Duration,
    pub idle: Duration,
    pub answer_bytes: usize,
    pub line_bytes: usize,
}

/// The steps of an answer as they arrive.
pub(super) struct AnswerStream {
    body: Body,
    parser: SseParser,
    assembly: Assembly,
    steps: VecDeque<CompletionEvent>,
    state: State,
    watchdog: Watchdog,
    bounds: Bounds,
    received: usize,
    has_events: bool,
    reporter: Arc<Reporter>,
}

enum State {
    Open,
    /// `[DONE]` was read.
    Done,
    /// The last step is known, and given after those before it.
    Ending(Result<CompletionEvent, ProviderError>),
    Over,
}

impl AnswerStream {
    /// `deadline` is when the first token must have arrived.
    pub fn new(body: Body, bounds: Bounds, deadline: Instant, reporter: Arc<Reporter>) -> Self {
        Self {
            body,
            parser: SseParser::new(bounds.line_bytes),
            assembly: Assembly::default(),
            steps: VecDeque::new(),
            state: State::Open,
            watchdog: Watchdog::new(deadline),
            bounds,
            received: 0,
            has_events: false,
            reporter,
        }
    }

    fn take(&mut self, bytes: &Bytes) {
        if matches!(self.state, State::Done) {
            return;
        }
        self.received = self.received.saturating_add(bytes.len());
        match self.read(bytes) {
            Ok(Reading::Done) => {
                self.state = State::Done;
                self.watchdog.wait(GRACE);
            }
            Ok(Reading::Progress) => self.watchdog.wait(self.patience()),
            Ok(Reading::Nothing) if self.watchdog.is_due() => self.out_of_time(),
            Ok(Reading::Nothing) => {}
            Err(error) => self.end_with(error),
        }
    }

    fn read(&mut self, bytes: &Bytes) -> Result<Reading, ProviderError> {
        let Self { parser, assembly, steps, bounds, reporter, .. } = self;
        let mut reading = Reading::Nothing;
        let mut failed = None;
        let fed = parser.feed(bytes, |event| {
            self.has_events = true;
            let data = event.data.trim();
            if data == "[DONE]" {
                reading = Reading::Done;
                return false;
            }
            if data.is_empty() {
                return true;
            }
            if event.kind == "error" {
                failed = Some(reporter.stated(&StatedError(data.to_owned())));
                return false;
            }
            let taken = match serde_json::from_str::<Answer<'_>>(data) {
                Ok(chunk) => assembly.take(&chunk, steps).map_err(|error| reporter.stated(&error)),
                Err(error) => Err(reporter.garbled(&format!("an event is no chunk of an answer: {error}"))),
            };
            reading = Reading::Progress;
            failed = taken.err();
            failed.is_none()
        });
        if let Some(error) = failed {
            return Err(error);
        }
        fed.map_err(|error| reporter.garbled(&error.to_string()))?;
        if assembly.length() > bounds.answer_bytes
            || self.received > bounds.answer_bytes.saturating_mul(FRAMING)
        {
            let limit = bounds.answer_bytes;
            return Err(reporter.garbled(&format!("the answer is larger than {limit} bytes")));
        }
        if reading == Reading::Progress && !assembly.has_begun() && !assembly.is_finished() {
            reading = Reading::Nothing;
        }
        Ok(reading)
    }

    /// How long the next piece may take.
    fn patience(&self) -> Duration {
        if self.assembly.is_finished() { self.bounds.idle.min(TAIL) } else { self.bounds.idle }
    }

    fn out_of_time(&mut self) {
        let after = if self.assembly.has_begun() { self.bounds.idle } else { self.bounds.first_token };
        self.end_with(ProviderError::Silent { after });
    }

    /// The body is over, in order or not.
    fn end_of_body(&mut self) {
        let is_noise = self.received > 0 && !self.has_events;
        self.end_with(if is_noise {
            self.reporter.garbled("there is no event in the stream")
        } else {
            ProviderError::Interrupted
        });
    }

    /// Ends the stream. Once the provider has said why the model stopped, the answer is whole whatever comes after.
    fn end_with(&mut self, error: ProviderError) {
        self.state = State::Ending(self.assembly.finished().ok_or(error));
    }
}

/// What a piece of the body brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// Comments, or half an event, or events before the first token.
    Nothing,
    /// Some of the answer.
    Progress,
    /// `[DONE]`.
    Done,
}

impl Stream for AnswerStream {
    type Item = Result<CompletionEvent, ProviderError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if let Some(step) = this.steps.pop_front() {
                return Poll::Ready(Some(Ok(step)));
            }
            match std::mem::replace(&mut this.state, State::Over) {
                State::Ending(last) => return Poll::Ready(Some(last)),
                State::Over => return Poll::Ready(None),
                state @ (State::Open | State::Done) => this.state = state,
            }
            match this.body.as_mut().poll_next(context) {
                Poll::Ready(Some(Ok(bytes))) => this.take(&bytes),
                Poll::Ready(Some(Err(error))) => {
                    tracing::debug!(error = %error.without_url(), "a streamed answer was cut");
                    this.received = 0;
                    this.end_of_body();
                }
                Poll::Ready(None) => this.end_of_body(),
                Poll::Pending if this.watchdog.poll(context).is_ready() => match this.state {
                    State::Done => this.end_of_body(),
                    _ => this.out_of_time(),
                },
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

/// A deadline that moves with every token. Moving it costs a store; the timer behind it is set anew only when it
/// goes off too early.
struct Watchdog {
    deadline: Instant,
    timer: Pin<Box<Sleep>>,
}

impl Watchdog {
    fn new(deadline: Instant) -> Self {
        Self { deadline, timer: Box::pin(tokio::time::sleep_until(deadline)) }
    }

    fn wait(&mut self, patience: Duration) {
        self.deadline = Instant::now() + patience;
        if self.deadline < self.timer.deadline() {
            self.timer.as_mut().reset(self.deadline);
        }
    }

    fn is_due(&self) -> bool {
        Instant::now() >= self.deadline
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while self.timer.as_mut().poll(context).is_ready() {
            if self.is_due() {
                return Poll::Ready(());
            }
            self.timer.as_mut().reset(self.deadline);
        }
        Poll::Pending
    }
}
