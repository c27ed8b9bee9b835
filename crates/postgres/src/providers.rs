//! Reading the model providers that administrators connected.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Bool, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use domain::ports::{Providers, StorageError};
use domain::{Provider, ProviderId, ProviderName, WorkspaceId};
use storage::{text, version};

use crate::Postgres;
use crate::columns::{Id, JsonText, Moment};
use crate::errors::{Failure, Outcome};
use crate::session::Scope;
use crate::statement::values;

macro_rules! select_providers {
    ($rest:literal) => {
        concat!(
            "SELECT id, workspace_id, name, kind, base_url, sealed_api_key, models, enabled, version, created_at, \
             updated_at FROM providers ",
            $rest
        )
    };
}

/// In the order of bytes, whatever the locale of the database.
const ALL: &str = select_providers!("ORDER BY name COLLATE \"C\"");
const ONE: &str = select_providers!("WHERE id = $1");

#[async_trait]
impl Providers for Postgres {
    async fn providers(&self) -> Result<Vec<Provider>, StorageError> {
        let session = self.read(Scope::System).await?;
        let rows = session.load::<Types, Row>(ALL, values![]).await?;
        Ok(rows.into_iter().map(Provider::try_from).collect::<Outcome<_>>()?)
    }

    async fn provider(&self, id: ProviderId) -> Result<Option<Provider>, StorageError> {
        let session = self.read(Scope::System).await?;
        let row = session.optional::<Types, Row>(ONE, values![id]).await?;
        Ok(row.map(Provider::try_from).transpose()?)
    }
}

type Types = (
    SqlUuid,
    SqlUuid,
    Text,
    Text,
    Nullable<Text>,
    Nullable<Binary>,
    Jsonb,
    Bool,
    BigInt,
    Timestamptz,
    Timestamptz,
);

#[derive(Queryable)]
struct Row {
    id: Id,
    workspace_id: Id,
    name: String,
    kind: String,
    base_url: Option<String>,
    sealed_api_key: Option<Vec<u8>>,
    models: JsonText,
    enabled: bool,
    version: i64,
    created_at: Moment,
    updated_at: Moment,
}

impl TryFrom<Row> for Provider {
    type Error = Failure;

    fn try_from(row: Row) -> Outcome<Self> {
        Ok(Self {
            id: row.id.typed(ProviderId::from_uuid),
            workspace_id: row.workspace_id.typed(WorkspaceId::from_uuid),
            name: text(&row.name, ProviderName::new)?,
            kind: row.kind,
            base_url: row.base_url,
            sealed_api_key: row.sealed_api_key,
            models: row.models.value()?,
            enabled: row.enabled,
            version: version(row.version)?,
            created_at: row.created_at.into(),
            updated_at: row.updated_at.into(),
        })
    }
}
