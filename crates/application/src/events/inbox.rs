//! The inbox of one connection: bounded, and honest about what did not fit.

use std::collections::VecDeque;
use std::sync::Arc;

use domain::ConversationId;
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::{EventChannel, Published};

/// How many events wait for a connection; what comes on top has to be read from the journal.
const CAPACITY: usize = 256;

/// The inbox of one connection. Delivering never waits.
pub struct Inbox {
    wake: Arc<Notify>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    deliveries: VecDeque<Delivery>,
    overflowed: bool,
    ended: bool,
    lost: Vec<ConversationId>,
    has_lost_any: bool,
}

/// One event for one channel.
#[derive(Clone)]
pub struct Delivery {
    /// The channel that was subscribed to.
    pub channel: EventChannel,
    /// The event.
    pub published: Arc<Published>,
}

/// What has arrived since the inbox was last emptied.
#[derive(Default)]
pub struct Mail {
    /// The events in their order.
    pub deliveries: VecDeque<Delivery>,
    /// Whether events were lost for want of room. The connection then reads the journal after its last positions.
    pub overflowed: bool,
    /// Whether the connection's credential is no longer accepted.
    pub ended: bool,
    /// Conversations of others that are no longer shown to whoever is connected. They come before the events.
    pub lost: Vec<ConversationId>,
}

impl Inbox {
    /// An empty inbox that notifies `wake` when something arrives.
    pub fn new(wake: Arc<Notify>) -> Arc<Self> {
        Arc::new(Self { wake, state: Mutex::default() })
    }

    /// Takes everything out.
    pub fn take(&self) -> Mail {
        let mut state = self.state.lock();
        let overflowed = std::mem::take(&mut state.overflowed);
        let lost = std::mem::take(&mut state.lost);
        Mail { deliveries: std::mem::take(&mut state.deliveries), overflowed, ended: state.ended, lost }
    }

    /// Takes out which conversations of others are no longer shown, and nothing else.
    pub fn take_lost(&self) -> Vec<ConversationId> {
        std::mem::take(&mut self.state.lock().lost)
    }

    /// Whether a conversation was ever lost, without taking anything out.
    pub fn has_lost_any(&self) -> bool {
        self.state.lock().has_lost_any
    }

    /// Whether the connection's credential is no longer accepted, without taking anything out.
    pub fn has_ended(&self) -> bool {
        self.state.lock().ended
    }

    pub(super) fn deliver(&self, delivery: Delivery) {
        let mut state = self.state.lock();
        if state.deliveries.len() < CAPACITY {
            state.deliveries.push_back(delivery);
        } else {
            state.deliveries.clear();
            state.overflowed = true;
        }
        drop(state);
        self.wake.notify_one();
    }

    /// Something may have escaped the connection.
    pub(super) fn overflow(&self) {
        let mut state = self.state.lock();
        state.deliveries.clear();
        state.overflowed = true;
        drop(state);
        self.wake.notify_one();
    }

    /// A conversation of somebody else is no longer shown to whoever is connected.
    pub(super) fn lose(&self, id: ConversationId) {
        let mut state = self.state.lock();
        if !state.lost.contains(&id) {
            state.lost.push(id);
        }
        state.has_lost_any = true;
        drop(state);
        self.wake.notify_one();
    }

    /// The connection's credential is no longer accepted.
    pub(crate) fn end(&self) {
        self.state.lock().ended = true;
        self.wake.notify_one();
    }
}
