//! Trying migrations on a copy, so that nobody learns on the real database that one fails, or how long it takes.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use diesel_migrations::MigrationHarness;

use super::{MIGRATIONS, MigrateError, check_references, failed, migrating, open_error, pending};
use crate::connection;
use crate::lock::beside;
use crate::settings::Settings;
use crate::statement::{query, values};

/// What pending migrations did to a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rehearsal {
    /// How long the copy took: the snapshot before the real migration takes about as long.
    pub copy: Duration,
    /// How large the copy is, in bytes: so much free space the snapshot needs.
    pub bytes: u64,
    /// Each migration with the time it took.
    pub migrations: Vec<(String, Duration)>,
}

/// Applies what is pending to a copy beside the database and throws the copy away. A server may be at work on the
/// database meanwhile. `None` when nothing is pending, or when there is no database yet.
pub fn rehearse(settings: &Settings) -> Result<Option<Rehearsal>, MigrateError> {
    let path = settings.path()?;
    if !path.exists() || pending(settings)?.is_empty() {
        return Ok(None);
    }
    let copy = Copy::new(beside(&path, "rehearsal"))?;
    let begin = Instant::now();
    copy.fill(settings, &path)?;
    let took = begin.elapsed();
    let bytes = fs::metadata(&copy.0).map_err(|error| copy.failed(&error))?.len();
    let mut connection = migrating(settings, &copy.0)?;
    let mut migrations = Vec::new();
    for migration in &connection.pending_migrations(MIGRATIONS).map_err(failed)? {
        let begin = Instant::now();
        connection.run_migration(migration).map_err(failed)?;
        migrations.push((migration.name().to_string(), begin.elapsed()));
    }
    check_references(&mut connection)?;
    Ok(Some(Rehearsal { copy: took, bytes, migrations }))
}

/// A copy of a database that goes away with its owner.
struct Copy(PathBuf);

impl Copy {
    fn new(path: PathBuf) -> Result<Self, MigrateError> {
        let copy = Self(path);
        copy.remove().map_err(|error| copy.failed(&error))?;
        connection::create_private(&copy.0).map_err(|error| copy.failed(&error))?;
        Ok(copy)
    }

    fn fill(&self, settings: &Settings, from: &Path) -> Result<(), MigrateError> {
        let name = self.0.to_str().ok_or_else(|| self.failed(&"its path is not valid UTF-8"))?;
        let mut connection = connection::writing(settings, from).map_err(|outage| open_error(&outage))?;
        diesel::RunQueryDsl::execute(query::<()>("VACUUM INTO ?1", values![name]), &mut connection)
            .map(drop)
            .map_err(|error| self.failed(&error))
    }

    fn failed(&self, problem: &dyn std::fmt::Display) -> MigrateError {
        MigrateError::Snapshot { path: self.0.clone(), problem: problem.to_string() }
    }

    fn remove(&self) -> io::Result<()> {
        for end in ["", "-wal", "-shm"] {
            let mut name = self.0.clone().into_os_string();
            name.push(end);
            match fs::remove_file(name) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        if let Err(error) = self.remove() {
            tracing::warn!(%error, copy = %self.0.display(), "the copy of a rehearsal could not be removed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migrate;

    #[test]
    fn a_rehearsal_changes_nothing_and_leaves_nothing_behind() {
        let folder = tempfile::tempdir().expect("the tests have a place for files");
        let settings = Settings::at(&folder.path().join("data.db"));
        assert_eq!(rehearse(&settings).expect("there is nothing to rehearse on"), None);
        let applied = migrate::up(&settings).expect("the schema is made");
        assert_eq!(rehearse(&settings).expect("nothing is pending"), None);
        migrate::down(&settings).expect("one step back").expect("there was a step");
        let rehearsal = rehearse(&settings).expect("the copy migrates").expect("one is pending");
        let names: Vec<&String> = rehearsal.migrations.iter().map(|(name, _)| name).collect();
        assert_eq!(names, [applied.last().expect("there is a migration")]);
        assert_eq!(pending(&settings).expect("the database is there").len(), 1);
        let left: Vec<_> = fs::read_dir(folder.path())
            .expect("the folder is there")
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| name.contains("rehearsal"))
            .collect();
        assert_eq!(left, [""; 0]);
    }
}
