//! Annotations.

use diesel::sqlite::SqliteConnection;
use domain::{Annotation, NoteText, Rating};

use super::context::Context;
use crate::columns::Word;
use crate::errors::{Outcome, expect_one};
use crate::statement::{execute, values};

/// A conflict when the message is gone.
pub(super) fn create(
    connection: &mut SqliteConnection,
    context: &Context<'_>,
    annotation: &Annotation,
) -> Outcome<()> {
    context.check_workspace(annotation.workspace_id)?;
    let says = &annotation.content;
    expect_one(execute(
        connection,
        "INSERT INTO annotations (
             id, workspace_id, conversation_id, message_id, author_id, kind, rating, note, version, created_at, updated_at
         )
         SELECT ?1, m.workspace_id, m.conversation_id, m.id, ?5, ?6, ?7, ?8, ?9, ?10, ?11
         FROM messages m WHERE m.id = ?4 AND m.conversation_id = ?3 AND m.workspace_id = ?2",
        values![
            annotation.id,
            annotation.workspace_id,
            annotation.conversation_id,
            annotation.message_id,
            annotation.author_id,
            says.kind().word(),
            says.rating().map(Rating::word),
            says.note().map(NoteText::as_str),
            annotation.version,
            annotation.created_at,
            annotation.updated_at,
        ],
    )?)
}

pub(super) fn update(
    connection: &mut SqliteConnection,
    context: &Context<'_>,
    annotation: &Annotation,
) -> Outcome<()> {
    context.check_workspace(annotation.workspace_id)?;
    let says = &annotation.content;
    expect_one(execute(
        connection,
        "UPDATE annotations SET rating = ?5, note = ?6, version = ?7, updated_at = ?8
         WHERE id = ?1 AND workspace_id = ?2 AND version = ?3 AND kind = ?4",
        values![
            annotation.id,
            annotation.workspace_id,
            annotation.version.previous(),
            says.kind().word(),
            says.rating().map(Rating::word),
            says.note().map(NoteText::as_str),
            annotation.version,
            annotation.updated_at,
        ],
    )?)
}

pub(super) fn delete(
    connection: &mut SqliteConnection,
    context: &Context<'_>,
    annotation: &Annotation,
) -> Outcome<()> {
    context.check_workspace(annotation.workspace_id)?;
    expect_one(execute(
        connection,
        "DELETE FROM annotations WHERE id = ?1 AND workspace_id = ?2 AND version = ?3",
        values![annotation.id, annotation.workspace_id, annotation.version.previous()],
    )?)
}
