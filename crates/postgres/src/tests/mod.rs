//! What only Postgres promises, where a test has to see statements that no port shows.

mod audit;
mod claims;
mod drift;
mod languages;
mod migration;
mod owners;
mod partitions;
mod plans;
mod replica;
mod rules;
mod statements;
mod walls;

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::sync::Arc;

use testing::contracts::{Storage, World};
use testing::servers::{Template, TestDatabase, fresh_database, postgres_url};
use tokio::runtime::Handle;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

use crate::{Postgres, Settings, migrate};

const SEED: &str = include_str!("seed.sql");
/// The workspace and the busiest person of a seeded database.
const WORKSPACE: &str = "01856aa0-c800-7000-8000-000000000001";
const OTHER_WORKSPACE: &str = "01856aa0-c800-7000-8000-000000000002";
const PERSON: &str = "01856aa0-c800-7000-8000-000000000065";

/// A migrated database without rows.
async fn empty() -> TestDatabase {
    let template = Template::shared(&named("inside"));
    fresh_database(&template, migrated).await.expect("the server makes databases")
}

/// A migrated database with 200,000 conversations and 240,000 messages.
async fn seeded() -> TestDatabase {
    let template = Template::shared(&named("seeded"));
    let seed = async |url: String| {
        migrated(url.clone()).await;
        let name = url.rsplit('/').next().expect("the address names a database").to_owned();
        let server = postgres_url();
        let (server, _) = server.rsplit_once('/').expect("the address names a database");
        let client = connect(&format!("{server}/{name}")).await;
        client.batch_execute(SEED).await.expect("the rows are in order");
        client.batch_execute("VACUUM ANALYZE").await.expect("it can be analysed");
    };
    fresh_database(&template, seed).await.expect("the server makes databases")
}

fn named(what: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations/postgres");
    let folders = fs::read_dir(folder).expect("the migrations are there");
    let mut scripts: Vec<_> =
        folders.map(|entry| entry.expect("the folder can be read").path().join("up.sql")).collect();
    scripts.sort();
    let mut hasher = DefaultHasher::new();
    SEED.hash(&mut hasher);
    for script in scripts {
        fs::read(&script).expect("a migration has a script").hash(&mut hasher);
    }
    format!("{what}_{:016x}", hasher.finish())
}

async fn migrated(url: String) {
    migrate::up(&Settings::at(&url)).await.expect("migrating works");
}

/// Opens a database as its owner.
async fn open(database: &TestDatabase) -> Arc<Postgres> {
    let settings = Settings { pool: 4, ..Settings::at(&database.url()) };
    Postgres::open(&settings).await.expect("the database opens")
}

/// A workspace with a person, and the adapter behind it.
async fn world(database: &TestDatabase) -> (World, Arc<Postgres>) {
    let postgres = open(database).await;
    (World::new(Storage::new(&postgres, Arc::new(()))).await, postgres)
}

/// A connection for statements by hand.
async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("the server answers");
    Handle::current().spawn(connection);
    client
}

/// The rows of some statements, fields with `|` between them.
async fn rows(client: &Client, sql: &str) -> Vec<String> {
    let messages = client.simple_query(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    let rows = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => {
            let fields: Vec<&str> = (0..row.len()).map(|field| row.get(field).unwrap_or_default()).collect();
            Some(fields.join("|"))
        }
        _ => None,
    });
    rows.collect()
}

/// The constraint that refuses a statement.
async fn refused_by(client: &Client, sql: &str) -> String {
    let error = client.batch_execute(sql).await.expect_err(sql);
    let error = error.as_db_error().expect("the database refuses it");
    error.constraint().unwrap_or_else(|| error.message()).to_owned()
}
