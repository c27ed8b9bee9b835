//! What a person typed, as an expression that Postgres understands.

use storage::Phrases;

/// How many tokens of one typed word count. Whoever pastes a page as one word finds what begins like it.
pub(super) const MOST_TOKENS: usize = 64;

/// The expression, in the form of `to_tsquery`; `None` when there is no word to look for. Tokens are letters and digits
/// only, so nothing in them is syntax; those of one typed word have to stand side by side.
pub(super) fn expression(phrases: &Phrases, all_words: bool) -> Option<String> {
    let words: Vec<String> = phrases
        .as_slice()
        .iter()
        .filter(|tokens| tokens.iter().any(|token| !token.is_empty()))
        .map(|tokens| {
            let tokens = tokens.iter().filter(|token| !token.is_empty()).take(MOST_TOKENS);
            let quoted: Vec<String> = tokens.map(|token| format!("'{token}'")).collect();
            format!("({})", quoted.join(" <-> "))
        })
        .collect();
    (!words.is_empty()).then(|| words.join(if all_words { " & " } else { " | " }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_letters_and_digits_reach_the_expression() {
        let of = |words: &[&str], all| {
            let words: Vec<String> = words.iter().map(ToString::to_string).collect();
            expression(&Phrases::new(&words), all)
        };
        assert_eq!(of(&["don't", "CRÈME"], true).as_deref(), Some("('don' <-> 't') & ('creme')"));
        assert_eq!(of(&["a' | 'b", "!c:*"], false).as_deref(), Some("('a' <-> 'b') | ('c')"));
        assert_eq!(of(&["'", "--", "\0"], true), None);
        assert!(of(&[&"x ".repeat(1000)], true).is_some_and(|expression| expression.len() < 600));
    }
}
