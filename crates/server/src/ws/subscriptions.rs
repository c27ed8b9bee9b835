//! What a connection is subscribed to.

use std::collections::HashMap;

use application::events::{Guest, Published, Subscription};
use application::runs::RunReader;
use domain::ports::Position;
use domain::{ConversationId, RunId};

use crate::frames::Channel;

/// What a connection is subscribed to.
#[derive(Default)]
pub struct Subscriptions {
    /// Channels of the journal.
    pub durable: HashMap<Channel, Durable>,
    /// Runs.
    pub runs: HashMap<RunId, RunSubscription>,
    tickets: u64,
}

/// A subscription to a channel of the journal.
pub struct Durable {
    /// Tells this subscription from an earlier one to the same channel.
    pub ticket: u64,
    /// The last position that the client was sent.
    pub sent: Position,
    /// How far it is.
    pub phase: Phase,
    /// Whether something arrived that was not sent, because the client is still being told what came before.
    pub missed: bool,
    /// Ends the delivery when it is dropped; `None` until it has begun.
    pub delivery: Option<Subscription>,
}

/// How far a durable subscription is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Nobody knows yet where it begins.
    Opening,
    /// What was missed is being read.
    CatchingUp,
    /// What arrives is passed on.
    Live,
}

/// A subscription to a run.
pub struct RunSubscription {
    /// Tells this subscription from an earlier one to the same run.
    pub ticket: u64,
    /// The conversation that brought it along.
    pub came_with: Option<ConversationId>,
    /// How far it is.
    pub phase: RunPhase,
    /// Of a run in a conversation of somebody else that did not come with it: until when it is shown.
    pub guest: Option<Guest>,
}

/// How far a subscription to a run is.
pub enum RunPhase {
    /// Nobody knows yet whether it is live.
    Opening {
        /// Whether the client is told of it even if it is over.
        even_if_over: bool,
    },
    /// What it says arrives here.
    Live(RunReader),
    /// What it says does not arrive here; its end comes through the journal.
    Waiting {
        /// To the events of its conversation.
        _delivery: Subscription,
        /// Whether the client has been told what there is.
        is_told: bool,
    },
}

impl Subscriptions {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.durable.len() + self.runs.len()
    }

    /// A ticket that no subscription has.
    pub const fn ticket(&mut self) -> u64 {
        self.tickets += 1;
        self.tickets
    }

    /// The durable subscription that a ticket was given to, if it is still there.
    pub fn durable(&mut self, channel: Channel, ticket: u64) -> Option<&mut Durable> {
        self.durable.get_mut(&channel).filter(|durable| durable.ticket == ticket)
    }

    /// The subscription to a run that a ticket was given to, if it is still there.
    pub fn run(&mut self, id: RunId, ticket: u64) -> Option<&mut RunSubscription> {
        self.runs.get_mut(&id).filter(|run| run.ticket == ticket)
    }

    /// Ends a subscription, for a conversation together with the runs that came with it. Gives whether there was one.
    pub fn remove(&mut self, channel: Channel) -> bool {
        match channel {
            Channel::Run(id) => self.runs.remove(&id).is_some(),
            Channel::Conversation(id) => {
                self.runs.retain(|_, run| run.came_with != Some(id));
                self.durable.remove(&channel).is_some()
            }
            Channel::User => self.durable.remove(&channel).is_some(),
        }
    }

    /// Ends everything about a conversation, and gives the channels that were there.
    pub fn remove_all(&mut self, id: ConversationId) -> Vec<Channel> {
        let is_about = |run: &RunSubscription| {
            run.came_with == Some(id) || run.guest.as_ref().is_some_and(|guest| guest.conversation_id() == id)
        };
        let of_conversation = Channel::Conversation(id);
        let mut removed: Vec<Channel> =
            self.durable.remove(&of_conversation).map(|_| of_conversation).into_iter().collect();
        removed.extend(self.runs.extract_if(|_, run| is_about(run)).map(|(id, _)| Channel::Run(id)));
        removed
    }

    /// The run whose end was waited for and that this event is about.
    pub fn waited_for(&self, published: &Published) -> Option<(RunId, u64)> {
        let id = published.view.run.as_ref()?.id;
        let run = self.runs.get(&id)?;
        matches!(run.phase, RunPhase::Waiting { .. }).then_some((id, run.ticket))
    }
}
