//! Messages: posted, edited, deleted; each with its words in the full-text index.

use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};
use diesel::sql_types::BigInt;
use diesel::sqlite::SqliteConnection;
use domain::{ConversationId, Message, MessageEdit, MessageId, ModelName, UserId};
use storage::{MessageTexts, owner_word, rules};

use super::context::Context;
use crate::columns::{Word, id_list};
use crate::errors::{CONFLICT, Outcome, rejected};
use crate::statement::{execute, last_row, query, values};

pub(super) fn post(
    connection: &mut SqliteConnection,
    context: &mut Context<'_>,
    message: &Message,
) -> Outcome<()> {
    context.check_workspace(message.workspace_id)?;
    let owner_id = context.owner(connection, message.conversation_id)?;
    let texts = MessageTexts::of(message)?;
    let inserted = execute(
        connection,
        "INSERT INTO messages (
             id, workspace_id, conversation_id, parent_id, role, status, version, created_at, edited_at, model,
             finish_reason, usage, failure, parts, effective_request, flags
         ) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
        values![
            message.id,
            message.workspace_id,
            message.conversation_id,
            message.parent_id,
            message.role.word(),
            message.status.word(),
            message.version,
            message.created_at,
            message.edited_at,
            message.model.as_ref().map(ModelName::as_str),
            message.finish_reason.map(Word::word),
            texts.usage.as_deref(),
            texts.failure.as_deref(),
            &texts.parts,
            texts.effective_request.as_deref(),
            texts.flags.as_deref(),
        ],
    );
    match inserted {
        Ok(_) => {
            let words = message.parts.searchable_text();
            if words.is_empty() {
                return Ok(());
            }
            let seq = last_row(connection)?;
            index(connection, seq, owner_id, message, &words)
        }
        Err(Error::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _)) => {
            Err(missing_parent(connection, message)?)
        }
        Err(error) => Err(error.into()),
    }
}

pub(super) fn edit(
    connection: &mut SqliteConnection,
    context: &mut Context<'_>,
    message: &Message,
    edit: &MessageEdit,
) -> Outcome<()> {
    replace(connection, context, message)?;
    let replaced_parts = serde_json::to_string(&edit.replaced_parts)?;
    execute(
        connection,
        "INSERT INTO message_edits (id, message_id, edited_by, edited_at, replaced_version, replaced_parts)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        values![
            edit.id,
            edit.message_id,
            edit.edited_by,
            edit.edited_at,
            edit.replaced_version,
            &replaced_parts,
        ],
    )?;
    Ok(())
}

/// Replaces the version of a message before this one.
pub(super) fn replace(
    connection: &mut SqliteConnection,
    context: &mut Context<'_>,
    message: &Message,
) -> Outcome<()> {
    context.check_workspace(message.workspace_id)?;
    let owner_id = context.owner(connection, message.conversation_id)?;
    let texts = MessageTexts::of(message)?;
    let seq = query::<BigInt>(
        "SELECT seq FROM messages WHERE id = ?1 AND workspace_id = ?2 AND conversation_id = ?3 AND version = ?4",
        values![message.id, message.workspace_id, message.conversation_id, message.version.previous()],
    )
    .get_result::<i64>(connection)
    .optional()?
    .ok_or(CONFLICT)?;
    execute(
        connection,
        "UPDATE messages
         SET status = ?2, version = ?3, edited_at = ?4, model = ?5, finish_reason = ?6, usage = ?7, failure = ?8,
             parts = ?9, effective_request = ?10, flags = ?11
         WHERE seq = ?1",
        values![
            seq,
            message.status.word(),
            message.version,
            message.edited_at,
            message.model.as_ref().map(ModelName::as_str),
            message.finish_reason.map(Word::word),
            texts.usage.as_deref(),
            texts.failure.as_deref(),
            &texts.parts,
            texts.effective_request.as_deref(),
            texts.flags.as_deref(),
        ],
    )?;
    let words = message.parts.searchable_text();
    if words.is_empty() {
        execute(connection, "DELETE FROM messages_fts WHERE rowid = ?1", values![seq])?;
        return Ok(());
    }
    index(connection, seq, owner_id, message, &words)
}

/// Deletes messages that hang together; a conflict when they are not what is there.
pub(super) fn delete(
    connection: &mut SqliteConnection,
    context: &mut Context<'_>,
    conversation_id: ConversationId,
    removed: &[MessageId],
) -> Outcome<()> {
    context.owner(connection, conversation_id)?;
    let ids = id_list(removed.iter().map(|id| id.uuid()));
    let deleted = execute(
        connection,
        "DELETE FROM messages
         WHERE conversation_id = ?1 AND id IN (SELECT unhex(value) FROM json_each(?2))",
        values![conversation_id, &ids],
    );
    match deleted {
        Ok(count) if count == removed.len() => Ok(()),
        // A message was posted under one of these, or one of these is gone already.
        Ok(_) | Err(Error::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _)) => Err(CONFLICT),
        Err(error) => Err(error.into()),
    }
}

/// Puts what a message says into the full-text index, in the place of what it said before.
fn index(
    connection: &mut SqliteConnection,
    seq: i64,
    owner_id: UserId,
    message: &Message,
    words: &str,
) -> Outcome<()> {
    execute(
        connection,
        "INSERT OR REPLACE INTO messages_fts (rowid, owner, role, words) VALUES (?1, ?2, ?3, ?4)",
        values![seq, &owner_word(message.workspace_id, owner_id), message.role.word(), words],
    )?;
    Ok(())
}

/// Why the place of a message does not exist: its parent stands elsewhere, or is gone.
fn missing_parent(connection: &mut SqliteConnection, message: &Message) -> Outcome<crate::errors::Failure> {
    let parents = query::<BigInt>(
        "SELECT count(*) FROM messages WHERE id = ?1 AND workspace_id = ?2",
        values![message.parent_id, message.workspace_id],
    )
    .get_result::<i64>(connection)?;
    Ok(match parents {
        0 => CONFLICT,
        _ => rejected(rules::FOREIGN_PARENT),
    })
}
