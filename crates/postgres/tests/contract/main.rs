//! The storage contract on Postgres, and what only Postgres promises.

mod opening;
mod privileges;

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::sync::Arc;

use postgres::{Postgres, Settings, migrate};
use testing::contracts::Storage;
use testing::fakes::FaultyJournal;
use testing::servers::{Template, TestDatabase, fresh_database};

/// The name of the template for the schema as it is: a hash of the migrations.
fn template() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations/postgres");
    let mut scripts: Vec<_> = fs::read_dir(folder)
        .expect("the migrations are there")
        .map(|entry| entry.expect("the folder can be read").path().join("up.sql"))
        .collect();
    scripts.sort();
    let mut hasher = DefaultHasher::new();
    for script in scripts {
        fs::read(&script).expect("a migration has a script").hash(&mut hasher);
    }
    format!("contract_{:016x}", hasher.finish())
}

/// A migrated, empty database of one's own, and settings that lead there.
async fn fresh_settings() -> (TestDatabase, Settings) {
    let migrated = async |url: String| {
        migrate::up(&Settings::at(&url)).await.expect("migrating works");
    };
    let database =
        fresh_database(&Template::shared(&template()), migrated).await.expect("a database can be made");
    // The machine may be busy with other tests.
    let settings = Settings {
        pool: 8,
        wait_timeout_ms: 30_000,
        connect_timeout_ms: 30_000,
        statement_timeout_ms: 30_000,
        ..Settings::at(&database.url())
    };
    (database, settings)
}

/// All ports of an empty database.
async fn on_a_database() -> Storage {
    let (database, settings) = fresh_settings().await;
    let postgres = Postgres::open(&settings).await.expect("the database opens");
    Storage::new(&postgres, Arc::new(database))
}

/// The same behind a journal that could fail, but does not.
async fn behind_a_faulty_journal() -> Storage {
    let storage = on_a_database().await;
    Storage { journal: Arc::new(FaultyJournal::new(storage.journal.clone())), ..storage }
}

mod on_postgres {
    use super::on_a_database;

    testing::storage_contract!(on_a_database().await);
}

mod on_postgres_behind_a_faulty_journal {
    use super::behind_a_faulty_journal;

    testing::storage_contract!(behind_a_faulty_journal().await);
}
