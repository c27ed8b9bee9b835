//! Secrets: what is one, and reading them from files.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::Problem;
use super::tree::{Assignment, Node, Value};

/// What stands in place of a secret.
pub const MASK: &str = "********";

/// The largest file with a secret.
const MAX_BYTES: u64 = 64 * 1024;

/// Whether the last part of a setting's name says that its value is a secret.
pub fn is_secret(key: &str) -> bool {
    ["api_key", "password", "secret", "secret_key", "token"]
        .iter()
        .any(|secret| key.strip_suffix(secret).is_some_and(|rest| rest.is_empty() || rest.ends_with('_')))
}

/// Whether a setting is an address that may carry a password.
pub fn is_address_of_a_store(path: &[impl AsRef<str>]) -> bool {
    let path: Vec<&str> = path.iter().map(AsRef::as_ref).collect();
    matches!(path.as_slice(), ["database", "url" | "read_url"] | ["redis", "url"])
}

/// An address without the password in it. A password may hold anything where it was not escaped, so what is hidden goes
/// up to the last `@`.
pub fn without_password(address: &str) -> String {
    let start = address.find("://").map_or(0, |scheme| scheme + 3);
    let (scheme, rest) = address.split_at(start);
    let (credentials, place) = match rest.rfind('@') {
        Some(end) => rest.split_at(end),
        None => ("", rest),
    };
    let credentials = match credentials.split_once(':') {
        Some((user, _)) => format!("{user}:{MASK}"),
        None => credentials.to_owned(),
    };
    let place = match place.split_once('?') {
        Some((place, query)) => {
            let pairs: Vec<String> = query.split('&').map(pair_without_password).collect();
            format!("{place}?{}", pairs.join("&"))
        }
        None => place.to_owned(),
    };
    format!("{scheme}{credentials}{place}")
}

fn pair_without_password(pair: &str) -> String {
    match pair.split_once('=') {
        Some((key, _)) if is_secret(&key.to_ascii_lowercase()) || key.ends_with("password") => {
            format!("{key}={MASK}")
        }
        _ => pair.to_owned(),
    }
}

/// Turns `api_key_file` into an `api_key` whose text is in that file, and likewise for addresses with passwords. `password_file` stays what it is: the owner's
/// password is looked at only when there is an owner to make.
pub fn from_files(layer: Vec<Assignment>, problems: &mut Vec<Problem>) -> Vec<Assignment> {
    let given: Vec<Vec<String>> = layer.iter().map(|assignment| assignment.path.clone()).collect();
    let mut turned = Vec::with_capacity(layer.len());
    for mut assignment in layer {
        let Some(secret) = secret_behind(&assignment.path) else {
            turned.push(assignment);
            continue;
        };
        let Some(Value::Word(file) | Value::Text(file)) = &assignment.value else {
            let problem = "must be the path of a file";
            problems.push(Problem::new(assignment.path.join("."), Some(assignment.origin), problem));
            continue;
        };
        let file = PathBuf::from(file);
        if given.contains(&secret) {
            let problem = format!("give this or {}, not both", secret.join("."));
            problems.push(Problem::new(assignment.path.join("."), Some(assignment.origin), problem));
            continue;
        }
        assignment.path = secret;
        assignment.value = Some(Value::TextOf(file));
        turned.push(assignment);
    }
    turned
}

fn secret_behind(path: &[String]) -> Option<Vec<String>> {
    let (last, sections) = path.split_last()?;
    let key = last.strip_suffix("_file")?;
    let path: Vec<String> = sections.iter().cloned().chain([key.to_owned()]).collect();
    let is_owners = matches!(path.as_slice(), [section, _] if section == "owner");
    let is_read = (is_secret(key) && !is_owners) || is_address_of_a_store(&path);
    is_read.then_some(path)
}

/// Reads the files of the secrets that count.
pub fn read_files(tree: &mut Node, problems: &mut Vec<Problem>) {
    let files: Vec<_> = tree
        .leaves()
        .into_iter()
        .filter_map(|(path, origin, value)| match value {
            Value::TextOf(file) => Some((path, origin.clone(), file.clone())),
            _ => None,
        })
        .collect();
    for (path, origin, file) in files {
        match read_file(&file) {
            Ok(text) => tree.assign(Assignment { path, value: Some(Value::Text(text)), origin }),
            Err(problem) => {
                tree.prune(&path);
                problems.push(Problem::new(path.join("."), Some(origin), problem));
            }
        }
    }
}

/// The text of a file with a secret, without the white space around it.
pub fn read_file(path: &Path) -> Result<String, String> {
    let shown = path.display();
    let file = File::open(path).map_err(|error| format!("{shown} cannot be read: {error}"))?;
    let mut text = String::new();
    file.take(MAX_BYTES + 1)
        .read_to_string(&mut text)
        .map_err(|error| format!("{shown} cannot be read: {error}"))?;
    if text.len() as u64 > MAX_BYTES {
        return Err(format!("{shown} is too large for a secret"));
    }
    match text.trim() {
        "" => Err(format!("{shown} is empty")),
        text => Ok(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_their_names() {
        for secret in [
            "api_key",
            "password",
            "metrics_token",
            "token",
            "signing_secret",
            "secret_key",
            "previous_secret_key",
        ] {
            assert!(is_secret(secret), "{secret}");
        }
        for plain in ["password_file", "api_key_file", "max_tokens", "tokens", "listen", "keyboard"] {
            assert!(!is_secret(plain), "{plain}");
        }
    }

    #[test]
    fn an_address_is_shown_without_its_password() {
        for (address, shown) in [
            ("sqlite://data/colloquy.db", "sqlite://data/colloquy.db"),
            ("postgres://ada@db/colloquy", "postgres://ada@db/colloquy"),
            (
                "postgres://ada:pass@db:5432/c?sslmode=require",
                "postgres://ada:********@db:5432/c?sslmode=require",
            ),
            ("postgres://ada:p@ss/w?rd#@db/c", "postgres://ada:********@db/c"),
            ("postgres://db/c?user=ada&password=pass", "postgres://db/c?user=ada&password=********"),
            ("redis://:pass@cache:6379/1", "redis://:********@cache:6379/1"),
        ] {
            assert_eq!(without_password(address), shown);
        }
    }
}
