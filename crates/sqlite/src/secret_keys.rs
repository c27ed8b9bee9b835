//! The keys of the server itself, and what is encrypted with them.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Nullable, Text};
use diesel::sqlite::SqliteConnection;
use domain::ports::{SealedKind, SealedPlace, SecretKeys, StorageError};
use domain::{KeyPurpose, SecretKey, SecretKeyId};

use crate::Sqlite;
use crate::columns::{Id, Word, moment};
use crate::errors::{CONFLICT, Failure, Outcome};
use crate::statement::{all, execute, query, values};

const ALL: &str = "SELECT id, purpose, wrapped, wrapped_by, created_at, retired_at FROM secret_keys
     ORDER BY created_at, id";

pub(crate) const SEALED_SECRETS: &str =
    "SELECT user_id, sealed_secret FROM totp_secrets WHERE user_id > ?1 ORDER BY user_id LIMIT (SELECT ?2)";

pub(crate) const SEALED_PROVIDER_KEYS: &str = "SELECT id, sealed_api_key FROM providers
     WHERE id > ?1 AND sealed_api_key IS NOT NULL ORDER BY id LIMIT (SELECT ?2)";

#[async_trait]
impl SecretKeys for Sqlite {
    async fn secret_keys(&self) -> Result<Vec<SecretKey>, StorageError> {
        self.readers.read(stored).await
    }

    async fn add_secret_key(&self, key: SecretKey) -> Result<bool, StorageError> {
        self.writer.write(move |connection| add(connection, &key)).await
    }

    async fn remove_secret_key(&self, id: SecretKeyId) -> Result<(), StorageError> {
        self.writer
            .write(move |connection| {
                let is_used =
                    "SELECT EXISTS (SELECT 1 FROM secret_keys WHERE id = ?1 AND retired_at IS NULL)";
                if query::<BigInt>(is_used, values![id]).get_result::<i64>(connection)? != 0 {
                    return Err(CONFLICT);
                }
                execute(connection, "DELETE FROM secret_keys WHERE id = ?1", values![id])?;
                Ok(())
            })
            .await
    }

    async fn sealed_values(
        &self,
        after: Option<SealedPlace>,
        limit: u16,
    ) -> Result<Vec<(SealedPlace, Vec<u8>)>, StorageError> {
        self.readers.read(move |connection| sealed_values(connection, after, limit)).await
    }

    async fn reseal(&self, place: SealedPlace, old: &[u8], new: &[u8]) -> Result<bool, StorageError> {
        let (old, new) = (old.to_owned(), new.to_owned());
        let sql = match place.kind {
            SealedKind::Totp => {
                "UPDATE totp_secrets SET sealed_secret = ?3 WHERE user_id = ?1 AND sealed_secret = ?2"
            }
            SealedKind::ProviderKey => {
                "UPDATE providers SET sealed_api_key = ?3 WHERE id = ?1 AND sealed_api_key = ?2"
            }
        };
        self.writer
            .write(move |connection| {
                Ok(execute(connection, sql, values![place.id, old.as_slice(), new.as_slice()])? == 1)
            })
            .await
    }
}

/// Every key, oldest first.
pub(crate) fn stored(connection: &mut SqliteConnection) -> Outcome<Vec<SecretKey>> {
    all::<Types, Row, _>(connection, ALL, values![])
}

/// Adds a key unless there is one of its purpose that is not retired.
pub(crate) fn add(connection: &mut SqliteConnection, key: &SecretKey) -> Outcome<bool> {
    let added = execute(
        connection,
        "INSERT INTO secret_keys (id, purpose, wrapped, wrapped_by, created_at, retired_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (purpose) WHERE retired_at IS NULL DO NOTHING",
        values![
            key.id,
            key.purpose.word(),
            key.wrapped.as_slice(),
            &key.wrapped_by,
            key.created_at,
            key.retired_at,
        ],
    )?;
    Ok(added == 1)
}

fn sealed_values(
    connection: &mut SqliteConnection,
    after: Option<SealedPlace>,
    limit: u16,
) -> Outcome<Vec<(SealedPlace, Vec<u8>)>> {
    let mut found = Vec::new();
    for (kind, sql) in [(SealedKind::Totp, SEALED_SECRETS), (SealedKind::ProviderKey, SEALED_PROVIDER_KEYS)] {
        let after_id = match after {
            Some(place) if place.kind > kind => continue,
            Some(place) if place.kind == kind => place.id,
            Some(_) | None => uuid::Uuid::nil(),
        };
        let left = usize::from(limit) - found.len();
        let values = values![after_id, i64::try_from(left).unwrap_or(i64::MAX)];
        let rows = query::<(Binary, Binary)>(sql, values).load::<(Id, Vec<u8>)>(connection)?;
        let place = |id: Id| SealedPlace { kind, id: id.typed(|id| id) };
        found.extend(rows.into_iter().map(|(id, value)| (place(id), value)));
    }
    Ok(found)
}

type Types = (Binary, Text, Binary, Text, BigInt, Nullable<BigInt>);

#[derive(Queryable)]
struct Row {
    id: Id,
    purpose: String,
    wrapped: Vec<u8>,
    wrapped_by: String,
    created_at: i64,
    retired_at: Option<i64>,
}

impl TryFrom<Row> for SecretKey {
    type Error = Failure;

    fn try_from(row: Row) -> Outcome<Self> {
        Ok(Self {
            id: row.id.typed(SecretKeyId::from_uuid),
            purpose: KeyPurpose::from_word(&row.purpose)?,
            wrapped: row.wrapped,
            wrapped_by: row.wrapped_by,
            created_at: moment(row.created_at),
            retired_at: row.retired_at.map(moment),
        })
    }
}
