//! The event log: facts without words.

use std::sync::LazyLock;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Nullable, Text};
use diesel::sqlite::SqliteConnection;
use domain::ports::{Fact, FactScope, Place, Position};
use domain::{ConversationId, Event, MessageId, RunId, RunStatus, UserId, WorkspaceId};
use storage::{About, credential};
use uuid::Uuid;

use super::context::Context;
use crate::columns::{Id, Word, moment, version};
use crate::errors::{Outcome, corrupt};
use crate::statement::{Value, execute, last_row, query, values};

/// How many facts one statement adds at most.
const AT_ONCE: usize = 8;

/// The statements that add one fact, two, and so on.
static APPEND: LazyLock<Vec<String>> = LazyLock::new(|| (1..=AT_ONCE).map(append_statement).collect());

fn append_statement(facts: usize) -> String {
    let rows: Vec<String> = (0..facts)
        .map(|fact| {
            let own: Vec<String> =
                (0..VALUES).map(|value| format!("?{}", 7 + fact * VALUES + value)).collect();
            format!("(?1, ?2, ?3, ?4, ?5, ?6, {})", own.join(", "))
        })
        .collect();
    format!(
        "INSERT INTO events (
             workspace_id, at, user_id, credential, credential_id, request_id,
             name, owner_id, subject_id, conversation_id, message_id, run_id, version, run_status, removed
         ) VALUES {}",
        rows.join(", ")
    )
}

/// How many values a fact has beyond those that all facts of a unit share.
const VALUES: usize = 9;

/// A fact with what its row needs: its ids as bytes, and whose it is.
pub(super) struct Entry {
    about: About,
    owner_id: Option<UserId>,
    removed: Option<Vec<u8>>,
}

impl Entry {
    fn values(&self) -> [Value<'_>; VALUES] {
        let about = &self.about;
        [
            about.name.into(),
            self.owner_id.into(),
            about.subject_id.into(),
            about.conversation_id.into(),
            about.message_id.into(),
            about.run_id.into(),
            about.version.into(),
            about.run_status.map(Word::word).into(),
            self.removed.as_deref().into(),
        ]
    }
}

/// Adds facts to the log, in order, and gives their places; `None` in the place of an event that the log does not
/// keep.
pub(super) fn append(
    connection: &mut SqliteConnection,
    context: &Context<'_>,
    facts: &[Option<Entry>],
) -> Outcome<Vec<Option<Place>>> {
    let origin = context.origin;
    let (credential, credential_id) = credential(&origin.credential);
    let shared: [Value<'_>; 6] = [
        context.workspace_id.into(),
        context.at.into(),
        origin.user_id.into(),
        credential.into(),
        credential_id.into(),
        origin.request_id.as_deref().into(),
    ];
    let kept: Vec<&Entry> = facts.iter().flatten().collect();
    let mut places = Vec::with_capacity(kept.len());
    for chunk in kept.chunks(AT_ONCE) {
        let mut values = shared.to_vec();
        values.extend(chunk.iter().flat_map(|entry| entry.values()));
        execute(connection, &APPEND[chunk.len() - 1], &values)?;
        let last = last_row(connection)?;
        // The only writer adds rows one after the other, so the places of one statement have no gaps.
        let earlier = i64::try_from(chunk.len()).map_err(corrupt)? - 1;
        places.extend((last - earlier..=last).map(Position));
    }
    let mut places = places.into_iter();
    let mut place = |entry: &Entry| {
        let position = places.next()?;
        Some(Place { position, owner_id: entry.owner_id, previous: None })
    };
    Ok(facts.iter().map(|entry| entry.as_ref().and_then(&mut place)).collect())
}

/// What the log keeps of an event that was just written; `None` for an event that it does not keep.
pub(super) fn entry(
    connection: &mut SqliteConnection,
    context: &mut Context<'_>,
    event: &Event,
) -> Outcome<Option<Entry>> {
    let Some(about) = About::of(event) else { return Ok(None) };
    let owner_id = match (about.owner_id, about.conversation_id) {
        (None, Some(conversation_id)) => Some(context.owner(connection, conversation_id)?),
        (owner_id, _) => owner_id,
    };
    let removed =
        about.removed.as_deref().map(|ids| ids.iter().flat_map(|id| id.uuid().into_bytes()).collect());
    Ok(Some(Entry { about, owner_id, removed }))
}

/// The position of the newest fact of a scope.
pub(super) fn head(
    connection: &mut SqliteConnection,
    workspace_id: WorkspaceId,
    scope: FactScope,
) -> Outcome<Position> {
    let (sql, key) = match scope {
        FactScope::User(id) => (HEAD_BY_OWNER, Value::from(id)),
        FactScope::Conversation(id) => (HEAD_BY_CONVERSATION, Value::from(id)),
    };
    let newest = query::<BigInt>(sql, values![key, workspace_id]).get_result(connection).optional()?;
    Ok(Position(newest.unwrap_or_default()))
}

/// The positions of the newest facts of people.
pub(super) fn heads(
    connection: &mut SqliteConnection,
    owners: &[UserId],
) -> Outcome<Vec<(UserId, Position)>> {
    let mut heads = Vec::with_capacity(owners.len());
    for owner in owners {
        let newest = query::<BigInt>(
            "SELECT position FROM events WHERE owner_id = ?1 ORDER BY position DESC LIMIT 1",
            values![*owner],
        )
        .get_result(connection)
        .optional()?;
        heads.extend(newest.map(|position| (*owner, Position(position))));
    }
    Ok(heads)
}

const HEAD_BY_OWNER: &str =
    "SELECT position FROM events WHERE owner_id = ?1 AND workspace_id = ?2 ORDER BY position DESC LIMIT 1";

const HEAD_BY_CONVERSATION: &str = "SELECT position FROM events WHERE conversation_id = ?1 AND workspace_id = ?2 ORDER BY position DESC LIMIT 1";

pub(crate) const BY_OWNER: &str = "SELECT position, name, at, user_id, owner_id, subject_id, conversation_id, message_id, run_id, version, removed,
         run_status
     FROM events
     WHERE owner_id = ?1 AND position > ?2 AND workspace_id = ?3
     ORDER BY position LIMIT (SELECT ?4)";

pub(crate) const BY_CONVERSATION: &str = "SELECT position, name, at, user_id, owner_id, subject_id, conversation_id, message_id, run_id, version, removed,
         run_status
     FROM events
     WHERE conversation_id = ?1 AND position > ?2 AND workspace_id = ?3
     ORDER BY position LIMIT (SELECT ?4)";

type Types = (
    BigInt,
    Text,
    BigInt,
    Nullable<Binary>,
    Nullable<Binary>,
    Nullable<Binary>,
    Nullable<Binary>,
    Nullable<Binary>,
    Nullable<Binary>,
    Nullable<BigInt>,
    Nullable<Binary>,
    Nullable<Text>,
);

#[derive(Queryable)]
struct Row {
    position: i64,
    name: String,
    at: i64,
    user_id: Option<Id>,
    owner_id: Option<Id>,
    subject_id: Option<Id>,
    conversation_id: Option<Id>,
    message_id: Option<Id>,
    run_id: Option<Id>,
    version: Option<i64>,
    removed: Option<Vec<u8>>,
    run_status: Option<String>,
}

/// Facts after a position, oldest first.
pub(super) fn read_after(
    connection: &mut SqliteConnection,
    workspace_id: WorkspaceId,
    scope: FactScope,
    after: Position,
    limit: u16,
) -> Outcome<Vec<Fact>> {
    let (sql, key) = match scope {
        FactScope::User(id) => (BY_OWNER, Value::from(id)),
        FactScope::Conversation(id) => (BY_CONVERSATION, Value::from(id)),
    };
    let rows = query::<Types>(sql, values![key, after.0, workspace_id, limit]).load::<Row>(connection)?;
    rows.into_iter().map(Fact::try_from).collect()
}

impl TryFrom<Row> for Fact {
    type Error = crate::errors::Failure;

    fn try_from(row: Row) -> Outcome<Self> {
        let removed = row.removed.unwrap_or_default();
        let removed = removed
            .chunks(16)
            .map(|bytes| Uuid::from_slice(bytes).map(MessageId::from_uuid).map_err(corrupt))
            .collect::<Outcome<_>>()?;
        Ok(Self {
            position: Position(row.position),
            name: row.name,
            at: moment(row.at),
            user_id: row.user_id.map(|id| id.typed(UserId::from_uuid)),
            owner_id: row.owner_id.map(|id| id.typed(UserId::from_uuid)),
            subject_id: row.subject_id.map(|id| id.typed(|id| id)),
            conversation_id: row.conversation_id.map(|id| id.typed(ConversationId::from_uuid)),
            message_id: row.message_id.map(|id| id.typed(MessageId::from_uuid)),
            run_id: row.run_id.map(|id| id.typed(RunId::from_uuid)),
            version: row.version.map(version).transpose()?,
            removed,
            run_status: row.run_status.as_deref().map(RunStatus::from_word).transpose()?,
        })
    }
}
