//! What people see of an annotation.

use domain::{
    Annotation, AnnotationContent, AnnotationId, AnnotationKind, ConversationId, MessageId, NoteText, Rating,
    Timestamp, Version,
};
use schemars::JsonSchema;
use serde::Serialize;

/// What a person wrote beside a message, or how they judge it. Nobody else sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(title = "Annotation")]
pub struct AnnotationView {
    /// Its identifier.
    pub id: AnnotationId,
    /// The conversation of the message.
    pub conversation_id: ConversationId,
    /// The message.
    pub message_id: MessageId,
    /// Whether it is a judgement or a remark.
    pub kind: AnnotationKind,
    /// The judgement; `null` for a remark.
    pub rating: Option<Rating>,
    /// The remark, or why somebody judges so.
    pub note: Option<NoteText>,
    /// For optimistic locking; also the strong `ETag`.
    pub version: Version,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl From<Annotation> for AnnotationView {
    fn from(annotation: Annotation) -> Self {
        let kind = annotation.content.kind();
        let (rating, note) = match annotation.content {
            AnnotationContent::Rating { rating, note } => (Some(rating), note),
            AnnotationContent::Note { note } => (None, Some(note)),
        };
        Self {
            id: annotation.id,
            conversation_id: annotation.conversation_id,
            message_id: annotation.message_id,
            kind,
            rating,
            note,
            version: annotation.version,
            created_at: annotation.created_at,
            updated_at: annotation.updated_at,
        }
    }
}
