//! Reading the model providers that administrators connected.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Nullable, Text};
use domain::ports::{Providers, StorageError};
use domain::{Provider, ProviderId, ProviderName, WorkspaceId};

use crate::Sqlite;
use crate::columns::{Id, json, moment, text, version};
use crate::errors::{Failure, Outcome};
use crate::statement::{all, one, values};

macro_rules! select_providers {
    ($rest:literal) => {
        concat!(
            "SELECT id, workspace_id, name, kind, base_url, sealed_api_key, models, enabled, version, created_at, \
             updated_at FROM providers ",
            $rest
        )
    };
}

const ALL: &str = select_providers!("ORDER BY name");
const GET: &str = select_providers!("WHERE id = ?1");

#[async_trait]
impl Providers for Sqlite {
    async fn providers(&self) -> Result<Vec<Provider>, StorageError> {
        self.readers.read(|connection| all::<Types, Row, _>(connection, ALL, values![])).await
    }

    async fn provider(&self, id: ProviderId) -> Result<Option<Provider>, StorageError> {
        self.readers.read(move |connection| one::<Types, Row, _>(connection, GET, values![id])).await
    }
}

type Types =
    (Binary, Binary, Text, Text, Nullable<Text>, Nullable<Binary>, Text, BigInt, BigInt, BigInt, BigInt);

#[derive(Queryable)]
struct Row {
    id: Id,
    workspace_id: Id,
    name: String,
    kind: String,
    base_url: Option<String>,
    sealed_api_key: Option<Vec<u8>>,
    models: String,
    enabled: i64,
    version: i64,
    created_at: i64,
    updated_at: i64,
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
            models: json(&row.models)?,
            enabled: row.enabled != 0,
            version: version(row.version)?,
            created_at: moment(row.created_at),
            updated_at: moment(row.updated_at),
        })
    }
}
