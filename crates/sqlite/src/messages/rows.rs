//! Messages as rows.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Nullable, Text};
use domain::{
    ConversationId, FinishReason, Message, MessageId, MessageRole, MessageStatus, ModelName, WorkspaceId,
};

use crate::columns::{Id, Word, json, moment, optional_json, text, version};
use crate::errors::{Failure, Outcome};

/// A `SELECT` of whole messages, from a table or join in which they are called `m`.
macro_rules! select_messages {
    ($rest:literal) => {
        concat!(
            "SELECT m.id, m.workspace_id, m.conversation_id, m.parent_id, m.role, m.status, m.version, m.created_at, \
             m.edited_at, m.model, m.finish_reason, m.usage, m.failure, m.parts, m.effective_request, \
             m.flags ",
            $rest
        )
    };
}

pub(crate) use select_messages;

/// The SQL types of a whole message.
pub(super) type Types = (
    Binary,
    Binary,
    Binary,
    Nullable<Binary>,
    Text,
    Text,
    BigInt,
    BigInt,
    Nullable<BigInt>,
    Nullable<Text>,
    Nullable<Text>,
    Nullable<Text>,
    Nullable<Text>,
    Text,
    Nullable<Text>,
    Nullable<Text>,
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
    created_at: i64,
    edited_at: Option<i64>,
    model: Option<String>,
    finish_reason: Option<String>,
    usage: Option<String>,
    failure: Option<String>,
    parts: String,
    effective_request: Option<String>,
    flags: Option<String>,
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
            parts: json(&row.parts)?,
            status: MessageStatus::from_word(&row.status)?,
            version: version(row.version)?,
            model: row.model.as_deref().map(|name| text(name, ModelName::new)).transpose()?,
            finish_reason: row.finish_reason.as_deref().map(FinishReason::from_word).transpose()?,
            usage: optional_json(row.usage.as_deref())?,
            effective_request: optional_json(row.effective_request.as_deref())?,
            failure: optional_json(row.failure.as_deref())?,
            flags: optional_json(row.flags.as_deref())?.unwrap_or_default(),
            created_at: moment(row.created_at),
            edited_at: row.edited_at.map(moment),
        })
    }
}
