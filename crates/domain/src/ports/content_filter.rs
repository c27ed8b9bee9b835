//! Looking at content that nobody here wrote.

use crate::{ContentFlag, ContentSource, Parts};

/// Looks at content that came from a tool or an import. It flags, and never changes anything.
pub trait ContentFilter: Send + Sync {
    /// What is remarkable about the content; sorted, each once. Bounded work however large it is.
    fn inspect(&self, parts: &Parts, source: ContentSource) -> Vec<ContentFlag>;
}
