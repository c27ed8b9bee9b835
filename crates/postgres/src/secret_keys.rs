//! The keys of the server itself, and what is encrypted with them.

use async_trait::async_trait;
use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use domain::ports::{SealedKind, SealedPlace, SecretKeys, StorageError};
use domain::{KeyPurpose, SecretKey, SecretKeyId};
use storage::Word;
use uuid::Uuid;

use crate::Postgres;
use crate::columns::{Id, Moment};
use crate::errors::{Outcome, corrupt};
use crate::session::{Scope, Session};
use crate::statement::{Value, values};

const ALL: &str = "SELECT id, purpose, wrapped, wrapped_by, created_at, retired_at FROM secret_keys
     ORDER BY created_at, id";
const ADD_MISSING: &str = "INSERT INTO secret_keys (id, purpose, wrapped, wrapped_by, created_at, retired_at)
     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (purpose) WHERE retired_at IS NULL DO NOTHING";
const EXISTS: &str = "SELECT EXISTS (SELECT 1 FROM secret_keys WHERE id = $1)";
const REMOVE: &str = "DELETE FROM secret_keys WHERE id = $1 AND retired_at IS NOT NULL";

/// The numbers of the kinds are in their order.
const SEALED: &str = "SELECT * FROM (
         (SELECT 0::bigint AS kind, user_id AS id, sealed_secret FROM totp_secrets
          WHERE (0::bigint, user_id) > ($1, $2) ORDER BY user_id LIMIT $3)
         UNION ALL
         (SELECT 1::bigint, id, sealed_api_key FROM providers
          WHERE sealed_api_key IS NOT NULL AND (1::bigint, id) > ($1, $2) ORDER BY id LIMIT $3)
     ) sealed ORDER BY kind, id LIMIT $3";
const RESEAL_TOTP: &str =
    "UPDATE totp_secrets SET sealed_secret = $3 WHERE user_id = $1 AND sealed_secret = $2";
const RESEAL_PROVIDER: &str =
    "UPDATE providers SET sealed_api_key = $3 WHERE id = $1 AND sealed_api_key = $2";

#[async_trait]
impl SecretKeys for Postgres {
    async fn secret_keys(&self) -> Result<Vec<SecretKey>, StorageError> {
        let session = self.read(Scope::System).await?;
        let rows = session.load::<Types, Row>(ALL, values![]).await?;
        let keys = rows.into_iter().map(|(id, purpose, wrapped, wrapped_by, created_at, retired_at)| {
            Ok(SecretKey {
                id: id.typed(SecretKeyId::from_uuid),
                purpose: KeyPurpose::from_word(&purpose)?,
                wrapped,
                wrapped_by,
                created_at: created_at.into(),
                retired_at: retired_at.map(Into::into),
            })
        });
        Ok(keys.collect::<Outcome<_>>()?)
    }

    async fn add_secret_key(&self, key: SecretKey) -> Result<bool, StorageError> {
        let session = self.write(Scope::System).await?;
        let added = add(&session, &key).await?;
        session.commit().await?;
        Ok(added == 1)
    }

    async fn remove_secret_key(&self, id: SecretKeyId) -> Result<(), StorageError> {
        let session = self.write(Scope::System).await?;
        session.execute(REMOVE, values![id]).await?;
        // One that is in use has stayed; one that is gone is gone as was wanted.
        if session.one::<Bool, bool>(EXISTS, values![id]).await? {
            return Err(StorageError::Conflict);
        }
        Ok(session.commit().await?)
    }

    async fn sealed_values(
        &self,
        after: Option<SealedPlace>,
        limit: u16,
    ) -> Result<Vec<(SealedPlace, Vec<u8>)>, StorageError> {
        let session = self.read(Scope::System).await?;
        let (kind, id) = after.map_or((-1, Uuid::nil()), |place| (number(place.kind), place.id));
        let rows = session
            .load::<(BigInt, SqlUuid, Binary), (i64, Id, Vec<u8>)>(SEALED, values![kind, id, limit])
            .await?;
        let places = rows.into_iter().map(|(kind, Id(id), sealed)| {
            let kind = match kind {
                0 => SealedKind::Totp,
                1 => SealedKind::ProviderKey,
                other => return Err(corrupt(format!("{other} is no kind of sealed value"))),
            };
            Ok((SealedPlace { kind, id }, sealed))
        });
        Ok(places.collect::<Outcome<_>>()?)
    }

    async fn reseal(&self, place: SealedPlace, old: &[u8], new: &[u8]) -> Result<bool, StorageError> {
        let sql = match place.kind {
            SealedKind::Totp => RESEAL_TOTP,
            SealedKind::ProviderKey => RESEAL_PROVIDER,
        };
        let session = self.write(Scope::System).await?;
        let changed = session.execute(sql, values![place.id, old, new]).await?;
        session.commit().await?;
        Ok(changed == 1)
    }
}

const fn number(kind: SealedKind) -> i64 {
    match kind {
        SealedKind::Totp => 0,
        SealedKind::ProviderKey => 1,
    }
}

async fn add(session: &Session, key: &SecretKey) -> Outcome<usize> {
    let values: &[Value<'_>] = values![
        key.id,
        key.purpose.word(),
        key.wrapped.as_slice(),
        &key.wrapped_by,
        key.created_at,
        key.retired_at,
    ];
    session.execute(ADD_MISSING, values).await
}

type Types = (SqlUuid, Text, Binary, Text, Timestamptz, Nullable<Timestamptz>);
type Row = (Id, String, Vec<u8>, String, Moment, Option<Moment>);
