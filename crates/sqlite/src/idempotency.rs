//! Reading the results of earlier attempts.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Nullable, Text};
use domain::ports::{IdempotencyRecords, StorageError};
use domain::{IdempotencyKey, IdempotencyRecord, UserId, WorkspaceId};

use crate::Sqlite;
use crate::columns::{moment, version};
use crate::errors::corrupt;
use crate::statement::{query, values};

pub(crate) const FIND: &str = "SELECT fingerprint, result, version, expires_at FROM idempotency_records
     WHERE user_id = ?1 AND workspace_id = ?2 AND operation = ?3 AND key = ?4";

#[async_trait]
impl IdempotencyRecords for Sqlite {
    async fn find(
        &self,
        workspace_id: WorkspaceId,
        user_id: UserId,
        operation: &str,
        key: &IdempotencyKey,
    ) -> Result<Option<IdempotencyRecord>, StorageError> {
        let (operation, key) = (operation.to_owned(), key.clone());
        self.readers
            .read(move |connection| {
                let row = query::<(Binary, Text, Nullable<BigInt>, BigInt)>(
                    FIND,
                    values![user_id, workspace_id, &operation, key.as_str()],
                )
                .get_result::<(Vec<u8>, String, Option<i64>, i64)>(connection)
                .optional()?;
                let Some((fingerprint, result, stored_version, expires_at)) = row else { return Ok(None) };
                Ok(Some(IdempotencyRecord {
                    user_id,
                    operation,
                    key,
                    fingerprint: fingerprint
                        .try_into()
                        .map_err(|_| corrupt("a fingerprint is not 32 bytes long"))?,
                    result,
                    version: stored_version.map(version).transpose()?,
                    expires_at: moment(expires_at),
                }))
            })
            .await
    }
}
