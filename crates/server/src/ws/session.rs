//! Who is connected.

use std::sync::Arc;

use application::events::Inbox;
use application::identities::{GetMe, UserView};
use application::{Context, Services};
use domain::{IdempotencyKey, Permission, Timestamp};
use tokio::time::Instant;

use crate::context::authenticate_token;
use crate::problem::Problem;
use crate::request::RequestInfo;
use crate::state::State;
use crate::watch::Watch;

/// Somebody who has proved who they are.
pub struct Identity {
    /// Goes with every command and query.
    pub context: Context,
    /// The person; `None` where the credential may not read who that is.
    pub user: Option<Box<UserView>>,
}

impl Identity {
    /// The person behind a context.
    pub async fn of(state: &State, context: Context) -> Result<Self, Problem> {
        let user = if context.actor.may(Permission::Read) {
            Some(Box::new(state.bus.ask(&context, GetMe {}).await?.user))
        } else {
            None
        };
        Ok(Self { context, user })
    }

    /// The person behind a token that came in a frame.
    pub async fn of_token(state: &State, info: &RequestInfo, token: &str) -> Result<Self, Problem> {
        let context = authenticate_token(state, info, token).await?;
        Self::of(state, context).await
    }
}

/// An authenticated connection.
pub struct Session {
    identity: Identity,
    watch: Watch,
}

impl Session {
    /// Begins when somebody has proved who they are. The end of their credential arrives in the inbox.
    pub fn new(services: &Services, identity: Identity, inbox: &Arc<Inbox>) -> Self {
        let watch = Watch::new(services, &identity.context.actor, inbox);
        Self { identity, watch }
    }

    /// What goes with a query.
    pub const fn context(&self) -> &Context {
        &self.identity.context
    }

    /// What goes with a command; its frame's `id` names the attempt.
    pub fn command_context(&self, key: IdempotencyKey) -> Context {
        Context { idempotency_key: Some(key), ..self.identity.context.clone() }
    }

    /// Who is connected.
    pub fn user(&self) -> Option<&UserView> {
        self.identity.user.as_deref()
    }

    /// When the credential ends.
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.identity.context.actor.expires_at
    }

    /// The same on the clock of timers.
    pub const fn expires(&self) -> Option<Instant> {
        self.watch.expires()
    }

    /// Whether somebody is the same person in the same workspace.
    pub fn is_same_person(&self, other: &Identity) -> bool {
        let (mine, theirs) = (&self.identity.context.actor, &other.context.actor);
        mine.user_id == theirs.user_id && mine.workspace_id == theirs.workspace_id
    }
}
