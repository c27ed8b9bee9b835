//! The passage around a match. An index keeps no text, so the words are found again in what is stored, by the rules that
//! SQLite's tokenizer (`unicode61 remove_diacritics 2`) has too: runs of letters and digits, without case and accents.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::search::words;

/// How long a snippet is at most, in characters, without the marks of omission.
const LENGTH: usize = 280;
/// How much of it stands before the first match, in characters.
const LEAD: usize = 60;

/// What is looked for: each word as one or several tokens in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phrases(Vec<Vec<String>>);

impl Phrases {
    /// The phrases of a search as a person typed it.
    pub fn new(typed: &[String]) -> Self {
        Self(words(typed).map(|word| tokens(word).map(|(_, token)| token).collect()).collect())
    }

    /// Each typed word as its folded tokens, in order; a word like `don't` is several.
    pub fn as_slice(&self) -> &[Vec<String>] {
        &self.0
    }

    /// The end of the longest phrase that begins at the first of these tokens.
    fn match_at(&self, tokens: &[(Range<usize>, String)]) -> Option<usize> {
        let fits = |phrase: &&Vec<String>| {
            phrase.len() <= tokens.len()
                && phrase.iter().zip(tokens).all(|(wanted, (_, token))| wanted == token)
        };
        let longest = self.0.iter().filter(|phrase| !phrase.is_empty()).filter(fits).map(Vec::len).max()?;
        tokens.get(longest - 1).map(|(range, _)| range.end)
    }
}

/// A passage of some 280 characters around the first match, and the matches in it as byte ranges.
pub fn excerpt(text: &str, phrases: &Phrases) -> (String, Vec<Range<usize>>) {
    let first = first_match(text, phrases).unwrap_or(0);
    let start = back(text, first, LEAD);
    let end = forward(text, start, LENGTH);
    let mut snippet = String::with_capacity(end - start + 6);
    if start > 0 {
        snippet.push('…');
    }
    let passage = snippet.len();
    snippet.extend(text[start..end].chars().map(|c| if c.is_ascii_control() { ' ' } else { c }));
    let highlights = matches(&snippet[passage..], phrases)
        .into_iter()
        .map(|range| range.start + passage..range.end + passage)
        .collect();
    if end < text.len() {
        snippet.push('…');
    }
    (snippet, highlights)
}

fn first_match(text: &str, phrases: &Phrases) -> Option<usize> {
    let longest = phrases.0.iter().map(Vec::len).max().unwrap_or(0).max(1);
    let mut window: Vec<(Range<usize>, String)> = Vec::with_capacity(longest);
    let mut rest = tokens(text);
    loop {
        while window.len() < longest {
            match rest.next() {
                Some(token) => window.push(token),
                None => break,
            }
        }
        let start = window.first()?.0.start;
        if phrases.match_at(&window).is_some() {
            return Some(start);
        }
        window.remove(0);
    }
}

fn matches(text: &str, phrases: &Phrases) -> Vec<Range<usize>> {
    let tokens: Vec<(Range<usize>, String)> = tokens(text).collect();
    let mut found: Vec<Range<usize>> = Vec::new();
    for (index, (range, _)) in tokens.iter().enumerate() {
        if found.last().is_some_and(|last| range.start < last.end) {
            continue;
        }
        if let Some(end) = phrases.match_at(&tokens[index..]) {
            found.push(range.start..end);
        }
    }
    found
}

/// The tokens of a text, folded, with their places as byte ranges.
pub fn tokens(text: &str) -> impl Iterator<Item = (Range<usize>, String)> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let start = from + text[from..].find(char::is_alphanumeric)?;
        let is_part = |c: char| c.is_alphanumeric() || is_combining_mark(c);
        let end = text[start..].find(|c| !is_part(c)).map_or(text.len(), |length| start + length);
        from = end;
        Some((start..end, folded(&text[start..end])))
    })
}

/// A text without case and accents.
pub fn folded(token: &str) -> String {
    token.nfd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect()
}

/// The place up to `characters` before `from`, at the beginning of a word where there is one.
fn back(text: &str, from: usize, characters: usize) -> usize {
    let Some((start, _)) = text[..from].char_indices().rev().take(characters).last() else { return from };
    if start == 0 {
        return 0;
    }
    text[start..from].find(char::is_whitespace).map_or(start, |space| {
        let after = &text[start + space..from];
        from - after.trim_start().len()
    })
}

/// The place up to `characters` after `from`, at the end of a word where there is one.
fn forward(text: &str, from: usize, characters: usize) -> usize {
    let Some((cut, _)) = text[from..].char_indices().nth(characters) else { return text.len() };
    let passage = &text[from..from + cut];
    match passage.rfind(char::is_whitespace) {
        Some(space) if passage[..space].chars().count() > characters / 2 => from + space,
        Some(_) | None => from + cut,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn marked(text: &str, words: &[&str]) -> String {
        let words: Vec<String> = words.iter().map(ToString::to_string).collect();
        let (mut snippet, highlights) = excerpt(text, &Phrases::new(&words));
        for range in highlights.into_iter().rev() {
            snippet.insert(range.end, ']');
            snippet.insert(range.start, '[');
        }
        snippet
    }

    #[test]
    fn matches_are_marked_without_regard_to_case_and_accents() {
        assert_eq!(marked("Crème brûlée\nand a CRÈME", &["creme"]), "[Crème] brûlée and a [CRÈME]");
        assert_eq!(marked("I don't, you do", &["don't"]), "I [don't], you do");
        assert_eq!(marked("nothing here", &["absent"]), "nothing here");
    }

    #[test]
    fn a_long_text_is_cut_around_the_first_match() {
        let text = format!("{} needle {}", "hay ".repeat(500), "straw ".repeat(500));
        let snippet = marked(&text, &["needle"]);
        assert!(
            snippet.starts_with("…hay") && snippet.ends_with("straw…") && snippet.contains("[needle]"),
            "{snippet}"
        );
        assert!(snippet.chars().count() <= 300);
    }

    proptest! {
        #[test]
        fn any_text_and_any_words_give_a_bounded_snippet_with_ranges_in_order(
            text in "\\PC{0,600}", words in proptest::collection::vec("\\PC{0,8}", 0..4)
        ) {
            let (snippet, highlights) = excerpt(&text, &Phrases::new(&words));
            prop_assert!(snippet.chars().count() <= 300);
            let mut end = 0;
            for range in highlights {
                prop_assert!(range.start >= end && snippet.get(range.clone()).is_some_and(|s| !s.is_empty()));
                end = range.end;
            }
        }
    }
}
