//! What a connection waits for, without ever standing still: each piece of work is a future whose result comes back to
//! the connection's loop.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use application::conversations::{ConversationView, GetConversation, ListConversations};
use application::events::{
    EventScope, Inbox, ReadEvents, RecordedEvent, Subscribe, Subscribed, Subscription,
};
use application::runs::{FollowRun, Following, Resume, RunsElsewhere};
use application::{Code, Context, Error, Reply};
use domain::RunId;
use domain::ports::Position;
use serde_json::Value;
use tracing::Instrument as _;

use super::session::Identity;
use crate::frames::{Channel, JOURNAL_EPOCH, SubscriptionRequest};
use crate::problem::Problem;
use crate::state::State;

/// How many events a client may have missed before it gets a snapshot instead.
const MOST_MISSED: u16 = 200;
/// How many events are read at a time to catch up.
pub const PAGE: u16 = 25;
/// How often a run is looked for that is going on, but of which nothing arrives here.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// Something that is being waited for.
pub type Work = Pin<Box<dyn Future<Output = Done>>>;

/// What came of it.
pub enum Done {
    /// Somebody has, or has not, proved who they are.
    Identified {
        /// The frame that brought the token.
        reply_to: Option<String>,
        /// What a `hello` wants to subscribe to.
        subscriptions: Vec<SubscriptionRequest>,
        /// Who.
        outcome: Result<Identity, Problem>,
    },
    /// A durable channel is open, or cannot be.
    Opened {
        /// The channel.
        channel: Channel,
        /// Of the subscription.
        ticket: u64,
        /// The frame that asked.
        reply_to: Option<String>,
        /// How it begins.
        outcome: Result<Opened, Error>,
    },
    /// A page of what a durable channel has missed.
    CaughtUp {
        /// The channel.
        channel: Channel,
        /// Of the subscription.
        ticket: u64,
        /// The page.
        outcome: Result<Vec<RecordedEvent>, Error>,
    },
    /// A run is there to follow, or not.
    Followed {
        /// The run.
        run_id: RunId,
        /// Of the subscription.
        ticket: u64,
        /// The frame that asked.
        reply_to: Option<String>,
        /// From where the client wants to go on.
        request: SubscriptionRequest,
        /// What there is.
        outcome: Result<Following, Error>,
    },
    /// It is time to look again for a run whose end is waited for: it may be live by now.
    LookAgain {
        /// The run.
        run_id: RunId,
        /// Of the subscription.
        ticket: u64,
    },
    /// A command was carried out, or not.
    Commanded {
        /// The command's `id`.
        id: String,
        /// Under which it was logged.
        trace_id: String,
        /// The answer; `None` when there is no command of that name.
        outcome: Option<Result<Reply, Error>>,
    },
}

/// How a durable channel begins.
pub enum Opening {
    /// From now on.
    Fresh(Position),
    /// With everything after the client's position.
    Recovered(Vec<RecordedEvent>),
    /// With what it amounts to.
    Snapshot(Position, ChannelState),
}

/// How a durable channel begins, with the runs of its conversation that are going on in other processes.
pub struct Opened {
    /// How it begins.
    pub opening: Opening,
    /// The runs, as of then or later.
    pub elsewhere: Vec<RunId>,
    /// Brings what follows.
    pub delivery: Subscription,
}

/// What a durable channel amounts to.
pub enum ChannelState {
    /// Of a person.
    User(Vec<ConversationView>),
    /// Of a conversation.
    Conversation(Box<ConversationView>),
}

/// Finds out who presents a token.
pub fn identify(
    state: &Arc<State>,
    info: &crate::request::RequestInfo,
    token: String,
    reply_to: Option<String>,
    subscriptions: Vec<SubscriptionRequest>,
) -> Work {
    let (state, info) = (Arc::clone(state), info.clone());
    Box::pin(async move {
        let outcome = Identity::of_token(&state, &info, &token).await;
        Done::Identified { reply_to, subscriptions, outcome }
    })
}

/// Opens a durable channel: what follows arrives in the inbox.
pub fn open(
    state: &Arc<State>,
    context: &Context,
    inbox: &Arc<Inbox>,
    channel: Channel,
    ticket: u64,
    reply_to: Option<String>,
    request: SubscriptionRequest,
) -> Work {
    let (state, context, inbox) = (Arc::clone(state), context.clone(), Arc::clone(inbox));
    Box::pin(async move {
        let outcome = opened(&state, &context, inbox, channel, &request).await;
        Done::Opened { channel, ticket, reply_to, outcome }
    })
}

async fn opened(
    state: &State,
    context: &Context,
    inbox: Arc<Inbox>,
    channel: Channel,
    request: &SubscriptionRequest,
) -> Result<Opened, Error> {
    // Subscribed first, then looked: nothing slips through in between.
    let subscribe = Subscribe { scope: scope_of(channel), inbox };
    let Subscribed { subscription: delivery, head } = state.bus.ask(context, subscribe).await?;
    let opening = opening(state, context, channel, head, request).await?;
    let elsewhere = match channel {
        Channel::Conversation(conversation_id) if state.services().engine.has_mirrors() => {
            state.bus.ask(context, RunsElsewhere { conversation_id }).await?
        }
        Channel::Conversation(_) | Channel::User | Channel::Run(_) => Vec::new(),
    };
    Ok(Opened { opening, elsewhere, delivery })
}

async fn opening(
    state: &State,
    context: &Context,
    channel: Channel,
    head: Position,
    request: &SubscriptionRequest,
) -> Result<Opening, Error> {
    let scope = scope_of(channel);
    let Some(after) = request.after else { return Ok(Opening::Fresh(head)) };
    let after = i64::try_from(after).map(Position).ok().filter(|after| *after <= head);
    let is_known = request.epoch.as_deref().is_none_or(|epoch| epoch == JOURNAL_EPOCH);
    match after.filter(|_| is_known) {
        Some(after) if after == head => return Ok(Opening::Recovered(Vec::new())),
        Some(after) => {
            let query = ReadEvents { scope, after: Some(after), limit: MOST_MISSED };
            match state.bus.ask(context, query).await {
                Ok(missed) if missed.len() < usize::from(MOST_MISSED) => {
                    return Ok(Opening::Recovered(missed));
                }
                Ok(_) => {}
                // Some of it is no longer kept.
                Err(error) if error.code() == Code::Gone => {}
                Err(error) => return Err(error),
            }
        }
        None => {}
    }
    // The state is read after the position: it is as of then or later, never earlier.
    let channel_state = match channel {
        Channel::Conversation(conversation_id) => {
            let conversation = state.bus.ask(context, GetConversation { conversation_id }).await?;
            ChannelState::Conversation(Box::new(conversation))
        }
        Channel::User | Channel::Run(_) => {
            ChannelState::User(state.bus.ask(context, ListConversations::default()).await?.items)
        }
    };
    Ok(Opening::Snapshot(head, channel_state))
}

/// Reads a page of what a durable channel has missed, after a pause.
pub fn catch_up(
    state: &Arc<State>,
    context: &Context,
    channel: Channel,
    ticket: u64,
    after: Position,
    pause: Duration,
) -> Work {
    let (state, context) = (Arc::clone(state), context.clone());
    Box::pin(async move {
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        let query = ReadEvents { scope: scope_of(channel), after: Some(after), limit: PAGE };
        Done::CaughtUp { channel, ticket, outcome: state.bus.ask(&context, query).await }
    })
}

/// Looks for a run to follow, from where the client wants to go on.
pub fn follow(
    state: &Arc<State>,
    context: &Context,
    inbox: &Arc<Inbox>,
    run_id: RunId,
    ticket: u64,
    reply_to: Option<String>,
    request: SubscriptionRequest,
) -> Work {
    let (state, context, inbox) = (Arc::clone(state), context.clone(), Arc::clone(inbox));
    Box::pin(async move {
        let follow = FollowRun { run_id, resume: resume(&request), inbox: Some(inbox) };
        let outcome = state.bus.ask(&context, follow).await;
        Done::Followed { run_id, ticket, reply_to, request, outcome }
    })
}

/// Where a client wants to go on. A position without its epoch says nothing, but for the beginning.
pub fn resume(request: &SubscriptionRequest) -> Option<Resume> {
    match (&request.epoch, request.after) {
        (Some(epoch), Some(after)) => Some(Resume { epoch: Some(epoch.clone()), after }),
        (_, None | Some(0)) => Some(Resume { epoch: None, after: 0 }),
        (None, Some(_)) => None,
    }
}

/// Lets some time pass before a run is looked for again.
pub fn look_again(run_id: RunId, ticket: u64) -> Work {
    Box::pin(async move {
        tokio::time::sleep(LOOK_AGAIN).await;
        Done::LookAgain { run_id, ticket }
    })
}

/// Carries out a command.
pub fn command(
    state: &Arc<State>,
    context: Context,
    name: String,
    parameters: Value,
    id: String,
    trace_id: String,
) -> Work {
    let state = Arc::clone(state);
    let span = tracing::info_span!("command", %trace_id);
    Box::pin(
        async move {
            let outcome = state.bus.dispatch(&context, &name, parameters).await;
            Done::Commanded { id, trace_id, outcome }
        }
        .instrument(span),
    )
}

/// The part of the journal that a durable channel shows. Runs have none; they are never asked about here.
const fn scope_of(channel: Channel) -> EventScope {
    match channel {
        Channel::Conversation(id) => EventScope::Conversation(id),
        Channel::User | Channel::Run(_) => EventScope::Mine,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_counts_only_with_its_epoch() {
        let request = |epoch: Option<&str>, after| SubscriptionRequest {
            channel: String::new(),
            epoch: epoch.map(ToOwned::to_owned),
            after,
        };
        let beginning = Some(Resume { epoch: None, after: 0 });
        assert_eq!(resume(&request(None, None)), beginning);
        assert_eq!(resume(&request(Some("e"), None)), beginning);
        assert_eq!(resume(&request(None, Some(0))), beginning);
        assert_eq!(resume(&request(None, Some(7))), None);
        assert_eq!(
            resume(&request(Some("e"), Some(7))),
            Some(Resume { epoch: Some("e".to_owned()), after: 7 })
        );
    }
}
