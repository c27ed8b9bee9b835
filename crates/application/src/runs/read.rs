//! Reading and following runs.

use std::sync::Arc;

use async_trait::async_trait;
use domain::{Actor, ConversationId, Message, Permission, Run, RunId, RunStatus};
use validator::Validate;

use super::{Resume, RunLog, RunView};
use crate::bus::{Context, Query};
use crate::events::{EventOwner, Guest, Inbox};
use crate::{Error, Services, access};

/// One run.
#[derive(Debug, Clone, Validate)]
pub struct GetRun {
    /// Which one.
    pub run_id: RunId,
}

#[async_trait]
impl Query for GetRun {
    const NAME: &'static str = "run.get";
    const PERMISSION: Permission = Permission::Read;
    type Output = RunView;

    async fn answer(&self, services: &Services, context: &Context) -> Result<RunView, Error> {
        Ok(access::run(services, &context.actor, self.run_id).await?.0.into())
    }
}

/// Follows a run: live where this process has its log or can have a copy of it, from storage otherwise.
#[derive(Validate)]
pub struct FollowRun {
    /// Which run.
    pub run_id: RunId,
    /// Where the reader wants to go on. A copy that is not as far yet is waited for, but not for long.
    pub resume: Option<Resume>,
    /// Where the reader is told when the conversation is no longer shown to them; absent: nobody goes on reading.
    pub inbox: Option<Arc<Inbox>>,
}

/// A run that somebody follows.
pub struct Following {
    /// What there is to follow.
    pub followed: Followed,
    /// Whose conversation it is in.
    pub owner: EventOwner,
    /// Where that is somebody else: as long as it is held, the reader's inbox is told when they no longer see it.
    pub guest: Option<Guest>,
}

/// What there is to follow.
pub enum Followed {
    /// The run is going on, or was until recently.
    Live(Arc<RunLog>),
    /// There is no log, or it is not within reach; this is what was stored.
    Stored {
        /// The run.
        run: Box<Run>,
        /// The answer.
        message: Box<Message>,
    },
}

impl Followed {
    /// Whether the run is over, as far as this tells.
    pub fn is_over(&self) -> bool {
        match self {
            Self::Live(log) => log.is_over(),
            Self::Stored { run, .. } => run.status != RunStatus::Running,
        }
    }
}

#[async_trait]
impl Query for FollowRun {
    const NAME: &'static str = "run.follow";
    const PERMISSION: Permission = Permission::Read;
    type Output = Following;

    async fn answer(&self, services: &Services, context: &Context) -> Result<Following, Error> {
        let actor = &*context.actor;
        // The log is looked up first: were it forgotten after the run was read, nothing would be there to follow.
        let log = services.engine.log(self.run_id);
        let (run, sight) = access::run(services, actor, self.run_id).await?;
        let owner = EventOwner { workspace_id: run.workspace_id, user_id: sight.owner_id };
        let guests = &services.hub.guests;
        let guest =
            self.inbox.as_ref().and_then(|inbox| guests.admit(actor, run.conversation_id, sight, inbox));
        let followed = match log {
            Some(log) => Followed::Live(log),
            None => self.look_further(services, actor, run).await?,
        };
        Ok(Following { followed, owner, guest })
    }
}

impl FollowRun {
    /// What there is of a run whose log is not here.
    async fn look_further(
        &self,
        services: &Services,
        actor: &Actor,
        mut run: Run,
    ) -> Result<Followed, Error> {
        if let Some(log) = services.engine.mirror(&run, self.resume.as_ref()).await {
            return Ok(Followed::Live(log));
        }
        if run.status == RunStatus::Running && services.engine.has_mirrors() {
            // It may have ended while its log was looked for.
            run = access::run(services, actor, self.run_id).await?.0;
        }
        let message = services.ports.messages.get(run.workspace_id, run.message_id).await?;
        let message = message.ok_or_else(Error::not_found)?;
        Ok(Followed::Stored { run: Box::new(run), message: Box::new(message) })
    }
}

/// The runs that are going on in a conversation in other processes, oldest first; none where their logs cannot be had
/// here anyway.
#[derive(Debug, Clone, Validate)]
pub struct RunsElsewhere {
    /// Which conversation.
    pub conversation_id: ConversationId,
}

#[async_trait]
impl Query for RunsElsewhere {
    const NAME: &'static str = "run.elsewhere";
    const PERMISSION: Permission = Permission::Read;
    type Output = Vec<RunId>;

    async fn answer(&self, services: &Services, context: &Context) -> Result<Vec<RunId>, Error> {
        if !services.engine.has_mirrors() {
            return Ok(Vec::new());
        }
        access::sight(services, &context.actor, self.conversation_id).await?;
        let running = services.ports.runs.running(context.actor.workspace_id, self.conversation_id).await?;
        let elsewhere = running.into_iter().filter(|run| services.engine.log(run.id).is_none());
        Ok(elsewhere.map(|run| run.id).collect())
    }
}
