//! Descriptions as they stand in documents, as HTML.

use crate::pages::escape;

/// A description with what stands between backticks as code.
pub fn inline(text: &str) -> String {
    let pieces: Vec<&str> = text.split('`').collect();
    if pieces.len().is_multiple_of(2) {
        return escape(text);
    }
    let pieces = pieces.into_iter().enumerate().map(|(index, piece)| match index % 2 {
        0 => escape(piece),
        _ => format!("<code>{}</code>", escape(piece)),
    });
    pieces.collect()
}

/// What a group of operations is called.
pub fn heading(tag: &str) -> String {
    if tag == "openai" { "OpenAI".to_owned() } else { crate::problem::capitalised(tag) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_of_backticks_become_code_and_nothing_becomes_markup() {
        assert_eq!(inline("Give `a<b>` or `c`."), "Give <code>a&lt;b&gt;</code> or <code>c</code>.");
        assert_eq!(inline("<i> `"), "&lt;i&gt; `");
    }
}
