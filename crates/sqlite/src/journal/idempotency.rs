//! The record that makes a repetition harmless.

use diesel::sqlite::SqliteConnection;
use domain::{IdempotencyRecord, Timestamp, WorkspaceId};

use crate::errors::{CONFLICT, Outcome};
use crate::statement::{execute, values};

/// Stores a record, in the place of an expired one; a conflict when a valid one is there.
pub(super) fn insert(
    connection: &mut SqliteConnection,
    workspace_id: WorkspaceId,
    record: &IdempotencyRecord,
    at: Timestamp,
) -> Outcome<()> {
    let stored = execute(
        connection,
        "INSERT INTO idempotency_records (
             workspace_id, user_id, operation, key, fingerprint, result, version, expires_at
         ) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT (user_id, workspace_id, operation, key) DO UPDATE SET
             fingerprint = excluded.fingerprint, result = excluded.result, version = excluded.version,
             expires_at = excluded.expires_at
         WHERE expires_at <= ?9",
        values![
            workspace_id,
            record.user_id,
            &record.operation,
            record.key.as_str(),
            record.fingerprint.as_slice(),
            &record.result,
            record.version,
            record.expires_at,
            at,
        ],
    )?;
    if stored == 1 { Ok(()) } else { Err(CONFLICT) }
}
