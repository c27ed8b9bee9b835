//! Channels of the journal: opening them, catching up, passing on what is committed.

use std::time::Duration;

use application::events::{EventChannel, EventView, RecordedEvent, RunReference};
use application::{Code, Error};
use domain::ports::Position;
use domain::{ConversationId, RunId, RunStatus};

use super::close::{CloseCode, End};
use super::connection::Connection;
use super::subscriptions::{Durable, Phase};
use super::work::{self, ChannelState, Opened, Opening, PAGE};
use crate::frames::{
    self, Channel, Encoded, JOURNAL_EPOCH, Snapshot, SnapshotState, Subscribed, SubscriptionRequest,
    Unsubscribed, position_of,
};

impl Connection {
    /// Begins a subscription to a channel of the journal.
    pub(super) fn subscribe_to_journal(
        &mut self,
        channel: Channel,
        reply_to: Option<String>,
        request: SubscriptionRequest,
    ) {
        let Some(session) = &self.session else { return };
        let ticket = self.subscriptions.ticket();
        let asked_after = request.after.and_then(|after| i64::try_from(after).ok()).unwrap_or_default();
        let durable = Durable {
            ticket,
            sent: Position(asked_after),
            phase: Phase::Opening,
            missed: false,
            delivery: None,
        };
        self.subscriptions.durable.insert(channel, durable);
        self.work.push(work::open(
            &self.state,
            session.context(),
            &self.inbox,
            channel,
            ticket,
            reply_to,
            request,
        ));
    }

    /// A channel is open, or cannot be.
    pub(super) fn opened(
        &mut self,
        channel: Channel,
        ticket: u64,
        reply_to: Option<String>,
        outcome: Result<Opened, Error>,
    ) -> Result<(), End> {
        let Some(durable) = self.subscriptions.durable(channel, ticket) else {
            self.send_superseded(reply_to.as_deref(), channel);
            return Ok(());
        };
        let asked_after = durable.sent;
        let to = reply_to.as_deref();
        let (outcome, elsewhere) = match outcome {
            Ok(Opened { opening, elsewhere, delivery }) => {
                durable.delivery = Some(delivery);
                (Ok(opening), elsewhere)
            }
            Err(error) => (Err(error), Vec::new()),
        };
        match outcome {
            Ok(Opening::Fresh(head)) => self.begin(channel, to, true, head),
            Ok(Opening::Recovered(events)) => {
                let missed: Vec<Encoded> =
                    events.iter().map(|event| frames::recorded_event(channel, event)).collect();
                let bytes: usize = missed.iter().map(|frame| frame.socket().len()).sum();
                if bytes > self.state.sockets.settings().queue_bytes {
                    self.reopen_with_snapshot(channel, ticket, reply_to);
                    return Ok(());
                }
                let last = events.last().map_or(asked_after, |event| event.position);
                self.begin(channel, to, true, last);
                for (event, frame) in events.iter().zip(&missed) {
                    self.push(frame);
                    self.note_recorded(channel, &event.view, Origin::Opening);
                }
            }
            Ok(Opening::Snapshot(head, channel_state)) => {
                self.begin(channel, to, false, head);
                self.send_snapshot(channel, head, &channel_state, &elsewhere);
            }
            Err(error) => {
                self.subscriptions.remove(channel);
                if self.required == Some(channel) {
                    return Err(End::because(CloseCode::Forbidden, error));
                }
                self.send_problem(to, Some(channel), &error.into(), None);
                return Ok(());
            }
        }
        if let Channel::Conversation(id) = channel {
            self.attach_running(id, &elsewhere);
        }
        self.pass_on_or_catch_up(channel);
        Ok(())
    }

    /// The channel begins at a position; what happens after it follows.
    fn begin(&mut self, channel: Channel, reply_to: Option<&str>, recovered: bool, position: Position) {
        if let Some(durable) = self.subscriptions.durable.get_mut(&channel) {
            durable.sent = position;
        }
        let position = position_of(position);
        self.send(&Subscribed { reply_to, channel, epoch: JOURNAL_EPOCH, recovered, position });
    }

    /// Sends the whole instead of a replay that would be larger.
    fn reopen_with_snapshot(&mut self, channel: Channel, ticket: u64, reply_to: Option<String>) {
        let Some(session) = &self.session else { return };
        // No journal reaches this position: nothing can be recovered from it.
        let request =
            SubscriptionRequest { channel: channel.to_string(), epoch: None, after: Some(u64::MAX) };
        let context = session.context();
        self.work.push(work::open(&self.state, context, &self.inbox, channel, ticket, reply_to, request));
    }

    fn send_snapshot(
        &self,
        channel: Channel,
        head: Position,
        channel_state: &ChannelState,
        elsewhere: &[RunId],
    ) {
        let runs: Vec<RunReference>;
        let state = match channel_state {
            ChannelState::User(conversations) => SnapshotState::User { conversations },
            ChannelState::Conversation(conversation) => {
                let here = self.state.services().engine.logs_of(conversation.id);
                let ids = here.iter().map(|log| log.run_id()).chain(elsewhere.iter().copied());
                runs = ids.map(|id| RunReference { id, status: RunStatus::Running }).collect();
                SnapshotState::Conversation { conversation, runs: &runs }
            }
        };
        self.send(&Snapshot { channel, epoch: JOURNAL_EPOCH, position: position_of(head), state });
    }

    /// Goes on: live where nothing was missed meanwhile, with another page of the journal otherwise.
    fn pass_on_or_catch_up(&mut self, channel: Channel) {
        let Some(durable) = self.subscriptions.durable.get_mut(&channel) else { return };
        if std::mem::take(&mut durable.missed) {
            self.catch_up(channel, Duration::ZERO);
        } else {
            durable.phase = Phase::Live;
        }
    }

    fn catch_up(&mut self, channel: Channel, pause: Duration) {
        let (Some(durable), Some(session)) = (self.subscriptions.durable.get_mut(&channel), &self.session)
        else {
            return;
        };
        durable.phase = Phase::CatchingUp;
        let (ticket, sent) = (durable.ticket, durable.sent);
        self.work.push(work::catch_up(&self.state, session.context(), channel, ticket, sent, pause));
    }

    /// A page of what was missed is there, or cannot be read now.
    pub(super) fn caught_up(
        &mut self,
        channel: Channel,
        ticket: u64,
        outcome: Result<Vec<RecordedEvent>, Error>,
    ) {
        let Some(durable) = self.subscriptions.durable(channel, ticket) else { return };
        match outcome {
            Ok(events) => {
                if let Some(last) = events.last() {
                    durable.sent = last.position;
                }
                durable.missed |= events.len() == usize::from(PAGE);
                for event in &events {
                    self.push(&frames::recorded_event(channel, event));
                    self.note_recorded(channel, &event.view, Origin::CatchingUp);
                }
                self.pass_on_or_catch_up(channel);
            }
            Err(error) if is_final(error.code()) => {
                self.subscriptions.remove(channel);
                self.send_problem(None, Some(channel), &error.into(), None);
            }
            Err(error) => {
                let pause = error.problem().retry_after.unwrap_or(Duration::from_secs(1));
                self.catch_up(channel, pause);
            }
        }
    }

    /// Tells what has happened, as far as there is room for it.
    pub(super) fn tell_news(&mut self) -> Result<(), End> {
        if !self.has_news && self.mail.is_empty() {
            return Ok(());
        }
        if self.inbox.has_ended() {
            return Err(End::unauthenticated(None));
        }
        self.lose(&self.inbox.take_lost());
        while self.out.has_room() {
            if let Some(delivery) = self.mail.pop_front() {
                self.deliver(&delivery);
                continue;
            }
            let arrived = self.inbox.take();
            self.lose(&arrived.lost);
            if arrived.overflowed {
                self.catch_up_everywhere();
            }
            if !arrived.deliveries.is_empty() {
                self.mail = arrived.deliveries;
                continue;
            }
            self.mail = std::collections::VecDeque::new();
            self.has_news = !self.read_runs();
            break;
        }
        Ok(())
    }

    /// Conversations of others are no longer shown: nothing more is told of them.
    fn lose(&mut self, conversations: &[ConversationId]) {
        for id in conversations {
            for channel in self.subscriptions.remove_all(*id) {
                self.send_problem(None, Some(channel), &Error::not_found().into(), None);
            }
        }
    }

    /// More has happened than the inbox holds: the journal has all of it.
    fn catch_up_everywhere(&mut self) {
        let channels: Vec<(Channel, Phase)> =
            self.subscriptions.durable.iter().map(|(channel, durable)| (*channel, durable.phase)).collect();
        for (channel, phase) in channels {
            if phase == Phase::Live {
                self.catch_up(channel, Duration::ZERO);
            } else if let Some(durable) = self.subscriptions.durable.get_mut(&channel) {
                durable.missed = true;
            }
        }
        self.look_for_ends();
    }

    /// Passes on one committed event.
    fn deliver(&mut self, delivery: &application::events::Delivery) {
        let published = &delivery.published;
        if let Some((run_id, ticket)) = self.subscriptions.waited_for(published) {
            self.look_again(run_id, ticket);
        }
        let channel = match delivery.channel {
            EventChannel::User(_) => Channel::User,
            EventChannel::Conversation(id) => Channel::Conversation(id),
        };
        let Some(session) = &self.session else { return };
        let reader_id = session.context().actor.user_id;
        let Some(durable) = self.subscriptions.durable.get_mut(&channel) else { return };
        if durable.phase != Phase::Live {
            durable.missed = true;
            return;
        }
        if published.position <= durable.sent {
            return;
        }
        durable.sent = published.position;
        self.push(&frames::published_event(delivery.channel, reader_id, published));
        if let Channel::Conversation(id) = channel {
            self.note_fact(id, &published.view, Origin::Live);
        }
    }

    fn note_recorded(&mut self, channel: Channel, view: &EventView, origin: Origin) {
        if let Channel::Conversation(id) = channel {
            self.note_fact(id, view, origin);
        }
    }

    /// What an event of a conversation means for the subscriptions: a run that started comes along, and a conversation
    /// that was deleted has nothing more to tell. A run that is over is told by the event that ended it, unless the
    /// client is live and has seen it start just now.
    fn note_fact(&mut self, id: ConversationId, view: &EventView, origin: Origin) {
        match view.kind.as_str() {
            "run.started" => {
                if let Some(run) = &view.run {
                    self.attach_started(id, run.id, origin);
                }
            }
            "conversation.deleted" => {
                let channel = Channel::Conversation(id);
                self.subscriptions.durable.remove(&channel);
                self.send(&Unsubscribed { reply_to: None, channel });
            }
            _ => {}
        }
    }
}

/// How a client came to be told of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// It happened before the channel was opened. What is going on then is attached with the channel.
    Opening,
    /// It was missed and is told late.
    CatchingUp,
    /// It happened just now.
    Live,
}

/// Whether another attempt would fail too: the channel, or the right to see it, is gone.
const fn is_final(code: Code) -> bool {
    matches!(
        code,
        Code::NotFound
            | Code::Gone
            | Code::Forbidden
            | Code::Unauthenticated
            | Code::InvalidInput
            | Code::Internal
    )
}
