//! The database: is it sound, and does this release know its schema?

use std::path::Path;

use domain::Timestamp;
use sqlite::{Inspection, Settings, inspect};

use super::Finding;
use crate::failure::chain;

const SUBJECT: &str = "database";
/// What to do about a file that is no database of this release.
pub const UNREADABLE: &str = "Use the release that made it, or restore a backup.";
const RESTORE: &str = "Stop the server and restore the newest backup or snapshot.";

/// Looks at the folder of the database and through the database; gives the moment of its newest fact as well.
pub fn look(settings: &Settings, file: &Path) -> (Vec<Finding>, Option<Timestamp>) {
    let (found, newest) = look_through(settings, file);
    (super::disk::look(file).into_iter().chain(found).collect(), newest)
}

fn look_through(settings: &Settings, file: &Path) -> (Vec<Finding>, Option<Timestamp>) {
    match file.try_exists() {
        Ok(true) => {}
        Ok(false) => {
            return (vec![Finding::good(SUBJECT, "is not there yet; the first start makes it")], None);
        }
        Err(error) => {
            let state = format!("cannot be looked at: {error}");
            return (vec![Finding::bad(SUBJECT, state, "Let this user read its folder.")], None);
        }
    }
    match inspect(settings) {
        Ok(inspection) => (judge(&inspection), inspection.newest_fact),
        Err(error) => (vec![Finding::bad(SUBJECT, chain(&error), UNREADABLE)], None),
    }
}

fn judge(inspection: &Inspection) -> Vec<Finding> {
    let copy = super::copy(inspection.unfinished_copy_of.as_deref());
    copy.into_iter().chain(judge_whole(inspection)).collect()
}

fn judge_whole(inspection: &Inspection) -> Vec<Finding> {
    let schema = match inspection.pending.as_slice() {
        [] => Finding::good(SUBJECT, "has the schema of this release"),
        pending => Finding::bad(
            SUBJECT,
            format!("lacks the migrations {}", pending.join(", ")),
            "Run `colloquy migrate --check`, then `colloquy migrate`.",
        ),
    };
    let sound = match inspection.damages.as_slice() {
        [] => Finding::good(SUBJECT, format!("is sound (SQLite {})", inspection.engine)),
        [first, ..] => {
            let state = format!("is damaged in at least {} places: {first}", inspection.damages.len());
            Finding::bad(SUBJECT, state, RESTORE)
        }
    };
    let counted = |number: i64, good: &str, bad: &str, advice: &str| match number {
        0 => Finding::good(SUBJECT, good),
        number => Finding::bad(SUBJECT, format!("{number} {bad}"), advice),
    };
    let report = "Nothing is lost by it; please report it with the log of the server.";
    let references = counted(
        inspection.dangling,
        "every reference leads somewhere",
        "rows refer to something that does not exist",
        RESTORE,
    );
    if !inspection.pending.is_empty() {
        return vec![schema, sound, references];
    }
    vec![
        schema,
        sound,
        references,
        counted(
            inspection.orphans,
            "the full-text index fits the messages",
            "entries of the full-text index have no message",
            report,
        ),
        counted(
            inspection.miscounted,
            "conversations know how many messages they have",
            "conversations have another number of messages than they say",
            report,
        ),
        super::audit::judge(&inspection.audit_breaks),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_database_is_sound_and_everything_wrong_is_told() {
        let folder = tempfile::tempdir().expect("the tests have a place for files");
        let file = folder.path().join("colloquy.db");
        let settings = Settings::at(&file);
        assert_eq!(look_through(&settings, &file).0.len(), 1);
        sqlite::migrate::up(&settings).expect("the schema is made");
        let (findings, newest) = look_through(&settings, &file);
        assert!(findings.iter().all(|finding| !finding.is_bad()), "{findings:?}");
        assert_eq!(newest, None);
        let wrong = Inspection {
            engine: "3".to_owned(),
            pending: Vec::new(),
            unfinished_copy_of: None,
            damages: vec!["page 7".to_owned()],
            dangling: 1,
            orphans: 2,
            miscounted: 3,
            audit_breaks: vec![(domain::WorkspaceId::from_uuid(uuid::Uuid::nil()), 1)],
            newest_fact: None,
        };
        assert_eq!(judge(&wrong).iter().filter(|finding| finding.is_bad()).count(), 5);
        let begun = Inspection { unfinished_copy_of: Some("sqlite://a".to_owned()), ..wrong.clone() };
        assert_eq!(judge(&begun).iter().filter(|finding| finding.is_bad()).count(), 6);
        let behind = Inspection { pending: vec!["a".to_owned()], ..wrong };
        assert!(judge(&behind).iter().all(Finding::is_bad));
    }

    #[test]
    fn a_file_that_is_no_database_is_told() {
        let folder = tempfile::tempdir().expect("the tests have a place for files");
        let file = folder.path().join("colloquy.db");
        std::fs::write(&file, "x".repeat(8192)).expect("the folder is writable");
        assert!(look_through(&Settings::at(&file), &file).0.iter().any(Finding::is_bad));
    }
}
