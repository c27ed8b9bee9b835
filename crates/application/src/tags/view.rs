//! What people see of a tag.

use domain::{Tag, TagColor, TagId, TagName, Timestamp, Version};
use schemars::JsonSchema;
use serde::Serialize;

/// A word under which a person finds their conversations again. Nobody else sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(title = "Tag")]
pub struct TagView {
    /// Its identifier.
    pub id: TagId,
    /// What it is called.
    pub name: TagName,
    /// How it is shown.
    pub color: TagColor,
    /// For optimistic locking; also the strong `ETag`.
    pub version: Version,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl From<Tag> for TagView {
    fn from(tag: Tag) -> Self {
        Self {
            id: tag.id,
            name: tag.name,
            color: tag.color,
            version: tag.version,
            created_at: tag.created_at,
            updated_at: tag.updated_at,
        }
    }
}
