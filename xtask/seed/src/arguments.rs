//! What to seed, and where.

use std::path::PathBuf;

use domain::Email;

/// How the program is called.
pub const USAGE: &str = "usage: seed --conversations N --messages M (about so many in each) [--data-dir DIR] [--owner EMAIL] [--seed NUMBER]";

/// What to seed, and where.
#[derive(Debug, PartialEq, Eq)]
pub struct Arguments {
    /// How many conversations.
    pub conversations: u64,
    /// About how many messages each.
    pub messages: u64,
    /// Where the database is; `COLLOQUY_DATA_DIR`, else `data`.
    pub data_dir: PathBuf,
    /// Whose conversations they are; the only account there is, where none is named.
    pub owner: Option<Email>,
    /// Another number gives other conversations.
    pub seed: u64,
}

impl Arguments {
    /// Reads the command line, without the name of the program.
    pub fn parse(words: impl Iterator<Item = String>) -> Result<Self, String> {
        let (mut conversations, mut messages, mut owner, mut seed) = (None, None, None, 0);
        let mut data_dir = std::env::var_os("COLLOQUY_DATA_DIR").map_or_else(|| "data".into(), PathBuf::from);
        let mut words = words;
        while let Some(name) = words.next() {
            let value = words.next().ok_or_else(|| format!("{name} needs a value"))?;
            match name.as_str() {
                "--conversations" => conversations = Some(number(&name, &value)?),
                "--messages" => messages = Some(number(&name, &value)?),
                "--data-dir" => data_dir = value.into(),
                "--owner" => {
                    let email = Email::new(&value).map_err(|problem| format!("--owner {problem}"))?;
                    owner = Some(email);
                }
                "--seed" => seed = number(&name, &value)?,
                _ => return Err(format!("there is no option {name}")),
            }
        }
        Ok(Self {
            conversations: conversations.ok_or("--conversations is missing")?,
            messages: messages.filter(|messages| *messages > 0).ok_or("--messages is missing, or zero")?,
            data_dir,
            owner,
            seed,
        })
    }
}

fn number(name: &str, value: &str) -> Result<u64, String> {
    value.replace('_', "").parse().map_err(|_| format!("{name} must be a whole number, not {value:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Arguments, String> {
        Arguments::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn the_command_line_is_read_and_checked() {
        let arguments =
            parse("--conversations 1_000 --messages 20 --data-dir d --owner Ada@example.org --seed 7");
        assert_eq!(
            arguments,
            Ok(Arguments {
                conversations: 1000,
                messages: 20,
                data_dir: "d".into(),
                owner: Email::new("ada@example.org").ok(),
                seed: 7
            })
        );
        for wrong in ["", "--conversations 1", "--conversations x --messages 1", "--messages", "--what 1"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
