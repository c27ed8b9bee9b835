//! `tag.delete`

use async_trait::async_trait;
use domain::{Event, Permission, TagId, Version};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::update::touched;
use crate::bus::{Command, Context, Decision, Handler};
use crate::{Error, Services, access};

/// Deletes a tag. Conversations that had it stay, without it; that is no new version of them.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteTag {
    /// Which tag.
    pub tag_id: TagId,
    /// The version that the caller saw; a later one refuses the deletion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_version: Option<Version>,
}

impl Command for DeleteTag {
    const NAME: &'static str = "tag.delete";
    const PERMISSION: Permission = Permission::Write;
    type Output = ();
}

#[async_trait]
impl Handler for DeleteTag {
    async fn handle(&self, services: &Services, context: &Context) -> Result<Decision<()>, Error> {
        let tag = access::tag(services, &context.actor, self.tag_id).await?;
        access::check_version(self.expected_version, tag.version)?;
        let events = vec![Event::TagDeleted(touched(services, tag))];
        Ok(Decision::commit(services, context, events, ()))
    }
}
