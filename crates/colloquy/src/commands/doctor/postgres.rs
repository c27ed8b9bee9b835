//! The database on a server: its schema, its second wall, its partitions, its clock.

use std::time::Duration;

use domain::Timestamp;
use domain::ports::Clock as _;
use postgres::{Inspection, Settings, inspect};

use super::Finding;
use crate::adapters::SystemClock;
use crate::failure::chain;

const SUBJECT: &str = "database";
/// How far the clocks of this machine and of the database may be apart: leases last six seconds.
const CLOCKS_APART: Duration = Duration::from_secs(1);
/// For so long there should be partitions ahead.
const AHEAD: Duration = Duration::from_hours(14 * 24);
/// A question that takes longer than this makes everything slow.
const SLOW: Duration = Duration::from_millis(20);

/// Looks at the server and the database; gives the moment of the newest fact as well.
pub async fn look(settings: &Settings) -> (Vec<Finding>, Option<Timestamp>) {
    match inspect(settings).await {
        Ok(inspection) => (judge(&inspection, SystemClock.now()), inspection.newest_fact),
        Err(error) => {
            let advice = "Correct that, then run this again.";
            (vec![Finding::bad(SUBJECT, chain(&error), advice)], None)
        }
    }
}

fn judge(inspection: &Inspection, now: Timestamp) -> Vec<Finding> {
    let mut findings =
        vec![reached(inspection), clocks(inspection.clock, now), schema(inspection), wall(inspection)];
    findings.extend(super::copy(inspection.unfinished_copy_of.as_deref()));
    if inspection.pending.is_empty() {
        findings.push(unchecked(inspection.unchecked));
        findings.extend(inspection.partitions.iter().map(|(table, until)| partition(table, *until, now)));
        if inspection.has_outliers {
            let state = "something lies outside of all partitions for months";
            let advice = "Let a server of this release run for some minutes: it makes the partitions that are missing.";
            findings.push(Finding::bad(SUBJECT, state, advice));
        }
    }
    findings
}

fn reached(inspection: &Inspection) -> Finding {
    let took = format!("{:.1} ms", inspection.latency.as_secs_f64() * 1000.0);
    let state = format!("answers in {took} (Postgres {})", inspection.engine);
    if inspection.latency > SLOW {
        return Finding::bad(SUBJECT, state, "Put the servers nearer to the database, or give it more room.");
    }
    Finding::good(SUBJECT, state)
}

fn clocks(there: Timestamp, here: Timestamp) -> Finding {
    let apart = Duration::from_micros(there.micros().abs_diff(here.micros()));
    let state = format!("its clock and the one of this machine are {:.1} s apart", apart.as_secs_f64());
    if apart > CLOCKS_APART {
        return Finding::bad(SUBJECT, state, "Let both follow the same time server.");
    }
    Finding::good(SUBJECT, state)
}

fn schema(inspection: &Inspection) -> Finding {
    match (inspection.pending.as_slice(), inspection.newer.as_slice()) {
        ([], []) => Finding::good(SUBJECT, "has the schema of this release"),
        ([], newer) => {
            let newer = newer.join(", ");
            Finding::good(SUBJECT, format!("has the newer schema {newer}, with which this release works"))
        }
        (pending, _) => Finding::bad(
            SUBJECT,
            format!("lacks the migrations {}", pending.join(", ")),
            "Run `colloquy migrate --check`, then `colloquy migrate`.",
        ),
    }
}

fn wall(inspection: &Inspection) -> Finding {
    if inspection.has_wall {
        return Finding::good(SUBJECT, "row-level security holds for this account");
    }
    Finding::bad(
        SUBJECT,
        "row-level security does not hold for this account, which is a superuser or may bypass it",
        "Connect as an ordinary user, or let somebody who may say: CREATE ROLE colloquy_app NOLOGIN; GRANT colloquy_app \
         TO that account.",
    )
}

fn unchecked(number: i64) -> Finding {
    match number {
        0 => Finding::good(SUBJECT, "every rule and every index is whole"),
        number => Finding::bad(
            SUBJECT,
            format!("{number} rules or indexes were not made to the end"),
            "Make them anew: ALTER TABLE … VALIDATE CONSTRAINT, REINDEX INDEX.",
        ),
    }
}

fn partition(table: &str, until: Timestamp, now: Timestamp) -> Finding {
    let state = format!("{table} has partitions until {until}");
    if until < now.plus(AHEAD) {
        let advice = "Let a server of this release run: it makes them ahead. If one runs, look into its log.";
        return Finding::bad(SUBJECT, state, advice);
    }
    Finding::good(SUBJECT, state)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_is_well_until_something_is_not() {
        let now = Timestamp::from_micros(1_795_000_000_000_000);
        let well = Inspection {
            engine: "17.2".to_owned(),
            latency: Duration::from_millis(1),
            pending: Vec::new(),
            unfinished_copy_of: None,
            newer: Vec::new(),
            has_wall: true,
            unchecked: 0,
            partitions: vec![("messages".to_owned(), now.plus(Duration::from_hours(24 * 60)))],
            has_outliers: false,
            clock: now.plus(Duration::from_millis(300)),
            newest_fact: None,
        };
        assert!(judge(&well, now).iter().all(|finding| !finding.is_bad()));
        let wrong = Inspection {
            latency: Duration::from_millis(50),
            has_wall: false,
            unchecked: 1,
            partitions: vec![("messages".to_owned(), now)],
            has_outliers: true,
            clock: now.plus(Duration::from_secs(5)),
            ..well.clone()
        };
        assert_eq!(judge(&wrong, now).iter().filter(|finding| finding.is_bad()).count(), 6);
        let begun = Inspection { unfinished_copy_of: Some("sqlite://a".to_owned()), ..well.clone() };
        assert_eq!(judge(&begun, now).iter().filter(|finding| finding.is_bad()).count(), 1);
        let behind = Inspection { pending: vec!["a".to_owned()], ..well };
        assert_eq!(judge(&behind, now).iter().filter(|finding| finding.is_bad()).count(), 1);
    }
}
