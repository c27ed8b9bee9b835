//! Annotations.

use domain::{Annotation, NoteText, Rating};
use storage::Word;

use super::batch::Expected;
use super::plan::Plan;
use crate::errors::Outcome;
use crate::statement::values;

/// A conflict when the message is gone.
pub(super) fn create<'a>(plan: &mut Plan<'a>, annotation: &'a Annotation) -> Outcome<()> {
    plan.check_workspace(annotation.workspace_id)?;
    let content = &annotation.content;
    plan.add(
        "INSERT INTO annotations (
             id, workspace_id, conversation_id, message_id, author_id, kind, rating, note, version, created_at, updated_at
         )
         SELECT $1, m.workspace_id, m.conversation_id, m.id, $5, $6, $7, $8, $9, $10, $11
         FROM messages m WHERE m.id = $4 AND m.conversation_id = $3 AND m.workspace_id = $2",
        values![
            annotation.id,
            annotation.workspace_id,
            annotation.conversation_id,
            annotation.message_id,
            annotation.author_id,
            content.kind().word(),
            content.rating().map(Rating::word),
            content.note().map(NoteText::as_str),
            annotation.version,
            annotation.created_at,
            annotation.updated_at,
        ],
        Expected::RowsInPlace(1),
    );
    Ok(())
}

pub(super) fn update<'a>(plan: &mut Plan<'a>, annotation: &'a Annotation) -> Outcome<()> {
    plan.check_workspace(annotation.workspace_id)?;
    let content = &annotation.content;
    plan.add(
        "UPDATE annotations SET rating = $5, note = $6, version = $7, updated_at = $8
         WHERE id = $1 AND workspace_id = $2 AND version = $3 AND kind = $4",
        values![
            annotation.id,
            annotation.workspace_id,
            annotation.version.previous(),
            content.kind().word(),
            content.rating().map(Rating::word),
            content.note().map(NoteText::as_str),
            annotation.version,
            annotation.updated_at,
        ],
        Expected::Rows(1),
    );
    Ok(())
}

pub(super) fn delete(plan: &mut Plan<'_>, annotation: &Annotation) -> Outcome<()> {
    plan.check_workspace(annotation.workspace_id)?;
    plan.add(
        "DELETE FROM annotations WHERE id = $1 AND workspace_id = $2 AND version = $3",
        values![annotation.id, annotation.workspace_id, annotation.version.previous()],
        Expected::Rows(1),
    );
    Ok(())
}
