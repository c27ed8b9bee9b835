//! `annotation.create`

use async_trait::async_trait;
use domain::{
    Annotation, AnnotationContent, AnnotationId, AnnotationKind, Event, MessageId, NoteText, Permission,
    Rating, Version,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use validator::Validate;

use super::AnnotationView;
use crate::bus::{Command, Context, Decision, Handler};
use crate::{Error, Services, access};

/// Writes something beside a message that the person who asks may read, or judges it. Only they see it. They have one
/// judgement of a message, and any number of remarks.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("oneOf" = alternatives()))]
pub struct CreateAnnotation {
    /// Which message.
    pub message_id: MessageId,
    /// Whether it is a judgement or a remark, for good.
    pub kind: AnnotationKind,
    /// The judgement; none for a remark.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rating: Option<Rating>,
    /// The remark; beside a judgement, why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<NoteText>,
}

/// What goes with which kind, as a JSON Schema.
fn alternatives() -> Value {
    json!([
        {
            "required": ["rating"],
            "properties": {"kind": {"const": "rating"}, "rating": {"enum": ["up", "down"]}},
        },
        {
            "required": ["note"],
            "properties": {"kind": {"const": "note"}, "note": {"type": "string"}, "rating": {"type": "null"}},
        },
    ])
}

impl CreateAnnotation {
    fn content(&self) -> Result<AnnotationContent, Error> {
        match (self.kind, self.rating, self.note.clone()) {
            (AnnotationKind::Rating, Some(rating), note) => Ok(AnnotationContent::Rating { rating, note }),
            (AnnotationKind::Rating, None, _) => {
                Err(Error::invalid_field("/rating", "required", "a rating needs up or down"))
            }
            (AnnotationKind::Note, None, Some(note)) => Ok(AnnotationContent::Note { note }),
            (AnnotationKind::Note, None, None) => {
                Err(Error::invalid_field("/note", "required", "a note needs some words"))
            }
            (AnnotationKind::Note, Some(_), _) => Err(note_without_rating()),
        }
    }
}

/// The refusal of a judgement where there is a remark.
pub(super) fn note_without_rating() -> Error {
    Error::invalid_field("/rating", "exclusive", "a note has no rating; rate the message beside it")
}

impl Command for CreateAnnotation {
    const NAME: &'static str = "annotation.create";
    const PERMISSION: Permission = Permission::Write;
    type Output = AnnotationView;
}

#[async_trait]
impl Handler for CreateAnnotation {
    async fn handle(
        &self,
        services: &Services,
        context: &Context,
    ) -> Result<Decision<AnnotationView>, Error> {
        let says = self.content()?;
        let message = access::message(services, &context.actor, self.message_id).await?;
        let at = services.ports.clock.now();
        let annotation = Annotation {
            id: AnnotationId::from_uuid(services.ports.ids.uuid()),
            workspace_id: context.actor.workspace_id,
            conversation_id: message.conversation_id,
            message_id: message.id,
            author_id: context.actor.user_id,
            content: says,
            version: Version::FIRST,
            created_at: at,
            updated_at: at,
        };
        let (version, view) = (annotation.version, AnnotationView::from(annotation.clone()));
        let events = vec![Event::AnnotationCreated(annotation)];
        Ok(Decision::commit(services, context, events, view).version(version))
    }
}
