//! What no source file holds.

use std::path::Path;

/// The longest source file. The number is a smell, not a law: see [`LONGER`].
const MOST_LINES: usize = 500;

/// Files that are longer, each with its reason.
const LONGER: [(&str, &str); 0] = [];

/// Endings of files that people write line by line.
const COUNTED: [&str; 7] = [".rs", ".py", ".ts", ".tsx", ".js", ".mjs", ".css"];

/// What says that something is not done, or not tried. Written in pieces, so that this file is tidy.
const UNFINISHED: [&str; 4] =
    [concat!("to", "do!("), concat!("un", "implemented!("), concat!("FIX", "ME"), concat!("#[ig", "nore")];

/// Folders that exist on somebody's machine only.
const HOMES: [&str; 4] =
    [concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("/Us", "ers/"), concat!(":\\Us", "ers\\")];

/// Where this machine keeps the project.
pub struct Machine {
    root: String,
}

impl Machine {
    /// The machine on which the project stands at `root`.
    pub fn this(root: &Path) -> Self {
        Self { root: root.display().to_string() }
    }
}

/// Files that are too long, unfinished, or tied to a machine.
pub fn check(path: &str, text: &str, machine: &Machine) -> Vec<String> {
    let mut wrong = Vec::new();
    let lines = text.lines().count();
    let is_counted = COUNTED.iter().any(|end| path.ends_with(end));
    if is_counted && lines > MOST_LINES && !LONGER.iter().any(|(longer, _)| *longer == path) {
        wrong.push(format!("{path}: {lines} lines; a second topic is a reason to split"));
    }
    for (number, line) in (1..).zip(text.lines()) {
        if let Some(word) = UNFINISHED.iter().find(|word| line.contains(*word)) {
            wrong.push(format!("{path}:{number}: unfinished or untried ({word})"));
        }
        if HOMES.iter().any(|home| names_a_folder(line, home)) || names_a_folder(line, &machine.root) {
            wrong.push(format!("{path}:{number}: names a folder of somebody's machine"));
        }
    }
    wrong
}

/// Whether `folder` stands in the line as the beginning of a path: not inside an address or a longer path.
fn names_a_folder(line: &str, folder: &str) -> bool {
    let is_root = |at: usize| !line[..at].ends_with(|c: char| c.is_alphanumeric() || "._-~}/".contains(c));
    folder.len() > 1 && line.match_indices(folder).any(|(at, _)| folder.starts_with(':') || is_root(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn violations(text: &str) -> Vec<String> {
        check("a.rs", text, &Machine { root: "/builds/colloquy".to_owned() })
    }

    #[test]
    fn ordinary_sources_are_tidy() {
        for text in
            ["", "let ignored = 1;", "GET /users/home/1", "https://example.org/builds/colloquy", "a/home/b"]
        {
            assert_eq!(violations(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn unfinished_work_and_machine_paths_are_found_with_their_line() {
        for word in UNFINISHED {
            assert_eq!(violations(&format!("\n{word}")), [format!("a.rs:2: unfinished or untried ({word})")]);
        }
        for home in HOMES {
            assert_eq!(violations(&format!("open(\"{home}ada\")")).len(), 1, "{home}");
        }
        assert_eq!(violations("cd /builds/colloquy"), ["a.rs:1: names a folder of somebody's machine"]);
    }

    #[test]
    fn long_files_are_found_unless_they_are_not_written_by_hand() {
        let long = "x\n".repeat(MOST_LINES + 1);
        assert_eq!(violations(&long), ["a.rs: 501 lines; a second topic is a reason to split"]);
        assert!(check("a.md", &long, &Machine { root: String::new() }).is_empty());
    }
}
