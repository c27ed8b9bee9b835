//! Characters that do something else than being read.

/// Whether there are control characters other than line breaks and tabs.
pub fn has_controls(text: &str) -> bool {
    text.chars().any(|character| character.is_control() && !matches!(character, '\n' | '\r' | '\t'))
}

/// Whether there are characters that are not seen and do not belong to what is seen: overrides of the direction of
/// writing, tags (which spell out hidden text), and several zero-width characters in a row. A single one is part of how
/// many scripts and emoji are written.
pub fn has_hidden(text: &str) -> bool {
    let mut in_a_row = 0;
    text.chars().any(|character| {
        in_a_row = if is_zero_width(character) { in_a_row + 1 } else { 0 };
        in_a_row >= 3 || is_override(character) || is_tag(character)
    })
}

const fn is_override(character: char) -> bool {
    matches!(character, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Tags, but for the flags of regions that emoji spell with them, which no tool needs.
const fn is_tag(character: char) -> bool {
    matches!(character, '\u{E0000}'..='\u{E007F}')
}

/// Characters without a width, which are left out when words are compared.
pub const fn is_zero_width(character: char) -> bool {
    matches!(character, '\u{200B}'..='\u{200F}' | '\u{2060}'..='\u{2064}' | '\u{FEFF}' | '\u{00AD}' | '\u{E0100}'..='\u{E01EF}')
}
