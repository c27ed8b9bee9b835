//! The words of the built-in responder.

use std::fmt::Write;

use domain::ports::SearchHit;

use super::address;
use crate::connected::LanguageModels;

const NO_MODEL: &str =
    "**No language model is connected to this server yet**, so this is not a model's answer.";

const HOW_TO_CONNECT: &str = "\
To get real answers, connect a language model. An Ollama, LM Studio or llama.cpp that runs on the server's machine is \
found by itself. For any other provider, whoever runs the server sets `COLLOQUY_PROVIDERS__<NAME>__KIND` (`openai`, \
`mistral`, `ollama` or `openai-compatible`), `COLLOQUY_PROVIDERS__<NAME>__BASE_URL` where the kind needs one, and \
`COLLOQUY_PROVIDERS__<NAME>__API_KEY_FILE`, and starts it again.";

/// The answer: who answers, what was searched for and what was found; and how to connect a model where there is none.
pub(super) fn answer(connected: Option<&LanguageModels>, words: &[String], hits: &[SearchHit]) -> String {
    let searched: Vec<String> = words.iter().map(|word| format!("*{}*", escape(word))).collect();
    let searched = searched.join(", ");
    let found = match (words, hits) {
        ([], _) => {
            "What I can do is look through what you wrote in your other conversations, but there is no word in your message that \
                    I could look for. Ask me about something you have written about."
                .to_owned()
        }
        (_, []) => format!("I looked for {searched} in your other conversations, and found nothing."),
        (_, [_]) => format!("I looked for {searched} in your other conversations, and found this:"),
        (_, hits) => {
            format!("I looked for {searched} in your other conversations, and found these {}:", hits.len())
        }
    };
    let quotes: String = hits.iter().enumerate().map(|(index, hit)| quote(index + 1, hit)).collect();
    match connected {
        None => format!("{NO_MODEL} {found}\n\n{quotes}{HOW_TO_CONNECT}\n"),
        Some(models) => format!("{} {found}\n\n{quotes}", introduction(models)),
    }
}

/// Who answers here, and who could.
fn introduction(models: &LanguageModels) -> String {
    let first = escape(models.first.as_str());
    let connected = match models.others {
        0 => format!("{first} is connected — choose it"),
        1 => format!("{first} and 1 other are connected — choose one"),
        others => format!("{first} and {others} others are connected — choose one"),
    };
    format!("**This is recall, not a language model**; {connected} to get real answers.")
}

fn quote(number: usize, hit: &SearchHit) -> String {
    let title = escape(hit.conversation_title.as_str());
    let day: String = hit.created_at.to_string().chars().take(10).collect();
    let mut quote = format!("{number}. [{title}]({}), {day}\n", address(hit));
    let indent = " ".repeat(number.to_string().len() + 2);
    // Writing to a string cannot fail.
    _ = writeln!(quote, "{indent}> {}\n", highlighted(hit));
    quote
}

/// The snippet in one line, its matches in bold.
fn highlighted(hit: &SearchHit) -> String {
    let snippet = hit.snippet.as_str();
    let mut text = String::new();
    let mut from = 0;
    for range in &hit.highlights {
        let (Some(before), Some(inside)) = (snippet.get(from..range.start), snippet.get(range.clone()))
        else {
            continue;
        };
        if inside.trim() != inside || inside.is_empty() {
            continue;
        }
        text.push_str(&escape(before));
        text.push_str("**");
        text.push_str(&escape(inside));
        text.push_str("**");
        from = range.end;
    }
    text.push_str(&escape(snippet.get(from..).unwrap_or_default()));
    text.trim().to_owned()
}

/// Text that Markdown leaves as it is: no emphasis, no link, no picture, no HTML, no second line.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '<' | '>' | '#' | '|' | '~'
            | '&' | ':' | '@' | '!' | '$' => {
                escaped.push('\\');
                escaped.push(character);
            }
            '.' if escaped.to_ascii_lowercase().ends_with("www") => escaped.push_str("\\."),
            character if character.is_whitespace() || character.is_control() => {
                if !escaped.ends_with(' ') {
                    escaped.push(' ');
                }
            }
            character => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use domain::{ConversationId, MessageId, MessageRole, Timestamp, Title};
    use uuid::Uuid;

    use super::*;

    fn hit(title: &str, snippet: &str, highlights: &[(usize, usize)]) -> SearchHit {
        SearchHit {
            conversation_id: ConversationId::from_uuid(Uuid::from_u128(1)),
            conversation_title: Title::new(title).expect("the title is one line"),
            message_id: MessageId::from_uuid(Uuid::from_u128(2)),
            role: MessageRole::User,
            created_at: Timestamp::from_micros(1_767_225_600_000_000),
            snippet: snippet.to_owned(),
            highlights: highlights.iter().map(|&(from, to)| from..to).collect(),
        }
    }

    #[test]
    fn it_quotes_with_links_and_says_how_to_connect_a_model() {
        let hits =
            [hit("Balcony", "My tomatoes\nneed sun", &[(3, 11)]), hit("Garden", "tomatoes again", &[])];
        insta::assert_snapshot!(answer(None, &["tomatoes".to_owned()], &hits), @"
        **No language model is connected to this server yet**, so this is not a model's answer. I looked for *tomatoes* in your other conversations, and found these 2:

        1. [Balcony](/c/00000000-0000-0000-0000-000000000001?leaf=00000000-0000-0000-0000-000000000002#00000000-0000-0000-0000-000000000002), 2026-01-01
           > My **tomatoes** need sun

        2. [Garden](/c/00000000-0000-0000-0000-000000000001?leaf=00000000-0000-0000-0000-000000000002#00000000-0000-0000-0000-000000000002), 2026-01-01
           > tomatoes again

        To get real answers, connect a language model. An Ollama, LM Studio or llama.cpp that runs on the server's machine is found by itself. For any other provider, whoever runs the server sets `COLLOQUY_PROVIDERS__<NAME>__KIND` (`openai`, `mistral`, `ollama` or `openai-compatible`), `COLLOQUY_PROVIDERS__<NAME>__BASE_URL` where the kind needs one, and `COLLOQUY_PROVIDERS__<NAME>__API_KEY_FILE`, and starts it again.
        ");
    }

    #[test]
    fn it_names_the_language_models_that_are_connected_in_place_of_how_to_connect_one() {
        let said = |others| {
            let first = domain::ModelName::new("ollama/llama3:8b").expect("the text is a name");
            answer(Some(&LanguageModels { first, others }), &["x".to_owned()], &[])
        };
        let told = r"**This is recall, not a language model**; ollama/llama3\:8b is connected — choose it to get real answers. ";
        assert!(said(0).starts_with(told), "{}", said(0));
        assert!(said(1).contains(r"ollama/llama3\:8b and 1 other are connected — choose one"), "{}", said(1));
        assert!(said(4).contains(" and 4 others are connected — choose one"), "{}", said(4));
        assert!(!said(1).contains("COLLOQUY_"), "{}", said(1));
    }

    #[test]
    fn it_says_honestly_that_it_found_nothing_or_had_nothing_to_look_for() {
        assert!(
            answer(None, &["x".to_owned()], &[])
                .contains("for *x* in your other conversations, and found nothing.")
        );
        assert!(answer(None, &[], &[]).contains("there is no word in your message that I could look for"));
    }

    #[test]
    fn nothing_in_a_quoted_message_is_markup() {
        let snippet =
            "![x](https://evil.example/?q) <img src=x> www.evil.example a@evil.example `code` **b**";
        let text =
            answer(None, &["q".to_owned()], &[hit("[t](http://evil)", snippet, &[(500, 501), (3, 1)])]);
        assert!(text.contains(r"1. [\[t\]\(http\://evil\)](/c/"), "{text}");
        let quoted = r"> \!\[x\]\(https\://evil.example/?q\) \<img src=x\> www\.evil.example a\@evil.example";
        assert!(text.contains(quoted), "{text}");
        assert!(text.contains(r"\`code\` \*\*b\*\*"), "{text}");
    }

    #[test]
    fn a_highlight_that_fits_no_character_is_left_out() {
        let text = highlighted(&hit("t", "Grüße", &[(3, 4), (0, 2)]));
        assert_eq!(text, "**Gr**üße");
    }
}
