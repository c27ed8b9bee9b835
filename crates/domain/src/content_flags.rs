//! What is remarkable about content that nobody here wrote.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Something remarkable about content that came from a tool or an import. It is shown beside the content, which is
/// never changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum ContentFlag {
    /// More text than is usual.
    Oversized,
    /// Control characters other than line breaks and tabs.
    ControlCharacters,
    /// Characters that are not seen: bidirectional overrides, tags, zero-width ones in a row.
    HiddenCharacters,
    /// Words that are known from attempts to give a model orders.
    PromptInjection,
}

/// Where content came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ContentSource {
    /// The result of a tool.
    Tool,
    /// An import.
    Import,
}
