//! The audit log: what a unit of work did, each entry bound to the one before it.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary};
use diesel::sqlite::SqliteConnection;
use domain::UnitOfWork;
use storage::audit::{digest, link, records};
use storage::hash;

use crate::columns::large;
use crate::errors::{Outcome, corrupt};
use crate::statement::{execute, query, values};

/// Adds what a unit of work has to account for.
pub(super) fn append(connection: &mut SqliteConnection, unit: &UnitOfWork) -> Outcome<()> {
    let records = records(unit);
    if records.is_empty() {
        return Ok(());
    }
    let head = query::<(BigInt, Binary)>(
        "SELECT sequence, hash FROM audit_heads WHERE workspace_id = ?1",
        values![unit.workspace_id],
    )
    .get_result::<(i64, Vec<u8>)>(connection)
    .optional()?;
    let (mut sequence, mut newest) = match head {
        Some((sequence, newest)) => (u64::try_from(sequence).map_err(corrupt)?, hash(&newest)?),
        None => (0, [0; 32]),
    };
    for record in records {
        sequence += 1;
        newest = link(&newest, sequence, &digest(&record));
        let address = record.address.map(|address| address.to_string());
        execute(
            connection,
            "INSERT INTO audit_entries (
                 workspace_id, sequence, name, at, actor_id, credential, credential_id, address, request_id, user_id,
                 subject_id, detail, hash
             ) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
            values![
                unit.workspace_id,
                large(sequence)?,
                &record.name,
                record.at,
                record.actor_id,
                &record.credential,
                record.credential_id,
                address.as_deref(),
                record.request_id.as_deref(),
                record.user_id,
                record.subject_id,
                &record.detail,
                newest.as_slice(),
            ],
        )?;
    }
    execute(
        connection,
        "INSERT INTO audit_heads (workspace_id, sequence, hash) VALUES (?1, ?2, ?3)
         ON CONFLICT (workspace_id) DO UPDATE SET sequence = excluded.sequence, hash = excluded.hash",
        values![unit.workspace_id, large(sequence)?, newest.as_slice()],
    )?;
    Ok(())
}
