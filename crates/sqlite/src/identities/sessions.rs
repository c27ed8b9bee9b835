//! Sessions.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Nullable, Text};
use diesel::sqlite::SqliteConnection;
use domain::ports::SessionIdentity;
use domain::{
    DeviceName, Page, PageRequest, Session, SessionId, SessionKind, Timestamp, TokenHash, UserId, WorkspaceId,
};

use super::people;
use crate::columns::{Id, Word, address, count, moment, text, token_hash};
use crate::errors::{Failure, Outcome};
use crate::statement::{all, one, values};

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
