//! Tags, and which conversations have them.

use domain::{ConversationId, Tag, TagId};
use storage::Word;

use super::batch::Expected;
use super::plan::Plan;
use crate::errors::Outcome;
use crate::statement::values;

pub(super) fn create<'a>(plan: &mut Plan<'a>, tag: &'a Tag) -> Outcome<()> {
    plan.check_workspace(tag.workspace_id)?;
    plan.add(
        "INSERT INTO tags (id, workspace_id, owner_id, name, folded, color, version, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        values![
            tag.id,
            tag.workspace_id,
            tag.owner_id,
            tag.name.as_str(),
            tag.name.folded(),
            tag.color.word(),
            tag.version,
            tag.created_at,
            tag.updated_at,
        ],
        Expected::Anything,
    );
    Ok(())
}

pub(super) fn update<'a>(plan: &mut Plan<'a>, tag: &'a Tag) -> Outcome<()> {
    plan.check_workspace(tag.workspace_id)?;
    plan.add(
        "UPDATE tags SET name = $4, folded = $5, color = $6, version = $7, updated_at = $8
         WHERE id = $1 AND workspace_id = $2 AND version = $3",
        values![
            tag.id,
            tag.workspace_id,
            tag.version.previous(),
            tag.name.as_str(),
            tag.name.folded(),
            tag.color.word(),
            tag.version,
            tag.updated_at,
        ],
        Expected::Rows(1),
    );
    Ok(())
}

pub(super) fn delete(plan: &mut Plan<'_>, tag: &Tag) -> Outcome<()> {
    plan.check_workspace(tag.workspace_id)?;
    plan.add(
        "DELETE FROM tags WHERE id = $1 AND workspace_id = $2 AND version = $3",
        values![tag.id, tag.workspace_id, tag.version.previous()],
        Expected::Rows(1),
    );
    Ok(())
}

/// Gives a conversation a tag of its owner; a conflict when either is gone.
pub(super) fn attach(plan: &mut Plan<'_>, conversation_id: ConversationId, tag_id: TagId) {
    plan.add(
        "INSERT INTO conversation_tags (conversation_id, tag_id, workspace_id, owner_id)
         SELECT c.id, t.id, c.workspace_id, c.owner_id
         FROM conversations c JOIN tags t ON t.workspace_id = c.workspace_id AND t.owner_id = c.owner_id
         WHERE c.id = $1 AND t.id = $2 AND c.workspace_id = $3",
        values![conversation_id, tag_id, plan.workspace_id()],
        Expected::RowsInPlace(1),
    );
}

pub(super) fn detach(plan: &mut Plan<'_>, conversation_id: ConversationId, tag_id: TagId) {
    plan.add(
        "DELETE FROM conversation_tags WHERE conversation_id = $1 AND tag_id = $2 AND workspace_id = $3",
        values![conversation_id, tag_id, plan.workspace_id()],
        Expected::Rows(1),
    );
}
