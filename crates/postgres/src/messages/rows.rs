//! Messages as rows.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Json, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use domain::ports::ThreadMessage;
use domain::{
    ConversationId, FinishReason, Message, MessageId, MessageRole, MessageStatus, ModelName, WorkspaceId,
};
use serde::de::DeserializeOwned;
use storage::{Word, text, version};

use crate::columns::{Id, JsonText, Moment};
use crate::errors::{Failure, Outcome};

/// A `SELECT` of whole messages, from a table or join in which they are called `m`.
macro_rules! select_messages {
    ($rest:literal) => {
        concat!(
            "SELECT m.id, m.workspace_id, m.conversation_id, m.parent_id, m.role, m.status, m.version, m.created_at, \
             m.edited_at, m.model, m.finish_reason, m.usage, m.failure, m.parts, m.effective_request, \
             m.flags FROM ",
            $rest
        )
    };
}

/// A `SELECT` of whole messages and of all that stand under the same parent, oldest first, from a join in which the
/// messages are called `m` and their conversation `c`.
macro_rules! select_thread {
    ($rest:literal) => {
        concat!(
            "SELECT m.id, m.workspace_id, m.conversation_id, m.parent_id, m.role, m.status, m.version, m.created_at, \
             m.edited_at, m.model, m.finish_reason, m.usage, m.failure, m.parts, m.effective_request, \
             m.flags, CASE WHEN m.parent_id IS NULL THEN ARRAY(
                 SELECT s.id FROM messages s
                 WHERE s.conversation_id = m.conversation_id AND s.parent_id IS NULL
                     AND s.id >= c.oldest_message_id AND s.id <= c.newest_message_id
                 ORDER BY s.id
             ) ELSE ARRAY(
                 SELECT s.id FROM messages s
                 WHERE s.conversation_id = m.conversation_id AND s.parent_id = m.parent_id
                     AND s.id >= c.oldest_message_id AND s.id <= c.newest_message_id
                 ORDER BY s.id
             ) END FROM ",
            $rest
        )
    };
}

pub(super) use {select_messages, select_thread};

/// The SQL types of a whole message.
pub(super) type Types = (
    SqlUuid,
    SqlUuid,
    SqlUuid,
    Nullable<SqlUuid>,
    Text,
    Text,
    BigInt,
    Timestamptz,
    Nullable<Timestamptz>,
    Nullable<Text>,
    Nullable<Text>,
    Nullable<Jsonb>,
    Nullable<Json>,
    Json,
    Nullable<Jsonb>,
    Nullable<Jsonb>,
);

/// A whole message.
#[derive(Queryable)]
pub(super) struct Row {
    id: Id,
    workspace_id: Id,
    conversation_id: Id,
    parent_id: Option<Id>,
    role: String,
    status: String,
    version: i64,
    created_at: Moment,
    edited_at: Option<Moment>,
    model: Option<String>,
    finish_reason: Option<String>,
    usage: Option<JsonText>,
    failure: Option<JsonText>,
    parts: JsonText,
    effective_request: Option<JsonText>,
    flags: Option<JsonText>,
}

/// The SQL types of a whole message and its siblings.
pub(super) type ThreadTypes = (Types, Array<SqlUuid>);

/// A whole message and its siblings.
#[derive(Queryable)]
pub(super) struct ThreadRow {
    message: Row,
    siblings: Vec<Id>,
}

impl TryFrom<Row> for Message {
    type Error = Failure;

    fn try_from(row: Row) -> Outcome<Self> {
        Ok(Self {
            id: row.id.typed(MessageId::from_uuid),
            workspace_id: row.workspace_id.typed(WorkspaceId::from_uuid),
            conversation_id: row.conversation_id.typed(ConversationId::from_uuid),
            parent_id: row.parent_id.map(|id| id.typed(MessageId::from_uuid)),
            role: MessageRole::from_word(&row.role)?,
            parts: row.parts.value()?,
            status: MessageStatus::from_word(&row.status)?,
            version: version(row.version)?,
            model: row.model.as_deref().map(|name| text(name, ModelName::new)).transpose()?,
            finish_reason: row.finish_reason.as_deref().map(FinishReason::from_word).transpose()?,
            usage: optional(row.usage)?,
            effective_request: optional(row.effective_request)?,
            failure: optional(row.failure)?,
            flags: optional(row.flags)?.unwrap_or_default(),
            created_at: row.created_at.into(),
            edited_at: row.edited_at.map(Into::into),
        })
    }
}

impl TryFrom<ThreadRow> for ThreadMessage {
    type Error = Failure;

    fn try_from(row: ThreadRow) -> Outcome<Self> {
        let siblings = row.siblings.into_iter().map(|id| id.typed(MessageId::from_uuid)).collect();
        Ok(Self { message: row.message.try_into()?, siblings })
    }
}

fn optional<T: DeserializeOwned>(text: Option<JsonText>) -> Outcome<Option<T>> {
    Ok(text.map(|text| text.value()).transpose()?)
}
