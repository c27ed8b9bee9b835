//! What is wrong with the settings, in words for the operator.

use std::fmt;

use super::Origin;

/// What is wrong with one setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The setting, such as `server.listen`; empty where there is none.
    pub setting: String,
    /// Where its value came from.
    pub origin: Option<Origin>,
    /// What is wrong and what would be right.
    pub message: String,
}

impl Problem {
    /// A problem of a setting.
    pub fn new(setting: impl Into<String>, origin: Option<Origin>, message: impl Into<String>) -> Self {
        Self { setting: setting.into(), origin, message: message.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.setting, &self.origin) {
            (setting, Some(origin)) if setting.is_empty() => write!(formatter, "{origin}: ")?,
            (setting, Some(origin)) => write!(formatter, "{setting} ({origin}): ")?,
            (setting, None) if setting.is_empty() => {}
            (setting, None) => write!(formatter, "{setting}: ")?,
        }
        formatter.write_str(&self.message)
    }
}

/// Everything that is wrong with the settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct Problems(pub Vec<Problem>);

/// `; did you mean …?` where one of the known words is close.
pub fn suggestion<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    const CLOSE: f64 = 0.8;
    let near = known.into_iter().map(|known| (strsim::jaro_winkler(word, known), known));
    let nearest = near.filter(|(closeness, _)| *closeness >= CLOSE).max_by(|a, b| a.0.total_cmp(&b.0));
    nearest.map_or_else(String::new, |(_, known)| format!("; did you mean {known}?"))
}
