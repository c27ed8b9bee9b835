//! Opening a database, and what is said when it cannot be opened.

use postgres::{OpenError, Postgres, Settings, migrate};
use testing::servers::{PostgresOptions, PostgresServer, TestDatabase, postgres_url};

use crate::fresh_settings;

/// What is said of settings that lead nowhere.
async fn refusal(settings: &Settings) -> (OpenError, String) {
    let error = Postgres::open(settings).await.err().expect("it is refused");
    let said = error.to_string();
    assert!(!said.contains("tests-only") && !said.contains("s3cret"), "a secret is told: {said}");
    (error, said)
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_with_its_setting() {
    let nobody = "postgres://ada:s3cret@127.0.0.1:1/colloquy";
    let (error, said) = refusal(&Settings::at(nobody)).await;
    assert!(matches!(error, OpenError::Unreachable(_)), "{error:?}");
    assert!(said.contains("database.url leads to 127.0.0.1:1, which cannot be reached"), "{said}");
    assert!(said.contains("refused"), "{said}");
    let (_database, settings) = fresh_settings().await;
    let (_, said) = refusal(&Settings { read_url: Some(nobody.to_owned()), ..settings }).await;
    assert!(said.contains("database.read_url leads to 127.0.0.1:1"), "{said}");
}

#[tokio::test]
async fn a_wrong_password_user_or_database_is_told_from_a_server_that_is_away() {
    let (_database, settings) = fresh_settings().await;
    let wrong = settings.url.replace("tests-only", "s3cret");
    let (error, said) = refusal(&Settings::at(&wrong)).await;
    assert!(matches!(error, OpenError::Settings(_)), "{error:?}");
    assert!(said.contains("a user or a password that the server"), "{said}");
    let (place, _) = settings.url.rsplit_once('/').expect("the address names a database");
    let (error, said) = refusal(&Settings::at(&format!("{place}/nothing"))).await;
    assert!(matches!(error, OpenError::Settings(_)), "{error:?}");
    assert!(
        said.contains("\"nothing\", which does not exist") && said.contains("createdb nothing"),
        "{said}"
    );
    let without = settings.url.replace(":tests-only", "");
    let (_, said) = refusal(&Settings::at(&without)).await;
    assert!(said.contains("has no password") || said.contains("does not accept"), "{said}");
    let (_, said) = refusal(&Settings::at(&format!("{}?sslmode=require", settings.url))).await;
    assert!(said.contains("encrypted") && said.contains("sslmode"), "{said}");
}

#[tokio::test]
async fn who_may_not_create_tables_is_told_what_to_grant() {
    let database = TestDatabase::empty(&postgres_url()).await.expect("a database can be made");
    let revoke =
        ["REVOKE ALL ON SCHEMA public FROM PUBLIC, colloquy", "ALTER SCHEMA public OWNER TO postgres"];
    database.execute(&revoke).expect("the administrator may");
    let (error, said) = refusal(&Settings::at(&database.url())).await;
    assert!(matches!(error, OpenError::Settings(_)), "{error:?}");
    assert!(said.contains("GRANT") || said.contains("search_path"), "{said}");
}

#[tokio::test]
async fn pending_migrations_are_refused_where_it_must_not_migrate_and_done_once_by_many() {
    let database = TestDatabase::empty(&postgres_url()).await.expect("a database can be made");
    let settings = Settings { connect_timeout_ms: 30_000, ..Settings::at(&database.url()) };
    let pending = migrate::pending(&settings).await.expect("looking works");
    assert!(!pending.is_empty());
    let (_, said) = refusal(&Settings { migrate: false, ..settings.clone() }).await;
    assert!(said.contains("colloquy migrate") && said.contains(&pending[0]), "{said}");
    let (one, two) = tokio::join!(migrate::up(&settings), migrate::up(&settings));
    let (one, two) = (one.expect("migrating works"), two.expect("waiting works"));
    assert_eq!((one.len() + two.len(), one.is_empty() || two.is_empty()), (pending.len(), true));
    let newest = migrate::down(&settings).await.expect("reverting works");
    assert_eq!(newest.as_ref(), pending.last());
    let rehearsal = migrate::rehearse(&settings).await.expect("rehearsing works").expect("one is pending");
    assert_eq!(rehearsal.migrations.len(), 1);
    assert_eq!(migrate::pending(&settings).await.expect("looking works").len(), 1);
}

#[tokio::test]
async fn a_newer_schema_is_refused_unless_it_says_that_this_release_works_with_it() {
    let (database, settings) = fresh_settings().await;
    let newer = "INSERT INTO __diesel_schema_migrations (version) VALUES ('99991231235959')";
    database.execute(&[newer]).expect("the table is there");
    let opened = Postgres::open(&settings).await.expect("it says so as long as nobody says otherwise");
    opened.shutdown().await;
    let breaking = "UPDATE schema_compatibility SET oldest_migration = '99991231235959'";
    database.execute(&[breaking]).expect("the table is there");
    let (error, said) = refusal(&settings).await;
    assert!(matches!(error, OpenError::Migrate(_)), "{error:?}");
    assert!(said.contains("99991231235959, which this release does not know"), "{said}");
}

#[tokio::test]
async fn a_replica_is_no_primary() {
    let primary = PostgresServer::start(PostgresOptions::default()).await.expect("a server starts");
    let standby = primary.standby(PostgresOptions::default()).await.expect("a standby starts");
    let (error, said) =
        refusal(&Settings { connect_timeout_ms: 30_000, ..Settings::at(&standby.url()) }).await;
    assert!(matches!(error, OpenError::Settings(_)), "{error:?}");
    assert!(said.contains("replica") && said.contains("database.read_url"), "{said}");
}

#[tokio::test]
async fn who_may_not_read_the_tables_is_told_whom_to_name() {
    let (database, settings) = fresh_settings().await;
    let (_, name) = settings.url.rsplit_once('/').expect("the address names a database");
    let stranger = format!("stranger_of_{name}");
    let create = format!("CREATE ROLE {stranger} LOGIN PASSWORD 'tests-only'");
    database.execute(&[&create]).expect("the administrator may");
    let url = settings.url.replace("//colloquy:", &format!("//{stranger}:"));
    let opened = Postgres::open(&Settings { url, ..settings.clone() }).await;
    database.execute(&[&format!("DROP ROLE {stranger}")]).expect("the administrator may");
    let error = opened.err().expect("it is refused");
    assert!(matches!(error, OpenError::Settings(_)), "{error:?}");
    let said = error.to_string();
    assert!(said.starts_with("database.url names the user") && said.contains(&stranger), "{said}");
    assert!(said.contains("which belong to \"colloquy\"; name that user here"), "{said}");
}
