//! The words of a search.

use domain::{UserId, WorkspaceId};

/// How many words of a search count.
const MOST_WORDS: usize = 32;

/// The word under which the messages of one person in one workspace stand in an index of words.
pub fn owner_word(workspace_id: WorkspaceId, owner_id: UserId) -> String {
    format!("{}{}", workspace_id.uuid().simple(), owner_id.uuid().simple())
}

/// The words that can be found: those with a letter or a digit in them; the first 32.
pub fn words(typed: &[String]) -> impl Iterator<Item = &str> {
    typed.iter().map(String::as_str).filter(|word| word.chars().any(char::is_alphanumeric)).take(MOST_WORDS)
}
