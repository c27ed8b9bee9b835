//! The journal as it grows.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use application::events::{Delivery, EventScope, ReadEvents, Subscribe, Subscribed, Subscription};
use application::{Code, Error};
use bytes::BytesMut;
use domain::ports::Position;

use super::event;
use super::stream::{Progress, Reader, Source, mail};
use crate::frames::{self, Channel};
use crate::problem::Problem;

/// How many events are read at a time.
const PAGE: u16 = 100;
/// A chunk above this many bytes goes out before more is gathered.
const CHUNK: usize = 64 * 1024;

/// Everything about one person's conversations and account.
pub struct JournalSource {
    position: Position,
    /// Whether the journal holds events that were not read yet.
    is_behind: bool,
    waiting: VecDeque<Delivery>,
    _subscription: Subscription,
}

impl JournalSource {
    /// What follows after a position; without one, what happens from now on.
    pub async fn open(reader: &Reader, after: Option<Position>) -> Result<Self, Problem> {
        let subscribe = Subscribe { scope: EventScope::Mine, inbox: Arc::clone(&reader.inbox) };
        let Subscribed { subscription, head } = reader.state.bus.ask(&reader.context, subscribe).await?;
        if after.is_some_and(|after| after > head) {
            let detail = "is beyond the newest position; load everything again, then follow from there";
            return Err(Error::invalid_field("/after", "unknown_position", detail).into());
        }
        if let Some(after) = after.filter(|after| *after < head) {
            // Refused at once where something after it is no longer kept.
            let query = ReadEvents { scope: EventScope::Mine, after: Some(after), limit: 1 };
            reader.state.bus.ask(&reader.context, query).await?;
        }
        let position = after.unwrap_or(head);
        Ok(Self {
            position,
            is_behind: position < head,
            waiting: VecDeque::new(),
            _subscription: subscription,
        })
    }

    /// Reads one page that was missed.
    async fn catch_up(&mut self, reader: &Reader, buffer: &mut BytesMut) -> Progress {
        let query = ReadEvents { scope: EventScope::Mine, after: Some(self.position), limit: PAGE };
        match reader.state.bus.ask(&reader.context, query).await {
            Ok(events) => {
                self.is_behind = events.len() == usize::from(PAGE);
                for recorded in &events {
                    self.position = recorded.position;
                    let frame = frames::recorded_event(Channel::User, recorded);
                    event::write(buffer, Some(recorded.position.0), "event", &frame.json());
                }
                let goes_on = self.is_behind || !self.waiting.is_empty();
                if goes_on { Progress::Again(Duration::ZERO) } else { Progress::Open }
            }
            Err(error)
                if matches!(
                    error.code(),
                    Code::Unauthenticated | Code::Forbidden | Code::Gone | Code::Internal
                ) =>
            {
                reader.write_problem(buffer, &error.into());
                Progress::Over
            }
            Err(error) => Progress::Again(error.problem().retry_after.unwrap_or(Duration::from_secs(1))),
        }
    }
}

impl Source for JournalSource {
    async fn fill(&mut self, reader: &Reader, buffer: &mut BytesMut) -> Progress {
        if self.waiting.is_empty() {
            let arrived = mail(reader);
            self.is_behind |= arrived.overflowed;
            self.waiting = arrived.deliveries;
        }
        if self.is_behind {
            // What waits is in the journal too; it is skipped by its position afterwards.
            return self.catch_up(reader, buffer).await;
        }
        while let Some(delivery) = self.waiting.pop_front() {
            let published = &delivery.published;
            if published.position <= self.position {
                continue;
            }
            self.position = published.position;
            let frame = frames::published_event(delivery.channel, reader.context.actor.user_id, published);
            event::write(buffer, Some(published.position.0), "event", &frame.json());
            if buffer.len() > CHUNK {
                return Progress::Again(Duration::ZERO);
            }
        }
        Progress::Open
    }
}
