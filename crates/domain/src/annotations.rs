//! Annotations: what a person thinks of a message.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::text::{InvalidText, text_type};
use crate::{AnnotationId, ConversationId, MessageId, Timestamp, UserId, Version, WorkspaceId};

/// What a person wrote beside a message, or how they judge it. Nobody else sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotation {
    /// Its identifier.
    pub id: AnnotationId,
    /// The tenant.
    pub workspace_id: WorkspaceId,
    /// The conversation of the message.
    pub conversation_id: ConversationId,
    /// The message.
    pub message_id: MessageId,
    /// Whose it is.
    pub author_id: UserId,
    /// What it says.
    pub content: AnnotationContent,
    /// For optimistic locking.
    pub version: Version,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// What an annotation says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnnotationContent {
    /// A judgement. A person has one of a message.
    Rating {
        /// Good or bad.
        rating: Rating,
        /// Why.
        note: Option<NoteText>,
    },
    /// A remark.
    Note {
        /// What it says.
        note: NoteText,
    },
}

impl AnnotationContent {
    /// What kind it is, which never changes.
    pub const fn kind(&self) -> AnnotationKind {
        match self {
            Self::Rating { .. } => AnnotationKind::Rating,
            Self::Note { .. } => AnnotationKind::Note,
        }
    }

    /// The judgement, where it is one.
    pub const fn rating(&self) -> Option<Rating> {
        match self {
            Self::Rating { rating, .. } => Some(*rating),
            Self::Note { .. } => None,
        }
    }

    /// What is written, where anything is.
    pub const fn note(&self) -> Option<&NoteText> {
        match self {
            Self::Rating { note, .. } => note.as_ref(),
            Self::Note { note } => Some(note),
        }
    }
}

/// What kind of annotation something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum AnnotationKind {
    /// A judgement.
    Rating,
    /// A remark.
    Note,
}

/// Good or bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Rating {
    /// Good.
    Up,
    /// Bad.
    Down,
}

text_type! {
    /// What a note says: 1 to 4,000 characters, line breaks allowed.
    NoteText, max 4_000, parse parse_note
}

fn parse_note(text: &str) -> Result<String, InvalidText> {
    let text = text.trim();
    if text.is_empty() {
        return Err(InvalidText::Empty);
    }
    if text.chars().count() > NoteText::MAX_CHARACTERS {
        return Err(InvalidText::TooLong { limit: NoteText::MAX_CHARACTERS });
    }
    if text.contains('\0') {
        return Err(InvalidText::ControlCharacter);
    }
    Ok(text.to_owned())
}
