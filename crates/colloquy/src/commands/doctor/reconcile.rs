//! What is stored twice: does it agree?

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use domain::ports::{Drift, DriftKind};

use super::Finding;
use crate::database;
use crate::failure::Failure;
use crate::settings::{Engine, Loaded, Origin};

/// So many of a kind are named.
const NAMED: usize = 5;

/// Counts again what is kept as a number, and corrects it where that is wanted.
pub async fn look(loaded: &Loaded, repair: bool) -> Result<Vec<Finding>, Failure> {
    // Opening would make what is not there, and nothing agrees with nothing.
    if let Some(file) = missing_file(loaded) {
        return Ok(vec![nothing(&file, loaded)]);
    }
    let database = database::open(loaded).await?;
    let mut drifts: BTreeMap<DriftKind, Vec<Drift>> = BTreeMap::new();
    let counted = loop {
        match database.reconcile(repair).await {
            Ok(found) if found.is_empty() => break Ok(()),
            Ok(found) => {
                for drift in found {
                    drifts.entry(drift.kind).or_default().push(drift);
                }
                if !repair {
                    break Ok(());
                }
            }
            Err(error) => break Err(Failure::because(&error)),
        }
    };
    database.shut_down().await?;
    counted?;
    Ok(findings(&drifts, repair))
}

/// The file of the database, where there is none yet.
fn missing_file(loaded: &Loaded) -> Option<PathBuf> {
    let database = &loaded.settings.database;
    let file = (database.engine() == Engine::Sqlite).then(|| database.sqlite().path().ok()).flatten()?;
    matches!(file.try_exists(), Ok(false)).then_some(file)
}

fn nothing(file: &Path, loaded: &Loaded) -> Finding {
    let (setting, origin) = match loaded.origin("database.url") {
        Origin::Default => ("data_dir", loaded.origin("data_dir")),
        origin => ("database.url", origin),
    };
    let here = std::env::current_dir().unwrap_or_default().join(file);
    let state = format!(
        "cannot be compared, for there is no database at {}; that place comes from the setting {setting} ({origin})",
        here.display()
    );
    Finding::good("counts", state)
}

fn findings(drifts: &BTreeMap<DriftKind, Vec<Drift>>, repair: bool) -> Vec<Finding> {
    if drifts.is_empty() {
        return vec![Finding::good("counts", "everything that is stored twice agrees")];
    }
    let told = drifts.iter().map(|(kind, drifts)| {
        let some: Vec<String> = drifts
            .iter()
            .take(NAMED)
            .map(|drift| format!("{} says {} in place of {}", drift.id, drift.stored, drift.expected))
            .collect();
        let more = if drifts.len() > NAMED { ", …" } else { "" };
        let state = format!("{} of {} did not agree: {}{more}", drifts.len(), kind, some.join(", "));
        if repair {
            return Finding::good("counts", format!("{state}; corrected"));
        }
        let advice = "Run `colloquy doctor --reconcile --repair`, and report it with the log of the server.";
        Finding::bad("counts", state, advice)
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn where_nothing_is_nothing_is_said_to_agree() {
        let folder = tempfile::tempdir().expect("the tests have a place for files");
        let argument = crate::settings::Argument {
            name: "--data-dir".to_owned(),
            setting: "data_dir".to_owned(),
            value: folder.path().join("gone").display().to_string(),
        };
        let sources = crate::settings::Sources {
            working_directory: folder.path().to_owned(),
            arguments: vec![argument],
            ..crate::settings::Sources::default()
        };
        let loaded = sources.load().expect("the settings are valid");
        let told = look(&loaded, true).await.expect("nothing fails")[0].to_string();
        assert!(
            !told.contains("agrees") && told.contains("no database at") && told.contains("--data-dir"),
            "{told}"
        );
        assert!(!folder.path().join("gone").exists(), "it was made");
    }

    #[test]
    fn what_does_not_agree_is_told_by_kind() {
        let drift = Drift {
            kind: DriftKind::MessageCount,
            id: uuid::Uuid::from_u128(1),
            stored: "3".to_owned(),
            expected: "2".to_owned(),
        };
        let drifts = BTreeMap::from([(DriftKind::MessageCount, vec![drift; 7])]);
        let told = findings(&drifts, false);
        assert!(told[0].is_bad() && told[0].to_string().contains("says 3 in place of 2"), "{told:?}");
        assert!(!findings(&drifts, true)[0].is_bad());
        assert!(!findings(&BTreeMap::new(), false)[0].is_bad());
    }
}
