//! Words that are known from attempts to give a model orders.

use aho_corasick::AhoCorasick;

use crate::characters::is_zero_width;

/// In lower case, with single blanks. Turns of phrase that an ordinary text hardly has, in the languages that such attempts
/// are most often written in, and the marks with which models tell who speaks.
const KNOWN: &[&str] = &[
    "ignore previous instructions",
    "ignore all previous instructions",
    "ignore the previous instructions",
    "ignore all prior instructions",
    "ignore your instructions",
    "ignore the above instructions",
    "ignore everything above",
    "disregard previous instructions",
    "disregard all previous",
    "disregard your instructions",
    "disregard the above",
    "forget your instructions",
    "forget all previous instructions",
    "override your instructions",
    "override the system prompt",
    "new system prompt",
    "reveal your system prompt",
    "print your system prompt",
    "repeat your system prompt",
    "you are now in developer mode",
    "you are now dan",
    "enable developer mode",
    "do not tell the user",
    "do not mention this to the user",
    "without telling the user",
    "without informing the user",
    "hidden instruction",
    "instructions for the ai",
    "note to the ai assistant",
    "attention ai assistant",
    "ignoriere alle vorherigen anweisungen",
    "ignoriere die vorherigen anweisungen",
    "vergiss alle vorherigen anweisungen",
    "ignorez toutes les instructions précédentes",
    "ignore toutes les instructions précédentes",
    "oubliez les instructions précédentes",
    "ignora todas las instrucciones anteriores",
    "ignora las instrucciones anteriores",
    "ignora tutte le istruzioni precedenti",
    "ignore todas as instruções anteriores",
    "игнорируй все предыдущие инструкции",
    "忽略之前的所有指令",
    "忽略以上所有指令",
    "忽略先前的指令",
    "以前の指示をすべて無視",
    "<|im_start|>",
    "<|im_end|>",
    "<|system|>",
    "<|start_header_id|>",
    "<|endoftext|>",
    "<<sys>>",
    "[system]:",
    "[inst]",
    "### system:",
    "### instruction:",
    "<start_of_turn>",
];

/// The words, ready to be looked for all at once.
pub struct Markers(AhoCorasick);

impl Markers {
    /// The known ones.
    pub fn known() -> Self {
        Self(AhoCorasick::new(KNOWN).expect("a few dozen short words fit"))
    }

    /// Whether any of them is in a text, whatever its case, its blanks, and the zero-width characters in between.
    pub fn are_in(&self, text: &str) -> bool {
        self.0.is_match(&plain(text))
    }
}

/// The text in lower case, with single blanks and nothing that has no width.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars().filter(|character| !is_zero_width(*character)) {
        if !character.is_whitespace() {
            plain.extend(character.to_lowercase());
        } else if !plain.ends_with(' ') {
            plain.push(' ');
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_marker_is_written_as_it_is_compared() {
        for marker in KNOWN {
            assert_eq!(plain(marker), **marker);
        }
    }
}
