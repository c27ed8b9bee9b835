//! `run.cancel`

use async_trait::async_trait;
use domain::{Permission, RunId, RunStatus};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::RunView;
use crate::bus::{Command, Context, Decision, Effect, Handler};
use crate::{Error, Services, access};

/// Stops a run. What has arrived of the answer is kept. Stopping a run that is over changes nothing.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CancelRun {
    /// Which run.
    pub run_id: RunId,
}

impl Command for CancelRun {
    const NAME: &'static str = "run.cancel";
    const PERMISSION: Permission = Permission::Write;
    type Output = RunView;
}

#[async_trait]
impl Handler for CancelRun {
    async fn handle(&self, services: &Services, context: &Context) -> Result<Decision<RunView>, Error> {
        let run = access::run(services, &context.actor, self.run_id).await?;
        let is_running = run.status == RunStatus::Running;
        let decision = Decision::unchanged(run.into());
        Ok(if is_running { decision.then(Effect::CancelRun(self.run_id)) } else { decision })
    }
}
