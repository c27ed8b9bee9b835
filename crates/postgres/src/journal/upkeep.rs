//! What comes with the events of a unit of work: the record that makes a repetition harmless, background work, usage.

use domain::{Expectation, IdempotencyRecord, Job, Timestamp, UsageEntry};
use storage::{amount, job_kind};

use super::batch::Expected;
use super::plan::Plan;
use crate::errors::{Outcome, rejected};
use crate::statement::values;

/// The advisory lock of whoever makes the first account: "first".
const FIRST_ACCOUNT: i64 = 0x66_6972_7374;

/// Makes sure that something holds.
pub(super) fn expect(plan: &mut Plan<'_>, expectation: Expectation) {
    match expectation {
        Expectation::NoAccountExists => {
            // Two at once would not see each other's account, so they take turns.
            plan.add("SELECT pg_advisory_xact_lock($1)", values![FIRST_ACCOUNT], Expected::Anything);
            plan.add("SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM users)", values![], Expected::Rows(1));
        }
    }
}

/// Stores a record, in the place of an expired one; a conflict when a valid one is there.
pub(super) fn remember<'a>(plan: &mut Plan<'a>, record: &'a IdempotencyRecord, at: Timestamp) {
    plan.add(
        "INSERT INTO idempotency_records AS r (
             workspace_id, user_id, operation, key, fingerprint, result, version, expires_at
         ) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (user_id, workspace_id, operation, key) DO UPDATE SET
             fingerprint = excluded.fingerprint, result = excluded.result, version = excluded.version,
             expires_at = excluded.expires_at
         WHERE r.expires_at <= $9",
        values![
            plan.workspace_id(),
            record.user_id,
            &record.operation,
            record.key.as_str(),
            record.fingerprint.as_slice(),
            &record.result,
            record.version,
            record.expires_at,
            at,
        ],
        Expected::Rows(1),
    );
}

/// Adds background work.
pub(super) fn enqueue(plan: &mut Plan<'_>, job: &Job) -> Outcome<()> {
    plan.check_workspace(job.workspace_id)?;
    let (kind, conversation_id) = job_kind(&job.kind);
    plan.add(
        "INSERT INTO jobs (id, workspace_id, kind, conversation_id, run_at, attempts) VALUES ($1, $2, $3, $4, $5, $6)",
        values![job.id, job.workspace_id, kind, conversation_id, job.run_at, job.attempts],
        Expected::Anything,
    );
    Ok(())
}

/// Adds usage to the ledger, which has one row for each person, model and day.
pub(super) fn record<'a>(plan: &mut Plan<'a>, entries: &'a [UsageEntry], at: Timestamp) -> Outcome<()> {
    for entry in entries {
        plan.add(
            "INSERT INTO usage AS u (
                 workspace_id, user_id, day, model, requests, input_tokens, output_tokens, cost_microusd
             ) VALUES ($1, $2, ($3 AT TIME ZONE 'UTC')::date, $4, $5, $6, $7, $8)
             ON CONFLICT (workspace_id, user_id, day, model) DO UPDATE SET
                 requests = u.requests + excluded.requests,
                 input_tokens = u.input_tokens + excluded.input_tokens,
                 output_tokens = u.output_tokens + excluded.output_tokens,
                 cost_microusd = u.cost_microusd + excluded.cost_microusd",
            values![
                plan.workspace_id(),
                entry.user_id,
                at,
                entry.model.as_str(),
                entry.requests,
                amount(entry.input_tokens).map_err(rejected)?,
                amount(entry.output_tokens).map_err(rejected)?,
                amount(entry.cost.micros()).map_err(rejected)?,
            ],
            Expected::Anything,
        );
    }
    Ok(())
}
