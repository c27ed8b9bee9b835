//! The usage ledger: one row for each person, model and day.

use diesel::sqlite::SqliteConnection;
use domain::UsageEntry;
use storage::{amount, day};

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
    }
    Ok(())
}
