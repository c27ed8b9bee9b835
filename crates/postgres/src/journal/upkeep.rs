//! What comes with the events of a unit of work: the record that makes a repetition harmless, background work, usage.

use domain::{Expectation, IdempotencyRecord, Job, Timestamp, UsageEntry};
use storage::{amount, job_kind, month, rules};
use uuid::Uuid;

use super::batch::Expected;
use super::plan::Plan;
use crate::errors::{Outcome, rejected};
use crate::statement::{ids, values};

/// The advisory lock of whoever makes the first account: "first".
const FIRST_ACCOUNT: i64 = 0x66_6972_7374;

/// Sees to it that what is expected cannot come about or go away beside this unit, and looks at what must hold before it.
pub(super) fn prepare(plan: &mut Plan<'_>, expected: &[Expectation]) {
    // Of two owners who make each other go, the second has to see what the first did. All units lock in one order.
    let owned = expected.iter().filter_map(|expectation| match expectation {
        Expectation::AnOwnerRemains => Some(plan.workspace_id().uuid()),
        Expectation::OthersHaveAnOwner { workspace_id, .. } => Some(workspace_id.uuid()),
        Expectation::NoAccountExists | Expectation::AccountUnchanged { .. } => None,
    });
    let owned: Vec<Uuid> = owned.collect();
    if !owned.is_empty() {
        let sql = "SELECT 1 FROM workspaces WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE";
        plan.add_values(sql, vec![ids(owned)], Expected::Anything);
    }
    for expectation in expected {
        prepare_one(plan, *expectation);
    }
}

fn prepare_one(plan: &mut Plan<'_>, expectation: Expectation) {
    match expectation {
        Expectation::NoAccountExists => {
            // Two at once would not see each other's account, so they take turns.
            plan.add("SELECT pg_advisory_xact_lock($1)", values![FIRST_ACCOUNT], Expected::Anything);
            plan.add("SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM users)", values![], Expected::Rows(1));
        }
        Expectation::AccountUnchanged { user_id, version } => {
            // Whoever changes it meanwhile waits until this unit is over, and sees what it has left.
            plan.add(
                "SELECT 1 FROM users WHERE id = $1 AND version = $2 FOR SHARE",
                values![user_id, version],
                Expected::Rows(1),
            );
        }
        Expectation::AnOwnerRemains | Expectation::OthersHaveAnOwner { .. } => {}
    }
}

/// Looks at what must hold once everything is written.
pub(super) fn expect(plan: &mut Plan<'_>, expectation: Expectation) {
    match expectation {
        Expectation::NoAccountExists | Expectation::AccountUnchanged { .. } => {}
        Expectation::OthersHaveAnOwner { workspace_id, besides } => {
            plan.add(
                "SELECT 1 WHERE EXISTS (
                     SELECT 1 FROM memberships m JOIN users u ON u.id = m.user_id
                     WHERE m.workspace_id = $1 AND m.role = 'owner' AND u.state = 'active'
                 ) OR NOT EXISTS (SELECT 1 FROM memberships WHERE workspace_id = $1 AND user_id <> $2)",
                values![workspace_id, besides],
                Expected::Rule(rules::LAST_OWNER),
            );
        }
        Expectation::AnOwnerRemains => {
            plan.add(
                "SELECT 1 WHERE EXISTS (
                     SELECT 1 FROM memberships m JOIN users u ON u.id = m.user_id
                     WHERE m.workspace_id = $1 AND m.role = 'owner' AND u.state = 'active'
                 )",
                values![plan.workspace_id()],
                Expected::Rule(rules::LAST_OWNER),
            );
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
        if let Some(api_key_id) = entry.api_key_id {
            // A key that was revoked meanwhile has no budget any more.
            plan.add(
                "INSERT INTO api_key_spend AS s (api_key_id, workspace_id, month, cost_microusd)
                 SELECT k.id, k.workspace_id, $3, $4 FROM api_keys k
                 WHERE k.id = $1 AND k.workspace_id = $2 FOR KEY SHARE
                 ON CONFLICT (api_key_id, month) DO UPDATE SET
                     cost_microusd = s.cost_microusd + excluded.cost_microusd",
                values![
                    api_key_id,
                    plan.workspace_id(),
                    month(at),
                    amount(entry.cost.micros()).map_err(rejected)?,
                ],
                Expected::Anything,
            );
        }
    }
    Ok(())
}
