//! The hub: learns of commits in their order and hands them to whoever subscribed.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use domain::ports::{CommitObserver, Committed, News, Place, Position};
use domain::{ApiKeyId, ConversationId, Event, SessionId, UnitOfWork, UserId};
use parking_lot::Mutex;

use super::{Delivery, EventView, Inbox};

/// Hands committed events to subscribers of this process.
#[derive(Default)]
pub struct EventHub {
    subscribers: Arc<Mutex<Subscribers>>,
}

#[derive(Default)]
struct Subscribers {
    by_channel: HashMap<EventChannel, Vec<Arc<Inbox>>>,
    by_credential: HashMap<CredentialKey, Vec<Arc<Inbox>>>,
}

/// What can be subscribed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventChannel {
    /// Everything about one person's conversations and account.
    User(UserId),
    /// Everything about one conversation.
    Conversation(ConversationId),
}

/// What an open connection depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CredentialKey {
    /// A session.
    Session(SessionId),
    /// An API key.
    ApiKey(ApiKeyId),
}

/// One committed event, shared by all its subscribers.
pub struct Published {
    /// Its place in the journal.
    pub position: Position,
    /// What people see of it.
    pub view: EventView,
    for_user: OnceLock<Bytes>,
    for_conversation: OnceLock<Bytes>,
}

impl Published {
    /// The event in a transport's form for one kind of channel; `encode` runs once a kind.
    pub fn encoded(&self, channel: EventChannel, encode: impl FnOnce(&Self) -> Bytes) -> Bytes {
        let cell = match channel {
            EventChannel::User(_) => &self.for_user,
            EventChannel::Conversation(_) => &self.for_conversation,
        };
        cell.get_or_init(|| encode(self)).clone()
    }
}

/// A subscription; dropping it ends it.
pub struct Subscription {
    subscribers: Arc<Mutex<Subscribers>>,
    key: SubscriptionKey,
    inbox: Arc<Inbox>,
}

#[derive(Clone, Copy)]
enum SubscriptionKey {
    Channel(EventChannel),
    Credential(CredentialKey),
}

impl EventHub {
    /// From now on, events of the channel arrive in the inbox.
    pub fn subscribe(&self, channel: EventChannel, inbox: &Arc<Inbox>) -> Subscription {
        self.subscribers.lock().by_channel.entry(channel).or_default().push(Arc::clone(inbox));
        self.subscription(SubscriptionKey::Channel(channel), inbox)
    }

    /// From now on, the end of the credential arrives in the inbox.
    pub fn watch_credential(&self, key: CredentialKey, inbox: &Arc<Inbox>) -> Subscription {
        self.subscribers.lock().by_credential.entry(key).or_default().push(Arc::clone(inbox));
        self.subscription(SubscriptionKey::Credential(key), inbox)
    }

    /// Tells everybody who depends on a credential that it is no longer accepted.
    pub fn end_credential(&self, key: CredentialKey) {
        for inbox in self.subscribers.lock().by_credential.get(&key).into_iter().flatten() {
            inbox.end();
        }
    }

    fn subscription(&self, key: SubscriptionKey, inbox: &Arc<Inbox>) -> Subscription {
        Subscription { subscribers: Arc::clone(&self.subscribers), key, inbox: Arc::clone(inbox) }
    }
}

impl CommitObserver for EventHub {
    fn committed(&self, unit: &Arc<UnitOfWork>, committed: &Committed) {
        let subscribers = self.subscribers.lock();
        if subscribers.by_channel.is_empty() {
            return;
        }
        let owner = owner_of(unit);
        for (event, place) in unit.events.iter().zip(&committed.places) {
            let Some(Place { position, .. }) = *place else { continue };
            let by_conversation = conversation_of(event).map(EventChannel::Conversation);
            let channels = [owner.map(EventChannel::User), by_conversation];
            let interested = |channel: &EventChannel| {
                subscribers.by_channel.get(channel).map(|inboxes| (*channel, inboxes))
            };
            let mut published = None;
            for (channel, inboxes) in channels.iter().flatten().filter_map(interested) {
                let published = published.get_or_insert_with(|| {
                    Arc::new(Published {
                        position,
                        view: EventView::from_event(event, unit),
                        for_user: OnceLock::new(),
                        for_conversation: OnceLock::new(),
                    })
                });
                for inbox in inboxes {
                    inbox.deliver(Delivery { channel, published: Arc::clone(published) });
                }
            }
        }
    }

    fn news(&self, _: News) {}
}

impl Drop for Subscription {
    fn drop(&mut self) {
        fn remove<K: std::hash::Hash + Eq>(
            map: &mut HashMap<K, Vec<Arc<Inbox>>>,
            key: &K,
            inbox: &Arc<Inbox>,
        ) {
            if let Some(inboxes) = map.get_mut(key) {
                if let Some(index) = inboxes.iter().position(|other| Arc::ptr_eq(other, inbox)) {
                    inboxes.swap_remove(index);
                }
                if inboxes.is_empty() {
                    map.remove(key);
                }
            }
        }
        let mut subscribers = self.subscribers.lock();
        match self.key {
            SubscriptionKey::Channel(channel) => remove(&mut subscribers.by_channel, &channel, &self.inbox),
            SubscriptionKey::Credential(key) => remove(&mut subscribers.by_credential, &key, &self.inbox),
        }
    }
}

/// Whose conversation a unit is about: its conversation says so, else its run, else it is the one who caused it.
fn owner_of(unit: &UnitOfWork) -> Option<UserId> {
    let stated = unit.events.iter().find_map(|event| match event {
        Event::ConversationCreated(conversation)
        | Event::ConversationUpdated(conversation)
        | Event::ConversationDeleted(conversation) => Some(conversation.owner_id),
        Event::RunStarted(run) | Event::RunStopRequested(run) | Event::RunEnded { run, .. } => {
            Some(run.user_id)
        }
        _ => None,
    });
    stated.or(unit.origin.user_id)
}

fn conversation_of(event: &Event) -> Option<ConversationId> {
    match event {
        Event::ConversationCreated(conversation)
        | Event::ConversationUpdated(conversation)
        | Event::ConversationDeleted(conversation) => Some(conversation.id),
        Event::MessagePosted(message) | Event::MessageEdited { message, .. } => Some(message.conversation_id),
        Event::MessageDeleted { conversation_id, .. } => Some(*conversation_id),
        Event::RunStarted(run) | Event::RunStopRequested(run) | Event::RunEnded { run, .. } => {
            Some(run.conversation_id)
        }
        _ => None,
    }
}
