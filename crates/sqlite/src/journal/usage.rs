//! The usage ledger: one row for each person, model and day; and what keys spend, which their budgets bound.

use diesel::sqlite::SqliteConnection;
use domain::{ApiKeyId, Money, UsageEntry};
use storage::{amount, day, month};

use super::context::Context;
use crate::errors::{Outcome, rejected};
use crate::statement::{execute, values};

pub(super) fn record(
    connection: &mut SqliteConnection,
    context: &Context<'_>,
    entries: &[UsageEntry],
) -> Outcome<()> {
    let day = day(context.at);
    for entry in entries {
        execute(
            connection,
            "INSERT INTO usage (
                 workspace_id, user_id, day, model, requests, input_tokens, output_tokens, cost_microusd
             ) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (workspace_id, user_id, day, model) DO UPDATE SET
                 requests = requests + excluded.requests,
                 input_tokens = input_tokens + excluded.input_tokens,
                 output_tokens = output_tokens + excluded.output_tokens,
                 cost_microusd = cost_microusd + excluded.cost_microusd",
            values![
                context.workspace_id,
                entry.user_id,
                day,
                entry.model.as_str(),
                entry.requests,
                amount(entry.input_tokens).map_err(rejected)?,
                amount(entry.output_tokens).map_err(rejected)?,
                amount(entry.cost.micros()).map_err(rejected)?,
            ],
        )?;
        if let Some(id) = entry.api_key_id {
            spend(connection, context, id, entry.cost)?;
        }
    }
    Ok(())
}

/// Adds to what a key has spent this month; nothing where it was revoked meanwhile.
fn spend(connection: &mut SqliteConnection, context: &Context<'_>, id: ApiKeyId, cost: Money) -> Outcome<()> {
    execute(
        connection,
        "INSERT INTO api_key_spend (api_key_id, month, cost_microusd)
         SELECT id, ?2, ?3 FROM api_keys WHERE id = ?1 AND workspace_id = ?4
         ON CONFLICT (api_key_id, month) DO UPDATE SET cost_microusd = cost_microusd + excluded.cost_microusd",
        values![id, month(context.at), amount(cost.micros()).map_err(rejected)?, context.workspace_id],
    )?;
    Ok(())
}
