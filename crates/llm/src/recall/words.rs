//! The telling words of a question.

use std::collections::HashSet;

/// The most words that are searched for.
const MOST_WORDS: usize = 12;
/// The longest word that is searched for, in characters.
const LONGEST: usize = 64;

/// Words that tell nothing, and the words with which people ask for what they said before, language by language.
const STOP_WORDS: [&str; 5] = [ENGLISH, GERMAN, FRENCH, SOUTHERN, DUTCH];

/// English.
const ENGLISH: &str = "\
    a about after again all also always am an and any anything are as ask asked at back be because been \
    before but by can could did do does don't earlier every find for from get give had has have he hello \
    help her here hey hi him his how i i'm if in into is it it's its just know last let like make many me \
    mention mentioned message messages more much my no not now of off on once one or our out over please \
    remember said say search she should show so some something tell thank thanks that the their them then \
    there these they thing things this those to too up us use very want was we were what what's when where \
    which who why will with would write wrote yes you your";

/// German.
const GERMAN: &str = "\
    aber alle alles als also am an auch auf aus bei bin bis bist bitte da danke dann das dass dein deine dem \
    den denn der des dich die dies diese dieser dir doch du durch ein eine einem einen einer eines er es \
    etwas für gesagt geschrieben gib habe haben hallo hast hat hatte ich ihm ihn ihr ihre im immer in ins \
    ist ja jetzt kann kannst kein keine können mal man mehr mein meine mich mir mit nach nein nicht noch nur \
    ob oder ohne schon sehr sein seine sich sie sind so um und uns unser vom von vor wann war waren warum \
    was welche welcher wenn wer wie wieder will wir wird wo zu zum zur über";

/// French.
const FRENCH: &str = "\
    ai alors as au aussi aux avec avez avoir bonjour ce ces cette comme comment dans de des dit dois donc du \
    elle en est et fait il ils je la le les leur lui ma mais me merci mes moi mon ne nos notre nous on ont \
    ou où par pas peux plus pour pourquoi quand que quel quelle qui quoi sa sans se ses si son sont suis sur \
    ta te tes toi ton tout tu un une vos votre vous été être";

/// Spanish, Portuguese and Italian.
const SOUTHERN: &str = "\
    al alla anche ao aos as che chi ci ciao come como con cosa cuando da das de del della delle dem di dice \
    dije do dos dove e el ele ella em en era es essa esta este esto está eu foi gli gracias ha hai hay ho \
    hola i il io isso la las le lei lo los lui ma mais mas me meu mi mia minha mio muy na nao nel no non nos \
    não o obrigado onde os ou para per perché pero più por porque puoi qual quale quando que quem questa \
    questo quien qué se sei ser si sim sin sobre sono su sua sul sí também te tem ti tu tudo tus un una uno \
    você y ya yo è é";

/// Dutch.
const DUTCH: &str = "\
    aan bij dan dat de deze die dit een en er ge haar heb hebben heeft het hij hoe hun ik in is je jij kan \
    maar met mij mijn naar niet nog nu of om ook op te tot uit van veel voor waar waarom wanneer wat we wel \
    wie wij worden ze zei zij zijn zo";

/// The telling words of a question, in its order and spelling, each once: no stop words, numbers and names always.
pub(super) fn telling_words(question: &str) -> Vec<String> {
    let mut seen = HashSet::new();
    let stop_words: HashSet<&str> = STOP_WORDS.iter().flat_map(|words| words.split_whitespace()).collect();
    question
        .split(|c: char| !(c.is_alphanumeric() || matches!(c, '\'' | '’' | '-' | '_' | '.')))
        .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()))
        .filter(|word| is_telling(word, &stop_words) && seen.insert(word.to_lowercase()))
        .take(MOST_WORDS)
        .map(str::to_owned)
        .collect()
}

fn is_telling(word: &str, stop_words: &HashSet<&str>) -> bool {
    let length = word.chars().count();
    if length == 0 || length > LONGEST {
        return false;
    }
    let lower = word.to_lowercase().replace('’', "'");
    if stop_words.contains(lower.as_str()) {
        return false;
    }
    // One letter tells nothing in an alphabet, but much in a script of syllables or ideas.
    let is_short =
        length < 2 && word.is_ascii() || length < 3 && word.chars().all(|c| c.is_ascii_lowercase());
    !is_short || word.contains(|c: char| c.is_numeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tells_something_is_kept_in_its_order() {
        assert_eq!(
            telling_words("What did I write about the tomatoes on my balcony?"),
            ["tomatoes", "balcony"]
        );
        assert_eq!(telling_words("Was habe ich über Zürich gesagt?"), ["Zürich"]);
        assert_eq!(telling_words("Qu'est-ce que j'ai dit sur Lyon ?"), ["Qu'est-ce", "j'ai", "Lyon"]);
    }

    #[test]
    fn numbers_and_names_are_kept_and_doubles_are_not() {
        assert_eq!(
            telling_words("Flight LH 7 on 2026-03-01, LH again, v1.2"),
            ["Flight", "LH", "7", "2026-03-01", "v1.2"]
        );
    }

    #[test]
    fn a_greeting_tells_nothing() {
        assert_eq!(telling_words("Hello, how are you?"), [""; 0]);
        assert_eq!(telling_words("?! …"), [""; 0]);
    }

    #[test]
    fn the_number_and_the_length_of_words_are_bounded() {
        let many: Vec<String> = (0..100).map(|number| format!("word{number}")).collect();
        assert_eq!(telling_words(&many.join(" ")).len(), MOST_WORDS);
        assert_eq!(telling_words(&"x".repeat(1000)), [""; 0]);
    }
}
