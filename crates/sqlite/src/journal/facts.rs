//! The event log: facts without words.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Nullable, Text};
use diesel::sqlite::SqliteConnection;
use domain::ports::{Fact, FactScope, Position};
use domain::{ConversationId, Credential, Event, MessageId, RunId, RunStatus, UserId, Version, WorkspaceId};
use uuid::Uuid;

use super::context::Context;
use crate::columns::{Id, Word, moment, version};
use crate::errors::{Outcome, corrupt};
use crate::statement::{Value, query, values};

/// What a fact says beyond its name, its time and who caused it.
#[derive(Default)]
struct About<'a> {
    owner_id: Option<UserId>,
    subject_id: Option<Uuid>,
    conversation_id: Option<ConversationId>,
    message_id: Option<MessageId>,
    run_id: Option<RunId>,
    version: Option<Version>,
    run_status: Option<RunStatus>,
    removed: &'a [MessageId],
}

/// Adds an event to the log. Gives its place; `None` for an event that the log does not keep.
pub(super) fn append(
    connection: &mut SqliteConnection,
    context: &mut Context<'_>,
    event: &Event,
) -> Outcome<Option<Position>> {
    let Some(about) = about(connection, context, event)? else { return Ok(None) };
    let origin = context.origin;
    let (credential, credential_id) = match &origin.credential {
        Credential::Session(id) => ("session", Some(id.uuid())),
        Credential::ApiKey { id, .. } => ("api_key", Some(id.uuid())),
        Credential::System => ("system", None),
    };
    let removed: Option<Vec<u8>> = (!about.removed.is_empty())
        .then(|| about.removed.iter().flat_map(|id| id.uuid().into_bytes()).collect());
    let position = query::<BigInt>(
        "INSERT INTO events (
             workspace_id, name, at, user_id, credential, credential_id, request_id, owner_id, subject_id,
             conversation_id, message_id, run_id, version, run_status, removed
         ) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
         RETURNING position",
        values![
            context.workspace_id,
            event.name(),
            context.at,
            origin.user_id,
            credential,
            credential_id,
            origin.request_id.as_deref(),
            about.owner_id,
            about.subject_id,
            about.conversation_id,
            about.message_id,
            about.run_id,
            about.version,
            about.run_status.map(Word::word),
            removed.as_deref(),
        ],
    )
    .get_result::<i64>(connection)?;
    Ok(Some(Position(position)))
}

fn about<'a>(
    connection: &mut SqliteConnection,
    context: &mut Context<'_>,
    event: &'a Event,
) -> Outcome<Option<About<'a>>> {
    let about = match event {
        Event::WorkspaceCreated(workspace) => {
            About { subject_id: Some(workspace.id.uuid()), ..About::default() }
        }
        Event::UserCreated(user) => {
            About { owner_id: Some(user.id), version: Some(user.version), ..About::default() }
        }
        Event::SessionOpened(session) => {
            About { owner_id: Some(session.user_id), subject_id: Some(session.id.uuid()), ..About::default() }
        }
        Event::SessionClosed { session_id, user_id } => {
            About { owner_id: Some(*user_id), subject_id: Some(session_id.uuid()), ..About::default() }
        }
        Event::ApiKeyCreated(api_key) => {
            About { owner_id: Some(api_key.user_id), subject_id: Some(api_key.id.uuid()), ..About::default() }
        }
        Event::ApiKeyRevoked { api_key_id, user_id } => {
            About { owner_id: Some(*user_id), subject_id: Some(api_key_id.uuid()), ..About::default() }
        }
        Event::ConversationCreated(conversation)
        | Event::ConversationUpdated(conversation)
        | Event::ConversationDeleted(conversation) => About {
            owner_id: Some(conversation.owner_id),
            conversation_id: Some(conversation.id),
            version: Some(conversation.version),
            ..About::default()
        },
        Event::MessagePosted(message) | Event::MessageEdited { message, .. } => About {
            owner_id: Some(context.owner(connection, message.conversation_id)?),
            conversation_id: Some(message.conversation_id),
            message_id: Some(message.id),
            version: Some(message.version),
            ..About::default()
        },
        Event::MessageDeleted { conversation_id, message_id, removed } => About {
            owner_id: Some(context.owner(connection, *conversation_id)?),
            conversation_id: Some(*conversation_id),
            message_id: Some(*message_id),
            removed,
            ..About::default()
        },
        Event::RunStarted(run) => About {
            owner_id: Some(context.owner(connection, run.conversation_id)?),
            conversation_id: Some(run.conversation_id),
            message_id: Some(run.message_id),
            run_id: Some(run.id),
            run_status: Some(run.status),
            ..About::default()
        },
        Event::RunEnded { run, message } => About {
            owner_id: Some(context.owner(connection, run.conversation_id)?),
            conversation_id: Some(run.conversation_id),
            message_id: Some(message.id),
            run_id: Some(run.id),
            version: Some(message.version),
            run_status: Some(run.status),
            ..About::default()
        },
        Event::UsageRecorded(_) => return Ok(None),
    };
    Ok(Some(about))
}

/// The position of the newest fact.
pub(super) fn head(connection: &mut SqliteConnection) -> Outcome<Position> {
    let newest = query::<BigInt>("SELECT coalesce(max(position), 0) FROM events", values![]);
    Ok(Position(newest.get_result(connection)?))
}

pub(crate) const BY_OWNER: &str = "SELECT position, name, at, user_id, owner_id, conversation_id, message_id, run_id, version, removed, run_status
     FROM events
     WHERE owner_id = ?1 AND position > ?2 AND workspace_id = ?3
     ORDER BY position LIMIT (SELECT ?4)";

pub(crate) const BY_CONVERSATION: &str = "SELECT position, name, at, user_id, owner_id, conversation_id, message_id, run_id, version, removed, run_status
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
            conversation_id: row.conversation_id.map(|id| id.typed(ConversationId::from_uuid)),
            message_id: row.message_id.map(|id| id.typed(MessageId::from_uuid)),
            run_id: row.run_id.map(|id| id.typed(RunId::from_uuid)),
            version: row.version.map(version).transpose()?,
            removed,
            run_status: row.run_status.as_deref().map(RunStatus::from_word).transpose()?,
        })
    }
}
