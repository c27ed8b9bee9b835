//! What a person typed, as an expression that FTS5 understands.

use domain::ports::SearchRequest;
use domain::{UserId, WorkspaceId};

use crate::columns::Word;

/// How many words of a search count.
const MOST_WORDS: usize = 32;

/// The word under which the messages of one person in one workspace stand in the index.
pub(crate) fn owner_word(workspace_id: WorkspaceId, owner_id: UserId) -> String {
    format!("{}{}", workspace_id.uuid().simple(), owner_id.uuid().simple())
}

/// The expression; `None` when there is no word to look for. Words become quoted strings, in which nothing but the
/// quotation mark has a meaning.
pub(super) fn expression(request: &SearchRequest) -> Option<String> {
    let words: Vec<String> = words(&request.words).map(quoted).collect();
    if words.is_empty() {
        return None;
    }
    let mut expression = format!("owner : {}", owner_word(request.workspace_id, request.owner_id));
    if let Some(role) = request.role {
        expression.push_str(" AND role : ");
        expression.push_str(role.word());
    }
    let between = if request.all_words { " AND " } else { " OR " };
    expression.push_str(" AND words : (");
    expression.push_str(&words.join(between));
    expression.push(')');
    Some(expression)
}

/// The words that can be found: those with a letter or a digit in them.
pub(super) fn words(typed: &[String]) -> impl Iterator<Item = &str> {
    typed.iter().map(String::as_str).filter(|word| word.chars().any(char::is_alphanumeric)).take(MOST_WORDS)
}

fn quoted(word: &str) -> String {
    let mut quoted = String::with_capacity(word.len() + 2);
    quoted.push('"');
    for character in word.chars() {
        match character {
            '"' => quoted.push_str("\"\""),
            // FTS5 takes NUL for the end of the expression.
            '\0' => quoted.push(' '),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}
