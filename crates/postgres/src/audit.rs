//! Reading the audit log.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use domain::ports::{AuditFilter, AuditLog, StorageError};
use domain::{AuditEntry, AuditRecord, Page, PageRequest, Timestamp, UserId, WorkspaceId};
use storage::{address, hash};

use crate::Postgres;
use crate::columns::{Id, Moment};
use crate::errors::{Failure, Outcome, corrupt};
use crate::session::Scope;
use crate::statement::{Value, values};

macro_rules! select_entries {
    ($rest:literal) => {
        concat!(
            "SELECT workspace_id, sequence, name, at, actor_id, credential, credential_id, address, request_id, user_id, \
             subject_id, detail, hash FROM audit_entries WHERE workspace_id = $1 AND ",
            $rest
        )
    };
}

const CHAIN: &str = select_entries!("sequence > $2 ORDER BY sequence LIMIT $3");
const HEADS: &str = "SELECT workspace_id, sequence, hash FROM audit_heads
     UNION ALL SELECT DISTINCT workspace_id, 0::bigint, decode(repeat('00', 32), 'hex') FROM audit_entries AS e
     WHERE NOT EXISTS (SELECT 1 FROM audit_heads AS h WHERE h.workspace_id = e.workspace_id)
     ORDER BY workspace_id";

/// What a filter asks of the name of an entry.
enum Name<'a> {
    Any,
    Is(&'a str),
    BeginsWith(&'a str),
}

impl<'a> Name<'a> {
    fn of(filter: &'a AuditFilter) -> Self {
        let Some(name) = filter.name.as_deref() else { return Self::Any };
        name.strip_suffix('*').map_or(Self::Is(name), Self::BeginsWith)
    }
}

/// The statement of a filter: one of twenty-four, so that each is planned with the index that fits it.
pub(crate) fn list_statement(filter: &AuditFilter) -> String {
    let mut sql = select_entries!("sequence < $2").to_owned();
    match Name::of(filter) {
        Name::Any => sql.push_str(" AND $3 = ''"),
        Name::Is(_) => sql.push_str(" AND name = $3"),
        // No name has a character beyond the last one that there is.
        Name::BeginsWith(_) => sql.push_str(" AND name >= $3 AND name < $3 || U&'\\+10FFFF'"),
    }
    match filter.user_id {
        Some(_) => sql.push_str(" AND (user_id = $4 OR actor_id = $4)"),
        None => sql.push_str(" AND $4::uuid IS NULL"),
    }
    sql.push_str(if filter.since.is_some() { " AND at >= $5" } else { " AND $5::timestamptz IS NULL" });
    sql.push_str(if filter.until.is_some() { " AND at < $6" } else { " AND $6::timestamptz IS NULL" });
    sql.push_str(" ORDER BY sequence DESC LIMIT $7");
    sql
}

#[async_trait]
impl AuditLog for Postgres {
    async fn audit_entries(
        &self,
        workspace_id: WorkspaceId,
        filter: AuditFilter,
        page: PageRequest<u64>,
    ) -> Result<Page<AuditEntry, u64>, StorageError> {
        let name = match Name::of(&filter) {
            Name::Any => "",
            Name::Is(name) | Name::BeginsWith(name) => name,
        };
        let before = page.after.map_or(i64::MAX, |place| i64::try_from(place).unwrap_or(i64::MAX));
        let most = u32::from(page.limit) + 1;
        let values: &[Value<'_>] =
            values![workspace_id, before, name, filter.user_id, filter.since, filter.until, most];
        let session = self.read(Scope::Workspace(workspace_id)).await?;
        let rows = session.load::<Types, Row>(&list_statement(&filter), values).await?;
        let entries = rows.into_iter().map(AuditEntry::try_from).collect::<Outcome<Vec<_>>>()?;
        Ok(Page::from_surplus(entries, page.limit, |entry| entry.sequence))
    }

    async fn audit_chain(
        &self,
        workspace_id: WorkspaceId,
        after: u64,
        limit: u16,
    ) -> Result<Vec<AuditEntry>, StorageError> {
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        let session = self.read(Scope::Workspace(workspace_id)).await?;
        let rows = session.load::<Types, Row>(CHAIN, values![workspace_id, after, limit]).await?;
        Ok(rows.into_iter().map(AuditEntry::try_from).collect::<Outcome<_>>()?)
    }

    async fn audit_heads(&self) -> Result<Vec<(WorkspaceId, u64, [u8; 32])>, StorageError> {
        let session = self.read(Scope::System).await?;
        let rows = session.load::<(SqlUuid, BigInt, Binary), (Id, i64, Vec<u8>)>(HEADS, values![]).await?;
        let head = |(workspace_id, sequence, newest): (Id, i64, Vec<u8>)| {
            Ok((workspace_id.typed(WorkspaceId::from_uuid), place(sequence)?, hash(&newest)?))
        };
        Ok(rows.into_iter().map(head).collect::<Outcome<_>>()?)
    }
}

fn place(sequence: i64) -> Outcome<u64> {
    u64::try_from(sequence).map_err(corrupt)
}

type Types = (
    SqlUuid,
    BigInt,
    Text,
    Timestamptz,
    Nullable<SqlUuid>,
    Text,
    Nullable<SqlUuid>,
    Nullable<Text>,
    Nullable<Text>,
    Nullable<SqlUuid>,
    Nullable<SqlUuid>,
    Text,
    Binary,
);

#[derive(Queryable)]
struct Row {
    workspace_id: Id,
    sequence: i64,
    name: String,
    at: Moment,
    actor_id: Option<Id>,
    credential: String,
    credential_id: Option<Id>,
    address: Option<String>,
    request_id: Option<String>,
    user_id: Option<Id>,
    subject_id: Option<Id>,
    detail: String,
    hash: Vec<u8>,
}

impl TryFrom<Row> for AuditEntry {
    type Error = Failure;

    fn try_from(row: Row) -> Outcome<Self> {
        Ok(Self {
            workspace_id: row.workspace_id.typed(WorkspaceId::from_uuid),
            sequence: place(row.sequence)?,
            record: AuditRecord {
                name: row.name,
                at: Timestamp::from(row.at),
                actor_id: row.actor_id.map(|id| id.typed(UserId::from_uuid)),
                credential: row.credential,
                credential_id: row.credential_id.map(|id| id.0),
                address: row.address.as_deref().map(address).transpose()?,
                request_id: row.request_id,
                user_id: row.user_id.map(|id| id.typed(UserId::from_uuid)),
                subject_id: row.subject_id.map(|id| id.0),
                detail: row.detail,
            },
            hash: hash(&row.hash)?,
        })
    }
}
