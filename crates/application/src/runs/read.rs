//! Reading and following runs.

use std::sync::Arc;

use async_trait::async_trait;
use domain::{Message, Permission, Run, RunId};
use validator::Validate;

use super::{RunLog, RunView};
use crate::bus::{Context, Query};
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
        access::run(services, &context.actor, self.run_id).await.map(Into::into)
    }
}

/// Follows a run: live where this process has its log, from storage otherwise.
#[derive(Debug, Clone, Validate)]
pub struct FollowRun {
    /// Which run.
    pub run_id: RunId,
}

/// What there is to follow.
pub enum Followed {
    /// The run is going on here, or was until recently.
    Live(Arc<RunLog>),
    /// The run is over and its log is gone; this is what was stored.
    Stored {
        /// The run.
        run: Box<Run>,
        /// The answer.
        message: Box<Message>,
    },
}

#[async_trait]
impl Query for FollowRun {
    const NAME: &'static str = "run.follow";
    const PERMISSION: Permission = Permission::Read;
    type Output = Followed;

    async fn answer(&self, services: &Services, context: &Context) -> Result<Followed, Error> {
        // The log is looked up first: were it forgotten after the run was read, nothing would be there to follow.
        let log = services.engine.log(self.run_id);
        let run = access::run(services, &context.actor, self.run_id).await?;
        if let Some(log) = log {
            return Ok(Followed::Live(log));
        }
        let message = services.ports.messages.get(run.workspace_id, run.message_id).await?;
        let message = message.ok_or_else(Error::not_found)?;
        Ok(Followed::Stored { run: Box::new(run), message: Box::new(message) })
    }
}
