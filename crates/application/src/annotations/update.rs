//! `annotation.update`

use async_trait::async_trait;
use domain::{Annotation, AnnotationContent, AnnotationId, Event, NoteText, Permission, Rating, Version};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::AnnotationView;
use super::create::note_without_rating;
use crate::bus::{Command, Context, Decision, Handler};
use crate::conversations::present;
use crate::{Error, Services, access};

/// Changes what is given and leaves the rest. A remark stays a remark, and a judgement a judgement.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateAnnotation {
    /// Which annotation.
    pub annotation_id: AnnotationId,
    /// The version that the change was made from; a later one refuses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_version: Option<Version>,
    /// The new judgement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rating: Option<Rating>,
    /// The new remark; beside a judgement, why, and `null` for no reason.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<NoteText>")]
    pub note: Option<Option<NoteText>>,
}

impl UpdateAnnotation {
    fn changed(&self, content: &AnnotationContent) -> Result<AnnotationContent, Error> {
        match (content, self.rating, self.note.clone()) {
            (AnnotationContent::Rating { rating, note }, new_rating, new_note) => {
                Ok(AnnotationContent::Rating {
                    rating: new_rating.unwrap_or(*rating),
                    note: new_note.unwrap_or_else(|| note.clone()),
                })
            }
            (AnnotationContent::Note { .. }, Some(_), _) => Err(note_without_rating()),
            (AnnotationContent::Note { .. }, None, Some(None)) => {
                Err(Error::invalid_field("/note", "required", "a note needs some words; delete it instead"))
            }
            (AnnotationContent::Note { note }, None, new_note) => {
                Ok(AnnotationContent::Note { note: new_note.flatten().unwrap_or_else(|| note.clone()) })
            }
        }
    }
}

impl Command for UpdateAnnotation {
    const NAME: &'static str = "annotation.update";
    const PERMISSION: Permission = Permission::Write;
    type Output = AnnotationView;
}

#[async_trait]
impl Handler for UpdateAnnotation {
    async fn handle(
        &self,
        services: &Services,
        context: &Context,
    ) -> Result<Decision<AnnotationView>, Error> {
        let annotation = access::annotation(services, &context.actor, self.annotation_id).await?;
        access::check_version(self.expected_version, annotation.version)?;
        let says = self.changed(&annotation.content)?;
        if says == annotation.content {
            let version = annotation.version;
            return Ok(Decision::unchanged(annotation.into()).version(version));
        }
        let updated = Annotation { content: says, ..touched(services, annotation) };
        let (version, view) = (updated.version, AnnotationView::from(updated.clone()));
        let events = vec![Event::AnnotationUpdated(updated)];
        Ok(Decision::commit(services, context, events, view).version(version))
    }
}

/// The annotation one version on.
pub(super) fn touched(services: &Services, annotation: Annotation) -> Annotation {
    let updated_at = annotation.updated_at.max(services.ports.clock.now());
    Annotation { version: annotation.version.next(), updated_at, ..annotation }
}
