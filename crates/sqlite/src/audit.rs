//! Reading the audit log.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Nullable, Text};
use diesel::sqlite::SqliteConnection;
use domain::ports::{AuditFilter, AuditLog, StorageError};
use domain::{AuditEntry, AuditRecord, Page, PageRequest, UserId, WorkspaceId};
use storage::audit::Check;
use storage::hash;

use crate::Sqlite;
use crate::columns::{Id, address, large, moment, unsigned};
use crate::errors::{Failure, Outcome};
use crate::statement::{Value, all, query, values};

macro_rules! select_entries {
    ($rest:literal) => {
        concat!(
            "SELECT workspace_id, sequence, name, at, actor_id, credential, credential_id, address, request_id, user_id, \
             subject_id, detail, hash FROM audit_entries ",
            $rest
        )
    };
}

const LIST: &str = select_entries!("WHERE workspace_id = ?1 AND sequence < ?2");

/// The places of what a person caused, or what is about them: the newest of both.
const OF_PERSON: &str = "sequence IN (
         SELECT sequence FROM (
             SELECT sequence FROM audit_entries INDEXED BY audit_entries_by_actor
             WHERE workspace_id = ?1 AND sequence < ?2 AND actor_id = ?4 {others} ORDER BY sequence DESC LIMIT (SELECT ?3)
         )
         UNION ALL
         SELECT sequence FROM (
             SELECT sequence FROM audit_entries INDEXED BY audit_entries_by_user
             WHERE workspace_id = ?1 AND sequence < ?2 AND user_id = ?4 {others} ORDER BY sequence DESC LIMIT (SELECT ?3)
         )
     )";

pub(crate) const CHAIN: &str =
    select_entries!("WHERE workspace_id = ?1 AND sequence > ?2 ORDER BY sequence LIMIT (SELECT ?3)");

#[async_trait]
impl AuditLog for Sqlite {
    async fn audit_entries(
        &self,
        workspace_id: WorkspaceId,
        filter: AuditFilter,
        page: PageRequest<u64>,
    ) -> Result<Page<AuditEntry, u64>, StorageError> {
        self.readers
            .read(move |connection| {
                let sql = list_statement(&filter);
                let name = filter.name.as_deref().map(|name| name.strip_suffix('*').unwrap_or(name));
                let before = page.after.map_or(Ok(i64::MAX), large)?;
                let values = values![
                    workspace_id,
                    before,
                    u32::from(page.limit) + 1,
                    filter.user_id,
                    name,
                    filter.since,
                    filter.until,
                ];
                let entries = all::<Types, Row, AuditEntry>(connection, &sql, values)?;
                Ok(Page::from_surplus(entries, page.limit, |entry| entry.sequence))
            })
            .await
    }

    async fn audit_chain(
        &self,
        workspace_id: WorkspaceId,
        after: u64,
        limit: u16,
    ) -> Result<Vec<AuditEntry>, StorageError> {
        self.readers
            .read(move |connection| {
                all::<Types, Row, _>(connection, CHAIN, values![workspace_id, large(after)?, limit])
            })
            .await
    }

    async fn audit_heads(&self) -> Result<Vec<(WorkspaceId, u64, [u8; 32])>, StorageError> {
        self.readers.read(heads).await
    }
}

fn heads(connection: &mut SqliteConnection) -> Outcome<Vec<(WorkspaceId, u64, [u8; 32])>> {
    let rows = query::<(Binary, BigInt, Binary)>(
        "SELECT workspace_id, sequence, hash FROM audit_heads
         UNION ALL SELECT DISTINCT workspace_id, 0, zeroblob(32) FROM audit_entries AS e
         WHERE NOT EXISTS (SELECT 1 FROM audit_heads AS h WHERE h.workspace_id = e.workspace_id)
         ORDER BY workspace_id",
        &[] as &[Value<'_>],
    )
    .load::<(Id, i64, Vec<u8>)>(connection)?;
    let heads = rows.into_iter().map(|(id, sequence, newest)| {
        Ok((id.typed(WorkspaceId::from_uuid), unsigned(sequence)?, hash(&newest)?))
    });
    heads.collect()
}

/// The workspaces whose audit log is not what was written, each with the place of the first entry that is not.
pub(crate) fn breaks(connection: &mut SqliteConnection) -> Outcome<Vec<(WorkspaceId, u64)>> {
    const PAGE: u16 = 1_000;
    let mut broken = Vec::new();
    for (workspace_id, sequence, newest) in heads(connection)? {
        let mut check = Check::default();
        loop {
            let values = values![workspace_id, large(check.place())?, PAGE];
            if !check.follow(&all::<Types, Row, _>(connection, CHAIN, values)?) {
                break;
            }
        }
        broken.extend(check.end(sequence, &newest).map(|place| (workspace_id, place)));
    }
    Ok(broken)
}

/// The statement of a filter: one of 24. A name is compared as it stands, so nothing in it is a wildcard but the star
/// at its end.
pub(crate) fn list_statement(filter: &AuditFilter) -> String {
    let mut others = String::new();
    match filter.name.as_deref() {
        Some(name) if name.ends_with('*') => others.push_str(" AND substr(name, 1, length(?5)) = ?5"),
        Some(_) => others.push_str(" AND name = ?5"),
        None => {}
    }
    if filter.since.is_some() {
        others.push_str(" AND at >= ?6");
    }
    if filter.until.is_some() {
        others.push_str(" AND at < ?7");
    }
    let mut sql = LIST.to_owned();
    if filter.user_id.is_some() {
        sql.push_str(" AND ");
        sql.push_str(&OF_PERSON.replace("{others}", &others));
    } else {
        sql.push_str(&others);
    }
    sql.push_str(" ORDER BY sequence DESC LIMIT (SELECT ?3)");
    sql
}

type Types = (
    Binary,
    BigInt,
    Text,
    BigInt,
    Nullable<Binary>,
    Text,
    Nullable<Binary>,
    Nullable<Text>,
    Nullable<Text>,
    Nullable<Binary>,
    Nullable<Binary>,
    Text,
    Binary,
);

#[derive(Queryable)]
struct Row {
    workspace_id: Id,
    sequence: i64,
    name: String,
    at: i64,
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
            sequence: unsigned(row.sequence)?,
            record: AuditRecord {
                name: row.name,
                at: moment(row.at),
                actor_id: row.actor_id.map(|id| id.typed(UserId::from_uuid)),
                credential: row.credential,
                credential_id: row.credential_id.map(|id| id.typed(|id| id)),
                address: row.address.as_deref().map(address).transpose()?,
                request_id: row.request_id,
                user_id: row.user_id.map(|id| id.typed(UserId::from_uuid)),
                subject_id: row.subject_id.map(|id| id.typed(|id| id)),
                detail: row.detail,
            },
            hash: hash(&row.hash)?,
        })
    }
}
