//! The words of a search.

use domain::{UserId, WorkspaceId};

use crate::snippet::tokens;

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

/// What a text says as folded words with blanks between them, for databases that are to find what [`crate::Phrases`]
/// finds again.
pub fn search_words(text: &str) -> String {
    let mut words = String::with_capacity(text.len());
    for (_, word) in tokens(text) {
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(&word);
    }
    words
}
