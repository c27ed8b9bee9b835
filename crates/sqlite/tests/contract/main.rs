//! The storage contract on SQLite, and what only SQLite promises.

mod migrations;
mod opening;
mod overload;

use std::sync::Arc;

use sqlite::{Settings, Sqlite};
use tempfile::TempDir;
use testing::contracts::Storage;
use testing::fakes::FaultyJournal;

/// A directory for a database, and settings that lead there.
fn fresh_settings() -> (TempDir, Settings) {
    let directory = tempfile::tempdir().expect("a temporary directory can be made");
    let settings = Settings { readers: 2, ..Settings::at(&directory.path().join("data/colloquy.db")) };
    (directory, settings)
}

/// All ports of the database of these settings.
fn open(settings: &Settings) -> Storage {
    let database = Sqlite::open(settings).expect("the database opens");
    Storage::new(&database, Arc::new(()))
}

/// An empty database.
fn on_a_file() -> Storage {
    let (directory, settings) = fresh_settings();
    Storage { guard: Arc::new(directory), ..open(&settings) }
}

/// The same behind a journal that could fail, but does not.
fn behind_a_faulty_journal() -> Storage {
    let storage = on_a_file();
    Storage { journal: Arc::new(FaultyJournal::new(storage.journal.clone())), ..storage }
}

mod on_sqlite {
    use super::on_a_file;

    testing::storage_contract!(on_a_file());
}

mod on_sqlite_behind_a_faulty_journal {
    use super::behind_a_faulty_journal;

    testing::storage_contract!(behind_a_faulty_journal());
}
