//! `run.cancel`

use async_trait::async_trait;
use domain::{Event, Permission, RunId, RunStatus};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::RunView;
use crate::access::Right;
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
        let (run, sight) = access::run(services, &context.actor, self.run_id).await?;
        if sight.through.is_some() {
            access::conversation(services, &context.actor, run.conversation_id, Right::Write).await?;
        }
        if run.status != RunStatus::Running {
            return Ok(Decision::unchanged(run.into()));
        }
        if services.engine.is_active(run.id) {
            return Ok(Decision::unchanged(run.into()).then(Effect::CancelRun(self.run_id)));
        }
        // Another process carries it out: it hears of the wish at once, or finds it when it renews its leases.
        let events = vec![Event::RunStopRequested(run.clone())];
        Ok(Decision::commit(services, context, events, run.into()))
    }
}
