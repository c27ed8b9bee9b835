//! Ending what a crash left behind.

use domain::{Credential, Event, Origin, Run, RunOutcome, UnitOfWork};

use crate::{Error, Services};

/// How many runs are looked at in one go.
const BATCH: u16 = 200;

/// Ends every run whose owner is gone as interrupted, with the text of its last checkpoint. Gives how many there were.
pub async fn recover_abandoned_runs(services: &Services) -> Result<usize, Error> {
    let mut recovered = 0;
    loop {
        let abandoned = services.ports.runs.abandoned(services.ports.clock.now(), BATCH).await?;
        let found = abandoned.len();
        let mut ended = 0;
        for run in abandoned.into_iter().filter(|run| !services.engine.is_active(run.id)) {
            ended += usize::from(interrupt(services, run).await?);
        }
        recovered += ended;
        if found < usize::from(BATCH) || ended == 0 {
            return Ok(recovered);
        }
    }
}

async fn interrupt(services: &Services, run: Run) -> Result<bool, Error> {
    let Some(message) = services.ports.messages.get(run.workspace_id, run.message_id).await? else {
        return Ok(false);
    };
    let at = services.ports.clock.now();
    let outcome = RunOutcome::Interrupted;
    let Ok(run) = run.end(&outcome, at) else { return Ok(false) };
    let message = message.end(message.parts.clone(), &outcome);
    let origin = Origin { user_id: None, credential: Credential::System, request_id: None };
    let unit = UnitOfWork::new(run.workspace_id, origin, at, vec![Event::RunEnded { run, message }]);
    match services.ports.journal.commit(unit).await {
        Ok(_) => Ok(true),
        // Somebody else was quicker: the run is over, which is all that is wanted.
        Err(domain::ports::StorageError::Conflict) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
