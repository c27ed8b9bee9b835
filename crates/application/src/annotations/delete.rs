//! `annotation.delete`

use async_trait::async_trait;
use domain::{AnnotationId, Event, Permission, Version};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::update::touched;
use crate::bus::{Command, Context, Decision, Handler};
use crate::{Error, Services, access};

/// Deletes an annotation.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteAnnotation {
    /// Which annotation.
    pub annotation_id: AnnotationId,
    /// The version that the caller saw; a later one refuses the deletion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_version: Option<Version>,
}

impl Command for DeleteAnnotation {
    const NAME: &'static str = "annotation.delete";
    const PERMISSION: Permission = Permission::Write;
    type Output = ();
}

#[async_trait]
impl Handler for DeleteAnnotation {
    async fn handle(&self, services: &Services, context: &Context) -> Result<Decision<()>, Error> {
        let annotation = access::annotation(services, &context.actor, self.annotation_id).await?;
        access::check_version(self.expected_version, annotation.version)?;
        let events = vec![Event::AnnotationDeleted(touched(services, annotation))];
        Ok(Decision::commit(services, context, events, ()))
    }
}
