//! Names that are mistaken for others.
//!
//! Nobody can choose a name for themselves that looks like that of another member of the workspace, be it by letters of
//! other scripts, by capitals, by spaces, or by being the same. Administrators, who know the people, may give such a name.

use domain::{DisplayName, Email, PageRequest, UserId, WorkspaceId};
use unicode_normalization::UnicodeNormalization as _;
use unicode_security::{RestrictionLevel, RestrictionLevelDetection as _, skeleton};

use crate::{Error, Services};

/// How many members a name is compared with, the newest first. Where there are more, nobody knows them all by name.
const COMPARED: usize = 10_000;
const PAGE: u16 = 200;

/// Refuses a name without anything to read in it, and words that mix scripts in a way that no language does.
///
/// # Errors
/// `invalid_input` at `/display_name`.
pub(crate) fn check_form(name: &DisplayName) -> Result<(), Error> {
    let refuse = |code, detail| Err(Error::invalid_field("/display_name", code, detail));
    if !appearance(name.as_str()).chars().any(char::is_alphanumeric) {
        return refuse("invisible", "must have a letter or a digit in it");
    }
    if name.as_str().split_whitespace().any(is_mixed) {
        return refuse("mixed_scripts", "must not mix letters of several scripts in one word");
    }
    Ok(())
}

/// Refuses an address in which a name mixes scripts in a way that no language does, as one does that looks like another.
///
/// # Errors
/// `invalid_input` at `/email`.
pub(crate) fn check_address(email: &Email) -> Result<(), Error> {
    if email.as_str().split(['@', '.']).any(is_mixed) {
        let detail = "must not mix letters of several scripts in one name";
        return Err(Error::invalid_field("/email", "mixed_scripts", detail));
    }
    Ok(())
}

fn is_mixed(word: &str) -> bool {
    let letters: String = word.chars().filter(|c| c.is_alphanumeric()).collect();
    letters.as_str().detect_restriction_level() > RestrictionLevel::HighlyRestrictive
}

/// Refuses a name that somebody chose for themselves and that looks like another member's.
///
/// # Errors
/// `invalid_input` at `/display_name`.
pub(crate) async fn check_choice(
    services: &Services,
    workspace_id: WorkspaceId,
    own: Option<UserId>,
    name: &DisplayName,
) -> Result<(), Error> {
    check_form(name)?;
    let chosen = appearance(name.as_str());
    let mut page = PageRequest::first(PAGE);
    for _ in 0..COMPARED / usize::from(PAGE) {
        let users = services.ports.identities.users(workspace_id, None, page).await?;
        let mut others = users.items.iter().filter(|user| Some(user.id) != own);
        if others.any(|user| appearance(user.display_name.as_str()) == chosen) {
            let detail = "looks like the name of somebody else here: add something to it";
            return Err(Error::invalid_field("/display_name", "look_alike", detail));
        }
        let Some(after) = users.next else { break };
        page = PageRequest { after: Some(after), limit: PAGE };
    }
    Ok(())
}

/// Equal for names that look alike (Unicode Technical Standard 39, section 4), whatever their case and spaces.
fn appearance(name: &str) -> String {
    let folded: String = name.nfkc().flat_map(char::to_lowercase).filter(|c| !c.is_whitespace()).collect();
    skeleton(&folded).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(name: &str) -> Result<(), Error> {
        check_form(&DisplayName::new(name).expect("one line"))
    }

    #[test]
    fn honest_names_of_the_world_are_taken() {
        for name in [
            "Ada",
            "Ada Lovelace",
            "O'Brien",
            "José M.",
            "Алиса",
            "山田 太郎",
            "田中Taro",
            "محمد",
            "Alice 🎉",
            "李小龍",
            "안녕",
            "Nguyễn Văn A",
            "R2-D2",
            "x",
            "Anna-Lena",
            "Zoë",
        ] {
            assert!(form(name).is_ok(), "{name}: {:?}", form(name));
        }
    }

    #[test]
    fn mixtures_and_nothings_are_refused() {
        for name in ["pаypal", "Аda", "aliсe Smith", "\u{3164}", "\u{200B}\u{200D}", "---", "🎉", "\u{2800}"]
        {
            assert!(form(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn addresses_that_mix_scripts_are_refused() {
        let form = |email: &str| check_address(&Email::new(email).expect("it has the form"));
        for honest in
            ["ada@example.org", "Алиса@пример.рф", "山田@例え.jp", "алиса@example.org", "o'brien+x@a-b.org"]
        {
            assert!(form(honest).is_ok(), "{honest}");
        }
        for mixed in ["pаypal@example.org", "ada@exаmple.org", "аdа.lovelace@example.org"] {
            assert!(form(mixed).is_err(), "{mixed}");
        }
    }

    #[test]
    fn look_alikes_have_one_appearance() {
        for (name, like) in [
            ("Ada Lovelace", "ada  lovelace"),
            ("Ada Lovelace", "Ada\u{200B} Lovelace"),
            ("Ada Lovelace", "Αda Lovelace"),
            ("modern", "modem"),
            ("Ada", "Ａｄａ"),
            ("scope", "ѕсоре"),
        ] {
            assert_eq!(appearance(name), appearance(like), "{name} {like}");
        }
        assert_ne!(appearance("Ada Lovelace"), appearance("Ada Byron"));
    }
}
