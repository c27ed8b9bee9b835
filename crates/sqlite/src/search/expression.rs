//! What a person typed, as an expression that FTS5 understands.

use domain::ports::SearchRequest;
use storage::{Word, owner_word, words};

/// The expression; `None` when there is no word to look for. Words become quoted strings, in which nothing but the
/// quotation mark has a meaning.
pub(super) fn expression(request: &SearchRequest) -> Option<String> {
    let words: Vec<String> = words(&request.words).map(quoted).collect();
    if words.is_empty() {
        return None;
    }
    let mut expression = format!("owner : {}", owner_word(request.workspace_id, request.owner_id));
    if let Some(role) = request.filter.role {
        expression.push_str(" AND role : ");
        expression.push_str(role.word());
    }
    let between = if request.all_words { " AND " } else { " OR " };
    expression.push_str(" AND words : (");
    expression.push_str(&words.join(between));
    expression.push(')');
    Some(expression)
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
