//! Reading tags.

use async_trait::async_trait;
use domain::{Page, Permission, TagId};
use validator::Validate;

use super::TagView;
use crate::bus::{Context, Query};
use crate::{Error, PageInput, Services};

/// A page of tags.
pub type TagPage = Page<TagView, TagId>;

/// The actor's tags, newest first.
#[derive(Debug, Clone, Validate)]
pub struct ListTags {
    /// Which page.
    pub page: PageInput,
}

#[async_trait]
impl Query for ListTags {
    const NAME: &'static str = "tag.list";
    const PERMISSION: Permission = Permission::Read;
    type Output = TagPage;

    async fn answer(&self, services: &Services, context: &Context) -> Result<TagPage, Error> {
        let (actor, tags) = (&context.actor, &services.ports.tags);
        let page = tags.tags_of(actor.workspace_id, actor.user_id, self.page.request()?).await?;
        Ok(page.map(TagView::from))
    }
}
