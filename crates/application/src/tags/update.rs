//! `tag.update`

use async_trait::async_trait;
use domain::{Event, Permission, Tag, TagColor, TagId, TagName, Version};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::TagView;
use crate::bus::{Command, Context, Decision, Handler};
use crate::{Error, Services, access};

/// Changes what is given and leaves the rest.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateTag {
    /// Which tag.
    pub tag_id: TagId,
    /// The version that the change was made from; a later one refuses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_version: Option<Version>,
    /// The new name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<TagName>,
    /// How it is shown from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub color: Option<TagColor>,
}

impl Command for UpdateTag {
    const NAME: &'static str = "tag.update";
    const PERMISSION: Permission = Permission::Write;
    type Output = TagView;
}

#[async_trait]
impl Handler for UpdateTag {
    async fn handle(&self, services: &Services, context: &Context) -> Result<Decision<TagView>, Error> {
        let tag = access::tag(services, &context.actor, self.tag_id).await?;
        access::check_version(self.expected_version, tag.version)?;
        let name = self.name.clone().unwrap_or_else(|| tag.name.clone());
        let color = self.color.unwrap_or(tag.color);
        if (&name, color) == (&tag.name, tag.color) {
            let version = tag.version;
            return Ok(Decision::unchanged(tag.into()).version(version));
        }
        let updated = Tag { name, color, ..touched(services, tag) };
        let (version, view) = (updated.version, TagView::from(updated.clone()));
        Ok(Decision::commit(services, context, vec![Event::TagUpdated(updated)], view).version(version))
    }
}

/// The tag one version on.
pub(super) fn touched(services: &Services, tag: Tag) -> Tag {
    let updated_at = tag.updated_at.max(services.ports.clock.now());
    Tag { version: tag.version.next(), updated_at, ..tag }
}
