//! Whether a password is too easy to guess: common ones, names, dates, patterns of the keyboard. Works without a network.

use zxcvbn::feedback::Feedback;
use zxcvbn::{Score, zxcvbn};

use super::Password;
use crate::Error;

/// As much of a password as is looked at. Looking takes longer the longer it is, a second at a hundred characters that
/// could stand for others; and what is good up to here is good.
const LOOKED_AT: usize = 32;
/// How many words about the person are looked for, and as much of each.
const WORDS: usize = 9;
const PRODUCT: &str = "colloquy";
const WORD_CHARACTERS: usize = 64;

/// Refuses a password that takes fewer than a hundred million attempts, by somebody who knows `about`, what is known of
/// the person. Takes a few milliseconds, and a tenth of a second at most: for where passwords are set.
pub(super) fn check(password: &Password, about: &[String]) -> Result<(), Error> {
    let start: String = password.as_str().chars().take(LOOKED_AT).collect();
    let words: Vec<String> = words(about);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let estimate = zxcvbn(&start, &words);
    if is_made_of(&start, &words) {
        let detail =
            "is too easy to guess: it is little more than your name, your address or that of this product.";
        return Err(Error::invalid_field("/password", "weak_password", detail));
    }
    if estimate.score() >= Score::Three {
        return Ok(());
    }
    let reason = estimate.feedback().and_then(Feedback::warning).map(|warning| warning.to_string());
    let reason = reason.unwrap_or_else(|| "It would be guessed soon.".to_owned());
    let detail =
        format!("is too easy to guess. {reason} Use several words that have nothing to do with one another.");
    Err(Error::invalid_field("/password", "weak_password", detail))
}

/// Whether little is left of a password without the words.
fn is_made_of(password: &str, words: &[&str]) -> bool {
    const LITTLE: usize = 5;
    let mut words: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let whole = password.to_lowercase();
    let rest = words.iter().fold(whole.clone(), |rest, word| rest.replace(word.as_str(), ""));
    rest.len() < whole.len() && rest.chars().filter(|c| c.is_alphanumeric()).count() <= LITTLE
}

/// What anybody would try here: the name of the product, and what is known of a person and its parts:
/// `ada@example.org` is made of three.
fn words(about: &[String]) -> Vec<String> {
    let whole = std::iter::once(PRODUCT).chain(about.iter().map(String::as_str));
    let parts = about.iter().flat_map(|text| text.split(|c: char| !c.is_alphanumeric()));
    let words = whole.chain(parts).filter(|word| word.chars().nth(2).is_some());
    words.take(WORDS).map(|word| word.chars().take(WORD_CHARACTERS).collect()).collect()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn is_taken(password: &str) -> bool {
        let about = ["ada.lovelace@example.org".to_owned(), "Ada Lovelace".to_owned()];
        check(&Password::new(password).expect("the length is right"), &about).is_ok()
    }

    #[test]
    fn what_is_guessed_first_is_refused() {
        for weak in [
            "password",
            "password123",
            "P@ssw0rd1",
            "12345678",
            "qwertyuiop",
            "aaaaaaaaaaaaaaaa",
            "abcabcabcabc",
            "iloveyou1",
            "letmein2024",
            "ada.lovelace",
            "AdaLovelace1",
            "ada.lovelace@example.org",
            "lovelace1815",
            "colloquy",
            "colloquy1",
            "Colloquy2026!",
            "Lovelace.Ada.77",
        ] {
            assert!(!is_taken(weak), "{weak}");
        }
        for strong in [
            "correct horse battery staple",
            "a long enough password",
            "tests-only",
            "vXk29!qLmZ",
            "Gurke Fahrrad Mond",
        ] {
            assert!(is_taken(strong), "{strong}");
        }
    }

    #[test]
    fn no_password_takes_long() {
        let worst = "4@8({[<369!1|$5+7%2z0".repeat(48);
        let hardly = Instant::now();
        let _ = is_taken("correct horse battery staple");
        let hardly = hardly.elapsed();
        let started = Instant::now();
        let _ = is_taken(&worst);
        let _ = is_taken(&"😀".repeat(1024));
        assert!(started.elapsed() < Duration::from_secs(2) + hardly * 100, "{:?}", started.elapsed());
    }
}
