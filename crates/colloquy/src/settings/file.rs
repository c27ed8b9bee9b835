//! The layer of files: TOML, whose keys know their lines.

use std::fs;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::tree::{Assignment, Value};
use super::{Origin, Problem};

/// The files that are read when none is named: every `config/*.toml` below the working directory, in the order of
/// their names.
pub fn usual_files(working_directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(working_directory.join("config")).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries
        .filter(|entry| Path::new(&entry.file_name()).extension().is_some_and(|end| end == "toml"))
        .map(|entry| PathBuf::from("config").join(entry.file_name()))
        .collect();
    names.sort_unstable();
    names
}

/// What a file says; `path` is shown, and read below `working_directory`.
pub fn read(working_directory: &Path, path: &Path, problems: &mut Vec<Problem>) -> Vec<Assignment> {
    match fs::read_to_string(working_directory.join(path)) {
        Ok(text) => parse(path, &text, problems),
        Err(error) => {
            let problem = format!("the file {} cannot be read: {error}", path.display());
            problems.push(Problem::new("", None, problem));
            Vec::new()
        }
    }
}

/// What the text of a file says.
pub fn parse(path: &Path, text: &str, problems: &mut Vec<Problem>) -> Vec<Assignment> {
    let mut found = Found { path, text, assignments: Vec::new() };
    match DeTable::parse(text) {
        Ok(table) => found.section(&mut Vec::new(), table.get_ref()),
        Err(error) => {
            let origin = found.origin(error.span().map_or(0, |span| span.start));
            problems.push(Problem::new("", Some(origin), format!("this is not TOML: {}", error.message())));
        }
    }
    found.assignments
}

struct Found<'a> {
    path: &'a Path,
    text: &'a str,
    assignments: Vec<Assignment>,
}

impl Found<'_> {
    fn section(&mut self, path: &mut Vec<String>, table: &DeTable<'_>) {
        for (key, value) in table {
            path.push(key.get_ref().to_string());
            let origin = self.origin(key.span().start);
            match value.get_ref() {
                DeValue::Table(inner) => {
                    self.assignments.push(Assignment { path: path.clone(), value: None, origin });
                    self.section(path, inner);
                }
                plain => {
                    let value = Some(value_of(plain));
                    self.assignments.push(Assignment { path: path.clone(), value, origin });
                }
            }
            path.pop();
        }
    }

    fn origin(&self, offset: usize) -> Origin {
        let before = self.text.get(..offset).unwrap_or(self.text);
        Origin::File { path: self.path.to_owned(), line: before.matches('\n').count() + 1 }
    }
}

fn value_of(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Boolean(value) => Value::Boolean(*value),
        DeValue::Datetime(moment) => Value::Text(moment.to_string()),
        // A number that no setting could hold stays a word; the setting says what it wants.
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or_else(|_| Value::Word(number.as_str().to_owned()), Value::Integer),
        DeValue::Float(number) => {
            number.as_str().parse().map_or_else(|_| Value::Word(number.as_str().to_owned()), Value::Float)
        }
        DeValue::Array(values) => {
            Value::List(values.iter().map(|value: &Spanned<DeValue<'_>>| value_of(value.get_ref())).collect())
        }
        // No setting is a list of sections: as text it is refused with the setting's name.
        DeValue::Table(_) => Value::Text("{…}".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_knows_its_line() {
        let mut problems = Vec::new();
        let text = "data_dir = \"d\"\n\n[server]\nworkers = 0x10\n[providers.one]\nmodels = [\"a\", \"b\"]\n";
        let found = parse(Path::new("c.toml"), text, &mut problems);
        let shown: Vec<String> = found
            .iter()
            .map(|one| format!("{} {} {:?}", one.origin, one.path.join("."), one.value))
            .collect();
        insta::assert_snapshot!(shown.join("\n"), @r#"
        c.toml:1 data_dir Some(Text("d"))
        c.toml:5 providers None
        c.toml:5 providers.one None
        c.toml:6 providers.one.models Some(List([Text("a"), Text("b")]))
        c.toml:3 server None
        c.toml:4 server.workers Some(Integer(16))
        "#);
        assert_eq!(problems, []);
    }

    #[test]
    fn what_is_not_toml_is_told_with_its_line() {
        let mut problems = Vec::new();
        assert_eq!(parse(Path::new("c.toml"), "a = 1\nb = = 2\n", &mut problems), []);
        assert_eq!(problems.len(), 1);
        assert!(problems[0].to_string().starts_with("c.toml:2: this is not TOML"), "{}", problems[0]);
    }
}
