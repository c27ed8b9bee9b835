//! Messages: posted, edited, deleted; each with its words for search.

use std::sync::LazyLock;

use domain::{ConversationId, Message, MessageEdit, MessageId, ModelName};
use storage::{MessageTexts, Word, search_words};

use super::batch::Expected;
use super::plan::Plan;
use crate::errors::Outcome;
use crate::statement::{Value, ids, made_json, made_jsonb, values};

/// How many messages one statement adds at most.
const AT_ONCE: usize = 8;
/// How many values each of them has beyond those that all share.
const VALUES: usize = 16;

/// The statements that add one message, two, and so on. Counting them draws their conversation in once a statement.
static POST: LazyLock<Vec<String>> = LazyLock::new(|| (1..=AT_ONCE).map(post_statement).collect());

fn post_statement(messages: usize) -> String {
    let rows: Vec<String> = (0..messages)
        .map(|message| {
            let own: Vec<String> =
                (0..VALUES).map(|value| format!("${}", 2 + message * VALUES + value)).collect();
            format!("({})", own.join(", "))
        })
        .collect();
    format!(
        "INSERT INTO messages (
             id, workspace_id, conversation_id, owner_id, parent_id, role, status, version, created_at, edited_at, model,
             finish_reason, usage, failure, parts, effective_request, flags, words
         )
         SELECT m.id, c.workspace_id, c.id, c.owner_id, m.parent_id, m.role, m.status, m.version, m.created_at,
             m.edited_at, m.model, m.finish_reason, m.usage, m.failure, m.parts, m.effective_request,
             m.flags, message_words(c.workspace_id, c.owner_id, m.role, m.words)
         FROM (VALUES {}) m (
             id, conversation_id, parent_id, role, status, version, created_at, edited_at, model, finish_reason, usage,
             failure, parts, effective_request, flags, words
         )
         JOIN conversations c ON c.id = m.conversation_id AND c.workspace_id = $1",
        rows.join(", ")
    )
}

/// Adds messages that were posted one right after the other.
pub(super) fn post<'a>(plan: &mut Plan<'a>, messages: &[&'a Message]) -> Outcome<()> {
    for group in messages.chunks(AT_ONCE) {
        let mut values: Vec<Value<'a>> = vec![plan.workspace_id().into()];
        for message in group {
            plan.check_workspace(message.workspace_id)?;
            let texts = MessageTexts::of(message)?;
            let own: [Value<'a>; VALUES] = [
                message.id.into(),
                message.conversation_id.into(),
                message.parent_id.into(),
                message.role.word().into(),
                message.status.word().into(),
                message.version.into(),
                message.created_at.into(),
                message.edited_at.into(),
                message.model.as_ref().map(ModelName::as_str).into(),
                message.finish_reason.map(Word::word).into(),
                made_jsonb(texts.usage),
                made_json(texts.failure),
                made_json(texts.parts),
                made_jsonb(texts.effective_request),
                made_jsonb(texts.flags),
                search_words(&message.parts.searchable_text()).into(),
            ];
            values.extend(own);
        }
        let parents = group.iter().filter_map(|message| message.parent_id).collect();
        plan.add_values(&POST[group.len() - 1], values, Expected::Messages { count: group.len(), parents });
    }
    Ok(())
}

pub(super) fn edit<'a>(plan: &mut Plan<'a>, message: &'a Message, edit: &MessageEdit) -> Outcome<()> {
    replace(plan, message)?;
    plan.add(
        "INSERT INTO message_edits (
             id, workspace_id, message_id, edited_by, edited_at, replaced_version, replaced_parts
         ) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        values![
            edit.id,
            plan.workspace_id(),
            edit.message_id,
            edit.edited_by,
            edit.edited_at,
            edit.replaced_version,
            made_json(serde_json::to_string(&edit.replaced_parts)?),
        ],
        Expected::Anything,
    );
    Ok(())
}

/// Replaces the version of a message before this one.
pub(super) fn replace<'a>(plan: &mut Plan<'a>, message: &'a Message) -> Outcome<()> {
    plan.check_workspace(message.workspace_id)?;
    let texts = MessageTexts::of(message)?;
    plan.add(
        "UPDATE messages
         SET status = $5, version = $6, edited_at = $7, model = $8, finish_reason = $9, usage = $10, failure = $11,
             parts = $12, effective_request = $13, flags = $14,
             words = message_words(workspace_id, owner_id, role, $15)
         WHERE id = $1 AND workspace_id = $2 AND conversation_id = $3 AND version = $4",
        values![
            message.id,
            message.workspace_id,
            message.conversation_id,
            message.version.previous(),
            message.status.word(),
            message.version,
            message.edited_at,
            message.model.as_ref().map(ModelName::as_str),
            message.finish_reason.map(Word::word),
            made_jsonb(texts.usage),
            made_json(texts.failure),
            made_json(texts.parts),
            made_jsonb(texts.effective_request),
            made_jsonb(texts.flags),
            search_words(&message.parts.searchable_text()),
        ],
        Expected::Rows(1),
    );
    Ok(())
}

/// Deletes messages that hang together; a conflict when they are not what is there, or when a message was posted under
/// one of them meanwhile.
pub(super) fn delete(plan: &mut Plan<'_>, conversation_id: ConversationId, removed: &[MessageId]) {
    plan.add(
        "DELETE FROM messages WHERE conversation_id = $1 AND workspace_id = $2 AND id = ANY ($3)",
        values![conversation_id, plan.workspace_id(), ids(removed.iter().map(|id| id.uuid()))],
        Expected::RowsInPlace(removed.len()),
    );
}
