//! Sessions.

use std::net::IpAddr;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Nullable, Text};
use diesel::sqlite::SqliteConnection;
use domain::ports::SessionIdentity;
use domain::{
    DeviceName, Email, Page, PageRequest, Session, SessionId, SessionKind, Timestamp, TokenHash, UserId,
    WorkspaceId,
};

use super::people;
use crate::columns::{Id, Word, address, count, moment, text, token_hash};
use crate::errors::{Failure, Outcome};
use crate::statement::{all, one, query, values};

macro_rules! select_sessions {
    ($rest:literal) => {
        concat!(
            "SELECT id, workspace_id, user_id, kind, token_hash, generation, rotated_at, device, last_address, \
             last_used_at, created_at, expires_at FROM sessions ",
            $rest
        )
    };
}

pub(crate) const BY_TOKEN: &str = select_sessions!("WHERE token_hash = ?1 AND kind = 'browser'");
const GET: &str = select_sessions!("WHERE id = ?1");
pub(crate) const OF_USER: &str =
    select_sessions!("WHERE user_id = ?1 AND id < ?2 AND expires_at > ?3 ORDER BY id DESC LIMIT (SELECT ?4)");

pub(crate) const USED_FROM: &str = "SELECT s.last_address FROM users u JOIN sessions s ON s.user_id = u.id
     WHERE u.email = ?1 ORDER BY s.id DESC LIMIT 50";
const BELONGS_TO: &str =
    "SELECT m.workspace_id, u.id FROM users u JOIN memberships m ON m.user_id = u.id WHERE u.email = ?1";
/// Among the newest that the person did in a workspace.
pub(crate) const SIGNED_IN_FROM: &str = "SELECT address FROM (
         SELECT name, address FROM audit_entries WHERE workspace_id = ?1 AND actor_id = ?2 ORDER BY sequence DESC LIMIT 1000
     ) WHERE name = 'session.opened' LIMIT 50";

/// From where somebody signed in last, and from where their sessions were used last.
pub(super) fn known_addresses(connection: &mut SqliteConnection, email: &Email) -> Outcome<Vec<IpAddr>> {
    let mut found: Vec<Option<String>> =
        query::<Nullable<Text>>(USED_FROM, values![email.as_str()]).load(connection)?;
    let memberships: Vec<(Id, Id)> =
        query::<(Binary, Binary)>(BELONGS_TO, values![email.as_str()]).load(connection)?;
    for (workspace_id, user_id) in memberships {
        let workspace_id = workspace_id.typed(WorkspaceId::from_uuid);
        let user_id = user_id.typed(UserId::from_uuid);
        found.extend(query::<Nullable<Text>>(SIGNED_IN_FROM, values![workspace_id, user_id]).load::<Option<
            String,
        >>(
            connection
        )?);
    }
    Ok(found.iter().flatten().map(|text| address(text)).collect::<Result<_, _>>()?)
}

pub(super) fn by_token(
    connection: &mut SqliteConnection,
    hash: &TokenHash,
) -> Outcome<Option<SessionIdentity>> {
    let session = one::<Types, Row, _>(connection, BY_TOKEN, values![hash])?;
    with_person(connection, session)
}

pub(super) fn get(connection: &mut SqliteConnection, id: SessionId) -> Outcome<Option<SessionIdentity>> {
    let session = one::<Types, Row, _>(connection, GET, values![id])?;
    with_person(connection, session)
}

fn with_person(
    connection: &mut SqliteConnection,
    session: Option<Session>,
) -> Outcome<Option<SessionIdentity>> {
    let Some(session) = session else { return Ok(None) };
    let user = people::get(connection, session.workspace_id, session.user_id)?;
    Ok(user.map(|user| SessionIdentity { session, user }))
}

pub(super) fn list(
    connection: &mut SqliteConnection,
    user_id: UserId,
    now: Timestamp,
    page: &PageRequest<SessionId>,
) -> Outcome<Page<Session, SessionId>> {
    let before = page.after.unwrap_or(SessionId::from_uuid(uuid::Uuid::max()));
    let most = u32::from(page.limit) + 1;
    let sessions = all::<Types, Row, Session>(connection, OF_USER, values![user_id, before, now, most])?;
    Ok(Page::from_surplus(sessions, page.limit, |session| session.id))
}

type Types = (
    Binary,
    Binary,
    Binary,
    Text,
    Binary,
    BigInt,
    BigInt,
    Nullable<Text>,
    Nullable<Text>,
    BigInt,
    BigInt,
    BigInt,
);

#[derive(Queryable)]
struct Row {
    id: Id,
    workspace_id: Id,
    user_id: Id,
    kind: String,
    token_hash: Vec<u8>,
    generation: i64,
    rotated_at: i64,
    device: Option<String>,
    last_address: Option<String>,
    last_used_at: i64,
    created_at: i64,
    expires_at: i64,
}

impl TryFrom<Row> for Session {
    type Error = Failure;

    fn try_from(row: Row) -> Outcome<Self> {
        Ok(Self {
            id: row.id.typed(SessionId::from_uuid),
            user_id: row.user_id.typed(UserId::from_uuid),
            workspace_id: row.workspace_id.typed(WorkspaceId::from_uuid),
            kind: SessionKind::from_word(&row.kind)?,
            token_hash: token_hash(&row.token_hash)?,
            generation: count(row.generation)?,
            rotated_at: moment(row.rotated_at),
            device: row.device.as_deref().map(|name| text(name, DeviceName::new)).transpose()?,
            last_address: row.last_address.as_deref().map(address).transpose()?,
            last_used_at: moment(row.last_used_at),
            created_at: moment(row.created_at),
            expires_at: moment(row.expires_at),
        })
    }
}
