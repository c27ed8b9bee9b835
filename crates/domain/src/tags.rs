//! Tags: what a person calls their conversations by.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::text::{single_line, text_type};
use crate::{TagId, Timestamp, UserId, Version, WorkspaceId};

/// A word under which a person finds their conversations again. Nobody else sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// Its identifier.
    pub id: TagId,
    /// The tenant.
    pub workspace_id: WorkspaceId,
    /// Whose it is.
    pub owner_id: UserId,
    /// What it is called. Its person has no other of this name there, whatever the case.
    pub name: TagName,
    /// How it is shown.
    pub color: TagColor,
    /// For optimistic locking.
    pub version: Version,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// How a tag is shown. Clients choose the shade that can be read on their background.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum TagColor {
    /// Not to be noticed.
    #[default]
    Gray,
    /// Red.
    Red,
    /// Orange.
    Orange,
    /// Yellow.
    Yellow,
    /// Green.
    Green,
    /// Blue.
    Blue,
    /// Purple.
    Purple,
    /// Pink.
    Pink,
}

text_type! {
    /// The name of a tag: one line of 1 to 60 characters.
    TagName, max 60, parse |text| single_line(text, TagName::MAX_CHARACTERS)
}

impl TagName {
    /// The name by which it is told from others: case does not matter.
    pub fn folded(&self) -> String {
        self.as_str().to_lowercase()
    }
}
