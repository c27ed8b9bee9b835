//! Conversations: created, replaced by their next version, deleted with all they hold.

use diesel::sqlite::SqliteConnection;
use domain::{Conversation, Event, ModelName, SystemPrompt};
use storage::leaf_changes;

use super::context::Context;
use crate::columns::Word;
use crate::errors::{CONFLICT, Outcome};
use crate::statement::{execute, values};

pub(super) fn create(
    connection: &mut SqliteConnection,
    context: &mut Context<'_>,
    conversation: &Conversation,
) -> Outcome<()> {
    context.check_workspace(conversation.workspace_id)?;
    let parameters = serde_json::to_string(&conversation.parameters)?;
    execute(
        connection,
        "INSERT INTO conversations (
             id, workspace_id, owner_id, pinned, archived, version, created_at, updated_at, title, title_folded,
             title_origin, model, parameters, forked_from_conversation_id, forked_from_message_id, system_prompt,
             project_id
         ) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
        values![
            conversation.id,
            conversation.workspace_id,
            conversation.owner_id,
            conversation.pinned,
            conversation.archived,
            conversation.version,
            conversation.created_at,
            conversation.updated_at,
            conversation.title.as_str(),
            &conversation.title.as_str().to_lowercase(),
            conversation.title_origin.word(),
            conversation.model.as_ref().map(ModelName::as_str),
            &parameters,
            conversation.forked_from.map(|origin| origin.conversation_id),
            conversation.forked_from.map(|origin| origin.message_id),
            conversation.system_prompt.as_ref().map(SystemPrompt::as_str),
            conversation.project_id,
        ],
    )?;
    context.remember_owner(conversation.id, conversation.owner_id);
    Ok(())
}

pub(super) fn update(
    connection: &mut SqliteConnection,
    context: &mut Context<'_>,
    conversation: &Conversation,
) -> Outcome<()> {
    context.check_workspace(conversation.workspace_id)?;
    let parameters = serde_json::to_string(&conversation.parameters)?;
    let updated = execute(
        connection,
        "UPDATE conversations
         SET pinned = ?5, archived = ?6, version = ?7, updated_at = ?8, title = ?9, title_folded = ?10,
             title_origin = ?11, model = ?12, parameters = ?13, system_prompt = ?14,
             project_id = ?15
         WHERE id = ?1 AND workspace_id = ?2 AND owner_id = ?3 AND version = ?4",
        values![
            conversation.id,
            conversation.workspace_id,
            conversation.owner_id,
            conversation.version.previous(),
            conversation.pinned,
            conversation.archived,
            conversation.version,
            conversation.updated_at,
            conversation.title.as_str(),
            &conversation.title.as_str().to_lowercase(),
            conversation.title_origin.word(),
            conversation.model.as_ref().map(ModelName::as_str),
            &parameters,
            conversation.system_prompt.as_ref().map(SystemPrompt::as_str),
            conversation.project_id,
        ],
    )?;
    if updated == 0 {
        return Err(CONFLICT);
    }
    context.remember_owner(conversation.id, conversation.owner_id);
    Ok(())
}

pub(super) fn delete(
    connection: &mut SqliteConnection,
    context: &mut Context<'_>,
    conversation: &Conversation,
) -> Outcome<()> {
    context.check_workspace(conversation.workspace_id)?;
    let deleted = execute(
        connection,
        "DELETE FROM conversations WHERE id = ?1 AND workspace_id = ?2 AND version = ?3",
        values![conversation.id, conversation.workspace_id, conversation.version.previous()],
    )?;
    if deleted == 0 {
        return Err(CONFLICT);
    }
    context.forget();
    Ok(())
}

/// Points each conversation at its active leaf, once all messages of the unit are there.
pub(super) fn set_leaves(connection: &mut SqliteConnection, events: &[Event]) -> Outcome<()> {
    for (conversation_id, leaf) in leaf_changes(events) {
        execute(
            connection,
            "UPDATE conversations SET active_leaf_id = ?1 WHERE id = ?2 AND active_leaf_id IS NOT ?1",
            values![leaf, conversation_id],
        )?;
    }
    Ok(())
}
