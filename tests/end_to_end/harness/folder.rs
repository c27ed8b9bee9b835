//! The folder of a server, and the database that belongs to it.

use std::ops::Deref;
use std::path::Path;
use std::process::Stdio;
use std::time::UNIX_EPOCH;

use tempfile::TempDir;
use testing::servers::{Template, TestDatabase, TestRedis, fresh_database, fresh_redis};
use tokio::process::Command;

use super::server::binary;

/// A folder in which a server runs. Where the tests run on Postgres, a database of that server and one of Redis belong to
/// it, and go with it.
pub struct Folder {
    database: Option<TestDatabase>,
    redis: Option<TestRedis>,
    place: TempDir,
}

/// Whether the tests run on Postgres: `COLLOQUY_TEST_DATABASE` says so.
pub fn is_postgres() -> bool {
    match std::env::var("COLLOQUY_TEST_DATABASE").as_deref() {
        Ok("postgres") => true,
        Ok("sqlite" | "") | Err(_) => false,
        Ok(other) => panic!("COLLOQUY_TEST_DATABASE is {other:?}, and neither sqlite nor postgres"),
    }
}

impl Folder {
    /// An empty folder, with a migrated database where the database is a server.
    pub async fn new() -> Self {
        let mut folder = Self::without_database();
        if is_postgres() {
            let database = fresh_database(&template("shared"), migrate).await.expect("a database");
            let redis = fresh_redis().expect("a database of Redis");
            folder.database = Some(database);
            folder.redis = Some(redis);
        }
        folder
    }

    /// An empty folder and nothing else.
    pub fn without_database() -> Self {
        let place = TempDir::new().expect("a temporary folder");
        Self { database: None, redis: None, place }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.place.path()
    }

    /// What a server in it has to be told.
    pub fn environment(&self) -> impl Iterator<Item = (&'static str, String)> {
        let database = self.database.iter().map(|database| ("COLLOQUY_DATABASE__URL", database.url()));
        database.chain(self.redis.iter().map(|redis| ("COLLOQUY_REDIS__URL", redis.url())))
    }

    /// Everything that the server has stored, as the database keeps it.
    pub fn stored(&self) -> Vec<u8> {
        match &self.database {
            Some(database) => database.dump().expect("a dump").into_bytes(),
            None => files(&self.path().join("data")),
        }
    }
}

/// Everything in a folder, as bytes in a row.
fn files(folder: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            bytes.extend(files(&path));
        } else {
            bytes.extend(std::fs::read(&path).unwrap_or_default());
        }
    }
    bytes
}

impl Deref for Folder {
    type Target = Path;

    fn deref(&self) -> &Path {
        self.path()
    }
}

/// The template that the binary migrates, on the shared server.
pub fn template(kind: &str) -> Template {
    Template::shared(&template_name(kind))
}

/// A name for a template that changes with the binary.
pub fn template_name(kind: &str) -> String {
    let built = std::fs::metadata(binary()).and_then(|file| file.modified()).expect("the server's binary");
    let built = built.duration_since(UNIX_EPOCH).expect("a time after 1970").as_nanos();
    format!("end_to_end_{kind}_{built:x}")
}

/// Has the binary migrate a database.
pub async fn migrate(url: String) {
    let folder = TempDir::new().expect("a folder");
    let migrating = Command::new(binary())
        .arg("migrate")
        .current_dir(folder.path())
        .env_clear()
        .env("COLLOQUY_DATABASE__URL", url)
        .env("COLLOQUY_DATA_DIR", folder.path())
        .stdin(Stdio::null())
        .output();
    let migrated = migrating.await.expect("the server's binary; build it first");
    assert!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));
}
