//! Made-up prose with the statistics of real prose: few words are everywhere, most are rare (Zipf's law).

use std::fmt::Write as _;

use crate::random::Random;

/// What people talk about and how, most frequent first.
const COMMON: &str = "the to a of and in is it you that for on with as this are be can or if not your how do what \
    from have when use by an which one but will all so just like then there more some should get my would make time \
    where need work me want also know first out they about other two any only way example value file data code \
    because same each into up after before between without list call run line try different number function set \
    start error change name write read new user server test return help case type question answer please small good \
    possible write step still over again under week day plan recipe water garden light house city travel train \
    morning evening summer winter money price budget letter story poem music history language grammar letter \
    translate summary meeting email report table column query index migration container network password account \
    browser window button colour picture camera battery engine bicycle road mountain river forest weather health \
    sleep exercise protein vegetable bread coffee tea sugar salt tomato potato onion garlic pepper cheese butter \
    equation proof matrix vector graph tree node edge queue stack thread lock cache buffer stream socket token \
    parser compiler borrow lifetime trait struct enum closure iterator async future channel mutex deadline timeout \
    résumé café naïve über façade jalapeño straße 日本 東京 привет 🙂";

const SYLLABLES: [&str; 32] = [
    "ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu", "na", "pe", "ri", "so", "tu", "va", "we",
    "xi", "yo", "zu", "bra", "cle", "dri", "flo", "gru", "sta", "tre", "spi", "kro", "plu", "sna", "thor",
];

/// How often a word is drawn is how many of the table's places it has.
const PLACES: u64 = 1 << 16;

/// All words there are.
pub struct Words {
    table: Vec<String>,
}

impl Words {
    /// The same words every time.
    pub fn new() -> Self {
        let common: Vec<&str> = COMMON.split_whitespace().collect();
        let mut random = Random::new(0, 0);
        let table = (0..PLACES).map(|_| Self::of_rank(&common, rank(&mut random))).collect();
        Self { table }
    }

    fn of_rank(common: &[&str], rank: usize) -> String {
        if let Some(word) = common.get(rank) {
            return (*word).to_owned();
        }
        let mut word = String::new();
        let mut rest = rank;
        while rest > 0 {
            word.push_str(SYLLABLES[rest % SYLLABLES.len()]);
            rest /= SYLLABLES.len();
        }
        word
    }

    /// A question of some sentences.
    pub fn question(&self, random: &mut Random) -> String {
        let mut text = String::new();
        let words = random.mostly_low(4, 50);
        self.sentences(random, words, &mut text);
        text.pop();
        text.push('?');
        text
    }

    /// An answer: paragraphs, now and then a list or some code.
    pub fn answer(&self, random: &mut Random) -> String {
        let mut text = String::with_capacity(1024);
        for paragraph in 0..random.mostly_low(1, 5) {
            if paragraph > 0 {
                text.push_str("\n\n");
            }
            match random.below(10) {
                0 => self.code(random, &mut text),
                1 => self.items(random, &mut text),
                _ => {
                    let words = random.mostly_low(15, 90);
                    self.sentences(random, words, &mut text);
                }
            }
        }
        text
    }

    /// What a model thinks before it answers.
    pub fn thoughts(&self, random: &mut Random) -> String {
        let mut text = String::new();
        let words = random.mostly_low(10, 120);
        self.sentences(random, words, &mut text);
        text
    }

    fn word(&self, random: &mut Random) -> &str {
        random.pick::<String>(&self.table)
    }

    fn sentences(&self, random: &mut Random, words: u64, text: &mut String) {
        let mut left = words;
        while left > 0 {
            let length = random.mostly_low(4, 20).min(left);
            let start = text.len();
            for _ in 0..length {
                text.push_str(self.word(random));
                text.push(if random.below(12) == 0 { ',' } else { ' ' });
                if text.ends_with(',') {
                    text.push(' ');
                }
            }
            text.truncate(text.trim_end_matches([' ', ',']).len());
            text.push('.');
            if let Some(first) = text.get_mut(start..=start) {
                first.make_ascii_uppercase();
            }
            left -= length;
            if left > 0 {
                text.push(' ');
            }
        }
    }

    fn items(&self, random: &mut Random, text: &mut String) {
        for item in 0..random.mostly_low(2, 7) {
            text.push_str(if item == 0 { "- " } else { "\n- " });
            let words = random.mostly_low(3, 14);
            self.sentences(random, words, text);
        }
    }

    fn code(&self, random: &mut Random, text: &mut String) {
        text.push_str("```rust\n");
        for line in 0..random.mostly_low(2, 12) {
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "let {}_{line} = {}({});",
                self.word(random),
                self.word(random),
                random.below(999)
            );
        }
        text.push_str("```");
    }
}

/// A rank up to about 60,000, each about as likely as one divided by it: uniform in its logarithm.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "1 to 60,000"
)]
fn rank(random: &mut Random) -> usize {
    let uniform = random.below(1 << 32) as f64 / (1_u64 << 32) as f64;
    (uniform * 11.0).exp() as usize - 1
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn few_words_are_everywhere_and_most_are_rare() {
        let words = Words::new();
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for word in &words.table {
            *counts.entry(word).or_default() += 1;
        }
        assert!(counts["the"] > words.table.len() / 50, "{}", counts["the"]);
        assert!(counts.len() > 10_000, "{}", counts.len());
    }

    #[test]
    fn texts_are_never_empty_and_vary_in_length() {
        let words = Words::new();
        let mut random = Random::new(1, 1);
        let lengths: Vec<usize> = (0..500).map(|_| words.answer(&mut random).len()).collect();
        assert!(lengths.iter().all(|length| *length > 8), "{lengths:?}");
        assert!(lengths.iter().max() > lengths.iter().min().map(|least| least * 10).as_ref());
        assert!((0..500).all(|_| words.question(&mut random).ends_with('?')));
    }
}
