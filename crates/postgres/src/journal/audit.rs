//! The audit log: written in the transaction of what it tells of, by a function that can do nothing else.

use domain::{AuditRecord, UnitOfWork};
use storage::audit::{digest, records};

use super::batch::Expected;
use super::plan::Plan;
use crate::columns::Id;
use crate::statement::{Value, values};

const APPEND: &str = "SELECT append_audit($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";

/// Adds what the audit log keeps of a unit of work, as its last step: the log of the workspace is locked from here on.
pub(super) fn append<'a>(plan: &mut Plan<'a>, unit: &'a UnitOfWork) {
    let records = records(unit);
    let Some(first) = records.first() else { return };
    let texts = |text: fn(&AuditRecord) -> &String| {
        Value::Texts(records.iter().map(|record| Some(text(record).clone().into())).collect())
    };
    plan.add(
        APPEND,
        values![
            unit.workspace_id,
            unit.at,
            first.actor_id,
            first.credential.clone(),
            first.credential_id,
            first.address,
            unit.origin.request_id.as_deref(),
            texts(|record| &record.name),
            Value::Ids(Some(records.iter().map(|record| record.user_id.map(|id| Id(id.uuid()))).collect())),
            Value::Ids(Some(records.iter().map(|record| record.subject_id.map(Id)).collect())),
            texts(|record| &record.detail),
            Value::BytesList(records.iter().map(|record| digest(record).to_vec()).collect()),
        ],
        Expected::Anything,
    );
}
