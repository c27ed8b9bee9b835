//! Tags, and which conversations have them.

use diesel::sqlite::SqliteConnection;
use domain::{ConversationId, Tag, TagId};

use super::context::Context;
use crate::columns::Word;
use crate::errors::{Outcome, expect_one};
use crate::statement::{execute, values};

pub(super) fn create(connection: &mut SqliteConnection, context: &Context<'_>, tag: &Tag) -> Outcome<()> {
    context.check_workspace(tag.workspace_id)?;
    execute(
        connection,
        "INSERT INTO tags (id, workspace_id, owner_id, name, folded, color, version, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        values![
            tag.id,
            tag.workspace_id,
            tag.owner_id,
            tag.name.as_str(),
            &tag.name.folded(),
            tag.color.word(),
            tag.version,
            tag.created_at,
            tag.updated_at,
        ],
    )?;
    Ok(())
}

pub(super) fn update(connection: &mut SqliteConnection, context: &Context<'_>, tag: &Tag) -> Outcome<()> {
    context.check_workspace(tag.workspace_id)?;
    expect_one(execute(
        connection,
        "UPDATE tags SET name = ?4, folded = ?5, color = ?6, version = ?7, updated_at = ?8
         WHERE id = ?1 AND workspace_id = ?2 AND version = ?3",
        values![
            tag.id,
            tag.workspace_id,
            tag.version.previous(),
            tag.name.as_str(),
            &tag.name.folded(),
            tag.color.word(),
            tag.version,
            tag.updated_at,
        ],
    )?)
}

pub(super) fn delete(connection: &mut SqliteConnection, context: &Context<'_>, tag: &Tag) -> Outcome<()> {
    context.check_workspace(tag.workspace_id)?;
    expect_one(execute(
        connection,
        "DELETE FROM tags WHERE id = ?1 AND workspace_id = ?2 AND version = ?3",
        values![tag.id, tag.workspace_id, tag.version.previous()],
    )?)
}

/// Gives a conversation a tag of its owner; a conflict when either is gone.
pub(super) fn attach(
    connection: &mut SqliteConnection,
    context: &Context<'_>,
    conversation_id: ConversationId,
    tag_id: TagId,
) -> Outcome<()> {
    expect_one(execute(
        connection,
        "INSERT INTO conversation_tags (conversation_id, tag_id)
         SELECT c.id, t.id
         FROM conversations c JOIN tags t ON t.owner_id = c.owner_id AND t.workspace_id = c.workspace_id
         WHERE c.id = ?1 AND t.id = ?2 AND c.workspace_id = ?3",
        values![conversation_id, tag_id, context.workspace_id],
    )?)
}

pub(super) fn detach(
    connection: &mut SqliteConnection,
    context: &Context<'_>,
    conversation_id: ConversationId,
    tag_id: TagId,
) -> Outcome<()> {
    expect_one(execute(
        connection,
        "DELETE FROM conversation_tags
         WHERE conversation_id = ?1 AND tag_id = (SELECT id FROM tags WHERE id = ?2 AND workspace_id = ?3)",
        values![conversation_id, tag_id, context.workspace_id],
    )?)
}
