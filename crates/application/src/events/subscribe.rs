//! Subscribing to a part of the journal.

use std::sync::Arc;

use async_trait::async_trait;
use domain::Permission;
use domain::ports::{FactScope, Position};
use validator::Validate;

use super::{EventChannel, EventOwner, EventScope, Inbox, Subscription};
use crate::access::{Right, Sight};
use crate::bus::{Context, Query};
use crate::{Error, Services, access};

/// From now on, what happens arrives in an inbox, once the asker is known to see it.
#[derive(Validate)]
pub struct Subscribe {
    /// Which part.
    pub scope: EventScope,
    /// Where it is to arrive.
    pub inbox: Arc<Inbox>,
}

/// A subscription that has begun.
pub struct Subscribed {
    /// Ends it when it is dropped.
    pub subscription: Subscription,
    /// The newest position of the part when the subscription had begun: everything after it arrives.
    pub head: Position,
}

#[async_trait]
impl Query for Subscribe {
    const NAME: &'static str = "event.subscribe";
    const PERMISSION: Permission = Permission::Read;
    type Output = Subscribed;

    async fn answer(&self, services: &Services, context: &Context) -> Result<Subscribed, Error> {
        let actor = &*context.actor;
        let (hub, journal) = (&services.hub, &services.ports.journal);
        let (owner, channel, scope, guest) = match self.scope {
            EventScope::Mine => {
                let owner = EventOwner::from(actor);
                (owner, EventChannel::User(owner), FactScope::User(actor.user_id), None)
            }
            EventScope::Conversation(id) => {
                let conversation = access::conversation(services, actor, id, Right::Read).await?;
                let owner =
                    EventOwner { workspace_id: conversation.workspace_id, user_id: conversation.owner_id };
                let guest = hub.guests.admit(actor, id, Sight::of(actor, &conversation), &self.inbox);
                (owner, EventChannel::Conversation(id), FactScope::Conversation(id), guest)
            }
        };
        let mut subscription = hub.register(owner, channel, &self.inbox);
        subscription.guest = guest;
        if !hub.knows(owner) {
            let head = journal.head(owner.workspace_id, FactScope::User(owner.user_id)).await?;
            let begins_there = hub.begin(owner, head);
            if begins_there && scope == FactScope::User(owner.user_id) {
                return Ok(Subscribed { subscription, head });
            }
        }
        let head = journal.head(owner.workspace_id, scope).await?;
        Ok(Subscribed { subscription, head })
    }
}
