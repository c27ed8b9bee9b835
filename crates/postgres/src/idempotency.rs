//! Reading the results of earlier attempts.

use async_trait::async_trait;
use diesel::sql_types::{BigInt, Binary, Nullable, Text, Timestamptz};
use domain::ports::{IdempotencyRecords, StorageError};
use domain::{IdempotencyKey, IdempotencyRecord, UserId, WorkspaceId};
use storage::version;

use crate::Postgres;
use crate::columns::Moment;
use crate::errors::corrupt;
use crate::session::Scope;
use crate::statement::values;

pub(crate) const FIND: &str = "SELECT fingerprint, result, version, expires_at FROM idempotency_records
     WHERE user_id = $1 AND workspace_id = $2 AND operation = $3 AND key = $4";

#[async_trait]
impl IdempotencyRecords for Postgres {
    async fn find(
        &self,
        workspace_id: WorkspaceId,
        user_id: UserId,
        operation: &str,
        key: &IdempotencyKey,
    ) -> Result<Option<IdempotencyRecord>, StorageError> {
        let session = self.read(Scope::Workspace(workspace_id)).await?;
        let row = session
            .optional::<(Binary, Text, Nullable<BigInt>, Timestamptz), (Vec<u8>, String, Option<i64>, Moment)>(
                FIND,
                values![user_id, workspace_id, operation, key.as_str()],
            )
            .await?;
        let Some((fingerprint, result, stored_version, expires_at)) = row else { return Ok(None) };
        Ok(Some(IdempotencyRecord {
            user_id,
            operation: operation.to_owned(),
            key: key.clone(),
            fingerprint: fingerprint.try_into().map_err(|_| corrupt("a fingerprint is not 32 bytes long"))?,
            result,
            version: stored_version.map(version).transpose()?,
            expires_at: expires_at.into(),
        }))
    }
}
