//! `tag.create`

use async_trait::async_trait;
use domain::{Event, Permission, Tag, TagColor, TagId, TagName, Version};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::TagView;
use crate::bus::{Command, Context, Decision, Handler};
use crate::{Error, Services};

/// Makes a tag, which only the person who asks sees. They have one of a name, whatever the case.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateTag {
    /// What it is called.
    pub name: TagName,
    /// How it is shown; gray when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub color: Option<TagColor>,
}

impl Command for CreateTag {
    const NAME: &'static str = "tag.create";
    const PERMISSION: Permission = Permission::Write;
    type Output = TagView;
}

#[async_trait]
impl Handler for CreateTag {
    async fn handle(&self, services: &Services, context: &Context) -> Result<Decision<TagView>, Error> {
        let at = services.ports.clock.now();
        let tag = Tag {
            id: TagId::from_uuid(services.ports.ids.uuid()),
            workspace_id: context.actor.workspace_id,
            owner_id: context.actor.user_id,
            name: self.name.clone(),
            color: self.color.unwrap_or_default(),
            version: Version::FIRST,
            created_at: at,
            updated_at: at,
        };
        let (version, view) = (tag.version, TagView::from(tag.clone()));
        Ok(Decision::commit(services, context, vec![Event::TagCreated(tag)], view).version(version))
    }
}
