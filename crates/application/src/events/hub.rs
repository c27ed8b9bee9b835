//! The hub: hands committed events to whoever subscribed, each person's in their order and without gaps.
//!
//! Where this process commits alone, it learns of every commit in order and passes it on. Where others commit too, the
//! hub keeps a [`Chain`] for each person and workspace somebody here listens to. A commit of this process that follows
//! what was delivered last is passed on as it is. Anything else, such as a commit or news of another process, has the hub
//! read the journal once for all listeners of the person in a workspace (`catch_up.rs`).

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, OnceLock, Weak};

use bytes::Bytes;
use domain::ports::{Committed, Conversations, Journal, Messages, Place, Position};
use domain::{Actor, ConversationId, Event, UnitOfWork, UserId, WorkspaceId};
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use super::catch_up::MOST_READINGS;
use super::chain::{Chain, Chains, Step};
use super::guests::{Guest, Guests};
use super::{Delivery, EventView, Inbox};
use crate::Ports;

/// Hands committed events to subscribers of this process.
pub struct EventHub {
    pub(super) state: Arc<Mutex<State>>,
    pub(super) journal: Arc<dyn Journal>,
    pub(super) conversations: Arc<dyn Conversations>,
    pub(super) messages: Arc<dyn Messages>,
    /// Those who see a conversation of somebody else.
    pub(crate) guests: Guests,
    /// Places for reading the journal.
    pub(super) readings: Semaphore,
    this: Weak<Self>,
    /// Where the journal is read.
    runtime: Handle,
}

#[derive(Default)]
pub(super) struct State {
    by_channel: HashMap<EventChannel, Vec<Arc<Inbox>>>,
    /// Of everybody whose events somebody subscribed to; empty where this process commits alone.
    pub(super) chains: Chains,
}

/// What can be subscribed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventChannel {
    /// Everything about one person's conversations and account, as far as it happens in one workspace.
    User(EventOwner),
    /// Everything about one conversation.
    Conversation(ConversationId),
}

/// Whose events they are: the account, or the owner of the conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EventOwner {
    /// The tenant.
    pub workspace_id: WorkspaceId,
    /// The person.
    pub user_id: UserId,
}

impl From<&Actor> for EventOwner {
    fn from(actor: &Actor) -> Self {
        Self { workspace_id: actor.workspace_id, user_id: actor.user_id }
    }
}

/// One committed event, shared by all its subscribers.
pub struct Published {
    /// Its place in the journal.
    pub position: Position,
    /// What people see of it.
    pub view: EventView,
    owner_id: UserId,
    for_user: OnceLock<Bytes>,
    for_conversation: OnceLock<Bytes>,
    for_guests: OnceLock<Bytes>,
}

impl Published {
    /// The event in a transport's form for one kind of channel, as somebody sees it; `encode` runs once a kind.
    pub fn encoded(
        &self,
        channel: EventChannel,
        reader_id: UserId,
        encode: impl FnOnce(&EventView) -> Bytes,
    ) -> Bytes {
        let encoded = match channel {
            EventChannel::User(_) => self.for_user.get_or_init(|| encode(&self.view)),
            EventChannel::Conversation(_) if reader_id == self.owner_id => {
                self.for_conversation.get_or_init(|| encode(&self.view))
            }
            EventChannel::Conversation(_) => {
                self.for_guests.get_or_init(|| encode(&self.view.clone().for_guests()))
            }
        };
        encoded.clone()
    }
}

/// A subscription; dropping it ends it.
pub struct Subscription {
    state: Arc<Mutex<State>>,
    owner: EventOwner,
    channel: EventChannel,
    inbox: Arc<Inbox>,
    /// Where the conversation is somebody else's: until when it is shown.
    pub(super) guest: Option<Guest>,
}

impl EventHub {
    /// A hub without subscribers, which reads the journal on the present tokio runtime where it has to.
    pub fn new(ports: &Ports) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            state: Arc::default(),
            journal: Arc::clone(&ports.journal),
            conversations: Arc::clone(&ports.conversations),
            messages: Arc::clone(&ports.messages),
            guests: Guests::default(),
            readings: Semaphore::new(MOST_READINGS),
            this: Weak::clone(this),
            runtime: Handle::current(),
        })
    }

    /// From now on, events of the channel arrive in the inbox. Where it is not known yet how far the person's events
    /// have been told, the inbox is said to have overflowed once that is found out: some may have slipped through.
    pub fn subscribe(&self, owner: EventOwner, channel: EventChannel, inbox: &Arc<Inbox>) -> Subscription {
        let subscription = self.register(owner, channel, inbox);
        if let Some(chain) = self.state.lock().chains.get_mut(owner)
            && !chain.is_known()
        {
            chain.unsure.push(Arc::clone(inbox));
            self.read(chain);
        }
        subscription
    }

    /// The same for a subscriber who reads the newest position afterwards, and before that tells it with
    /// [`EventHub::begin`] unless the hub [knows](EventHub::knows) it.
    pub(super) fn register(
        &self,
        owner: EventOwner,
        channel: EventChannel,
        inbox: &Arc<Inbox>,
    ) -> Subscription {
        let mut state = self.state.lock();
        state.by_channel.entry(channel).or_default().push(Arc::clone(inbox));
        if !self.journal.commits_alone() {
            state.chains.join(owner);
        }
        drop(state);
        Subscription { state: Arc::clone(&self.state), owner, channel, inbox: Arc::clone(inbox), guest: None }
    }

    /// Whether nothing that happens to a person in a workspace from now on can escape the hub.
    pub(super) fn knows(&self, owner: EventOwner) -> bool {
        self.state.lock().chains.get(owner).is_none_or(Chain::is_known)
    }

    /// Tells how far the journal was when somebody had subscribed already. Gives whether everything after that will be
    /// told: not so where somebody else has looked meanwhile, and found it further on.
    pub(super) fn begin(&self, owner: EventOwner, head: Position) -> bool {
        let mut state = self.state.lock();
        let Some(chain) = state.chains.get_mut(owner) else { return true };
        let begins_there = chain.last.is_none_or(|last| last <= head);
        chain.begin(head);
        if chain.is_behind() {
            self.read(chain);
        }
        begins_there
    }

    /// This process has committed a unit.
    pub fn committed(&self, unit: &UnitOfWork, committed: &Committed) {
        // Whoever no longer sees a conversation is told so before they would be told what happened next.
        self.guests.committed(&unit.events);
        let mut state = self.state.lock();
        if state.by_channel.is_empty() {
            return;
        }
        for (event, place) in unit.events.iter().zip(&committed.places) {
            let Some(Place { position, owner_id: Some(user_id), previous }) = *place else { continue };
            let owner = EventOwner { workspace_id: unit.workspace_id, user_id };
            let mut is_next = previous.is_none();
            if let Some(previous) = previous {
                for chain in state.chains.of(user_id) {
                    match chain.step(previous, position) {
                        Step::Next => is_next |= chain.owner == owner,
                        Step::Told => {}
                        Step::Missing => self.read(chain),
                    }
                }
            }
            if is_next {
                let view = || EventView::from_event(event, unit);
                state.deliver(owner, conversation_of(event), position, view);
            }
        }
    }

    /// Another process has committed facts of a person, up to a position.
    pub fn hear_of(&self, user_id: UserId, position: Position) {
        let mut state = self.state.lock();
        for chain in state.chains.of(user_id) {
            chain.newest = chain.newest.max(position);
            if chain.is_behind() {
                self.read(chain);
            }
        }
    }

    /// Everybody whose events somebody subscribed to, where others commit too.
    pub fn owners(&self) -> Vec<UserId> {
        self.state.lock().chains.people()
    }

    /// Has the journal read for a person in a workspace, unless somebody is at it.
    fn read(&self, chain: &mut Chain) {
        if !std::mem::replace(&mut chain.is_being_read, true) {
            self.runtime.spawn(Self::catch_up(Weak::clone(&self.this), chain.owner));
        }
    }
}

impl State {
    /// Whether somebody listens to events of a person in a workspace, or of one of their conversations.
    pub(super) fn has_listeners(&self, owner: EventOwner, conversation_id: Option<ConversationId>) -> bool {
        let of_conversation = conversation_id.map(EventChannel::Conversation);
        let mut channels = [Some(EventChannel::User(owner)), of_conversation].into_iter().flatten();
        channels.any(|channel| self.by_channel.contains_key(&channel))
    }

    /// Hands an event to those who listen; `view` runs if there are any.
    pub(super) fn deliver(
        &self,
        owner: EventOwner,
        conversation_id: Option<ConversationId>,
        position: Position,
        view: impl FnOnce() -> EventView,
    ) {
        if !self.has_listeners(owner, conversation_id) {
            return;
        }
        let published = Arc::new(Published {
            position,
            view: view(),
            owner_id: owner.user_id,
            for_user: OnceLock::new(),
            for_conversation: OnceLock::new(),
            for_guests: OnceLock::new(),
        });
        let of_conversation = conversation_id.map(EventChannel::Conversation);
        for channel in [Some(EventChannel::User(owner)), of_conversation].into_iter().flatten() {
            for inbox in self.by_channel.get(&channel).into_iter().flatten() {
                inbox.deliver(Delivery { channel, published: Arc::clone(&published) });
            }
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut state = self.state.lock();
        if let Entry::Occupied(mut inboxes) = state.by_channel.entry(self.channel) {
            if let Some(index) = inboxes.get().iter().position(|other| Arc::ptr_eq(other, &self.inbox)) {
                inboxes.get_mut().swap_remove(index);
            }
            if inboxes.get().is_empty() {
                inboxes.remove();
            }
        }
        state.chains.leave(self.owner);
    }
}

fn conversation_of(event: &Event) -> Option<ConversationId> {
    match event {
        Event::ConversationCreated(conversation)
        | Event::ConversationUpdated(conversation)
        | Event::ConversationDeleted(conversation) => Some(conversation.id),
        Event::MessagePosted(message) | Event::MessageEdited { message, .. } => Some(message.conversation_id),
        Event::MessageDeleted { conversation_id, .. }
        | Event::ConversationTagged { conversation_id, .. }
        | Event::ConversationUntagged { conversation_id, .. } => Some(*conversation_id),
        Event::RunStarted(run) | Event::RunStopRequested(run) | Event::RunEnded { run, .. } => {
            Some(run.conversation_id)
        }
        _ => None,
    }
}
