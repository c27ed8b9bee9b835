//! Conversations: created, replaced by their next version, deleted with all they hold.

use domain::{Conversation, ConversationId, MessageId, ModelName, SystemPrompt};
use storage::Word;

use super::batch::Expected;
use super::plan::Plan;
use crate::errors::Outcome;
use crate::statement::{made_jsonb, values};

pub(super) fn create<'a>(plan: &mut Plan<'a>, conversation: &'a Conversation) -> Outcome<()> {
    plan.check_workspace(conversation.workspace_id)?;
    plan.add(
        "INSERT INTO conversations (
             id, workspace_id, owner_id, pinned, archived, version, created_at, updated_at, title, title_folded,
             title_origin, model, parameters, forked_from_conversation_id, forked_from_message_id, system_prompt,
             project_id
         ) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
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
            conversation.title.as_str().to_lowercase(),
            conversation.title_origin.word(),
            conversation.model.as_ref().map(ModelName::as_str),
            made_jsonb(serde_json::to_string(&conversation.parameters)?),
            conversation.forked_from.map(|origin| origin.conversation_id),
            conversation.forked_from.map(|origin| origin.message_id),
            conversation.system_prompt.as_ref().map(SystemPrompt::as_str),
            conversation.project_id,
        ],
        Expected::Anything,
    );
    Ok(())
}

/// Replaces a version by the next one; with its leaf, where that is the last word on it and all messages are there.
pub(super) fn update<'a>(
    plan: &mut Plan<'a>,
    conversation: &'a Conversation,
    with_leaf: bool,
) -> Outcome<()> {
    plan.check_workspace(conversation.workspace_id)?;
    plan.add(
        "UPDATE conversations
         SET pinned = $5, archived = $6, version = $7, updated_at = $8, title = $9, title_folded = $10,
             title_origin = $11, model = $12, parameters = $13, system_prompt = $14,
             active_leaf_id = CASE WHEN $15 THEN $16 ELSE active_leaf_id END, project_id = $17
         WHERE id = $1 AND workspace_id = $2 AND owner_id = $3 AND version = $4",
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
            conversation.title.as_str().to_lowercase(),
            conversation.title_origin.word(),
            conversation.model.as_ref().map(ModelName::as_str),
            made_jsonb(serde_json::to_string(&conversation.parameters)?),
            conversation.system_prompt.as_ref().map(SystemPrompt::as_str),
            with_leaf,
            conversation.active_leaf_id.filter(|_| with_leaf),
            conversation.project_id,
        ],
        Expected::Rows(1),
    );
    Ok(())
}

pub(super) fn delete(plan: &mut Plan<'_>, conversation: &Conversation) -> Outcome<()> {
    plan.check_workspace(conversation.workspace_id)?;
    plan.add(
        "DELETE FROM conversations WHERE id = $1 AND workspace_id = $2 AND version = $3",
        values![conversation.id, conversation.workspace_id, conversation.version.previous()],
        Expected::Rows(1),
    );
    Ok(())
}

/// Points a conversation at its active leaf, once all messages of the unit are there.
pub(super) fn set_leaf(plan: &mut Plan<'_>, conversation_id: ConversationId, leaf: Option<MessageId>) {
    plan.add(
        "UPDATE conversations SET active_leaf_id = $1
         WHERE id = $2 AND workspace_id = $3 AND active_leaf_id IS DISTINCT FROM $1",
        values![leaf, conversation_id, plan.workspace_id()],
        Expected::Anything,
    );
}
