//! Ending what a process left behind that is gone.

use std::time::Duration;

use domain::{Event, Origin, Run, RunOutcome, UnitOfWork};
use parking_lot::Mutex;
use tokio::time::Instant;

use super::begin::LEASE;
use crate::{Error, Services};

/// How many runs are looked at in one go.
const BATCH: u16 = 200;
/// An answer of the database that takes longer, or a pause between two looks, means that this process or the database
/// stood still: other processes may not have been able to renew their leases either.
const SLOW_ANSWER: Duration = Duration::from_secs(3);
const LONG_PAUSE: Duration = Duration::from_secs(5);

/// Since when this process has been able to judge other processes' leases.
#[derive(Default)]
pub struct Recovery(Mutex<Option<Reach>>);

#[derive(Clone, Copy)]
struct Reach {
    since: Instant,
    last: Instant,
}

impl Recovery {
    /// Notes a look that was begun and answered at these moments, and gives whether the database has been within reach
    /// for as long as a lease: whoever lives has renewed theirs by then.
    fn note(&self, asked: Instant, answered: Instant) -> bool {
        let mut reach = self.0.lock();
        if answered - asked > SLOW_ANSWER {
            *reach = None;
            return false;
        }
        let since =
            reach.filter(|reach| asked - reach.last <= LONG_PAUSE).map_or(answered, |reach| reach.since);
        *reach = Some(Reach { since, last: answered });
        answered - since >= LEASE
    }

    fn lose_reach(&self) {
        *self.0.lock() = None;
    }
}

/// Ends every run whose owner is gone as interrupted, with the text of its last checkpoint. Gives how many there were.
/// Where other processes share the database, this one looks on for the length of a lease before it ends anything.
pub async fn recover_abandoned_runs(services: &Services) -> Result<usize, Error> {
    let asked = Instant::now();
    if let Err(error) = services.lease_clock.adjust().await {
        services.recovery.lose_reach();
        return Err(error.into());
    }
    let may_judge = services.recovery.note(asked, Instant::now());
    if !may_judge && !services.ports.journal.commits_alone() {
        return Ok(0);
    }
    let mut recovered = 0;
    loop {
        let abandoned = services.ports.runs.abandoned(services.lease_clock.now(), BATCH).await?;
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
    let origin = Origin::SYSTEM;
    let unit = UnitOfWork::new(run.workspace_id, origin, at, vec![Event::RunEnded { run, message }]);
    match services.ports.journal.commit(unit).await {
        Ok(_) => Ok(true),
        // Somebody else was quicker: the run is over, which is all that is wanted.
        Err(domain::ports::StorageError::Conflict) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leases_are_judged_by_who_has_seen_the_database_for_as_long_as_one() {
        let recovery = Recovery::default();
        let start = Instant::now();
        let look = |seconds: u64, takes: Duration| {
            let asked = start + Duration::from_secs(seconds);
            recovery.note(asked, asked + takes)
        };
        let quickly = Duration::ZERO;
        assert_eq!([0, 2, 4, 6].map(|second| look(second, quickly)), [false, false, false, true]);
        assert!(!look(8, Duration::from_secs(30)), "the database stood still");
        assert_eq!([40, 42, 44, 46].map(|second| look(second, quickly)), [false, false, false, true]);
        assert!(!look(80, quickly), "this process stood still");
        assert_eq!([82, 84, 86].map(|second| look(second, quickly)), [false, false, true]);
        recovery.lose_reach();
        assert!(!look(88, quickly), "the database was away");
    }
}
