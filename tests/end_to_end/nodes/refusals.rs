//! What is wrong with the database or with Redis is said at the start and by `config check`: which setting, and what to do;
//! and never the password.

use testing::servers::{
    PostgresOptions, PostgresServer, RedisOptions, RedisServer, TestDatabase, postgres_url,
};

use crate::harness::{Folder, Server, ServerBuilder};
use crate::operations::run;

/// Both commands refuse, name the setting and say these words; nothing of what is secret is printed.
async fn refused(builder: ServerBuilder, setting: &str, words: &[&str], secrets: &[&str]) {
    for arguments in [&["serve"][..], &["config", "check"]] {
        let ended = run(&builder, &Folder::without_database(), arguments).await;
        assert_ne!(ended.code, 0, "{arguments:?}: {ended:?}");
        let told = format!("{}{}", ended.printed, ended.complained);
        assert!(told.contains(setting), "{arguments:?}: {setting} is missing in {told}");
        let lower = told.to_lowercase();
        assert!(
            words.iter().any(|word| lower.contains(word)),
            "{arguments:?}: none of {words:?} is in {told}"
        );
        for secret in secrets {
            assert!(!told.contains(secret), "{arguments:?}: {secret} is in {told}");
        }
    }
}

fn database(url: &str) -> ServerBuilder {
    Server::builder().without_owner().env("COLLOQUY_DATABASE__URL", url)
}

async fn migrated() -> TestDatabase {
    let database = TestDatabase::empty(&postgres_url()).await.expect("a database");
    crate::harness::migrate(database.url()).await;
    database
}

fn with_redis(database: &TestDatabase, url: &str) -> ServerBuilder {
    self::database(&database.url()).env("COLLOQUY_REDIS__URL", url)
}

#[tokio::test]
async fn an_address_that_is_none_is_refused() {
    for url in [
        "mysql://ada:s3cret@localhost/colloquy",
        "postgres:/ada:s3cret@localhost",
        "postgres://ada:s3cret@localhost:99999/c",
    ] {
        refused(database(url), "database.url", &["postgres://", "port", "address", "url"], &["s3cret"]).await;
    }
    let read = database(&postgres_url()).env("COLLOQUY_DATABASE__READ_URL", "http://ada:s3cret@localhost/");
    refused(read, "database.read_url", &["postgres://"], &["s3cret"]).await;
    let redis = database(&postgres_url()).env("COLLOQUY_REDIS__URL", "http://ada:s3cret@localhost/");
    refused(redis, "redis.url", &["redis://"], &["s3cret"]).await;
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_without_its_password() {
    let nowhere = "postgres://ada:s3cret@127.0.0.1:1/colloquy";
    refused(database(nowhere), "database.url", &["127.0.0.1:1", "connect", "reach"], &["s3cret"]).await;
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_database_are_told_apart() {
    let there = TestDatabase::empty(&postgres_url()).await.expect("a database");
    let wrong = there.url().replace("tests-only", "s3cret");
    refused(database(&wrong), "database.url", &["password"], &["s3cret", "tests-only"]).await;
    let unknown = there.url().replace(there.name(), "no_such_database");
    refused(database(&unknown), "database.url", &["no_such_database"], &["tests-only"]).await;
}

#[tokio::test]
async fn a_standby_is_no_primary() {
    let primary = PostgresServer::start(PostgresOptions::default()).await.expect("Postgres");
    let standby = primary.standby(PostgresOptions::default()).await.expect("a standby");
    refused(
        database(&standby.url()),
        "database.url",
        &["read-only", "standby", "replica", "primary"],
        &["tests-only"],
    )
    .await;
}

#[tokio::test]
async fn a_database_that_only_reads_is_no_primary() {
    let there = migrated().await;
    let read_only = format!("ALTER DATABASE {} SET default_transaction_read_only = on", there.name());
    there.execute(&[&read_only]).expect("a setting");
    refused(database(&there.url()), "database.url", &["read-only", "only read"], &["tests-only"]).await;
}

#[tokio::test]
async fn missing_rights_on_the_schema_are_named() {
    let there = TestDatabase::empty(&postgres_url()).await.expect("a database");
    there
        .execute(&["DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'guest') THEN \
             CREATE ROLE guest LOGIN PASSWORD 's3cret'; END IF; END $$"])
        .expect("a role");
    let guest = there.url().replace("colloquy:tests-only", "guest:s3cret");
    let ended = run(&database(&guest), &Folder::without_database(), &["serve"]).await;
    assert_ne!(ended.code, 0, "{ended:?}");
    assert!(ended.complained.contains("database.url"), "{ended:?}");
    assert!(ended.complained.contains("GRANT CREATE ON SCHEMA"), "it says what to do: {ended:?}");
    assert!(!ended.complained.contains("s3cret"), "{ended:?}");
}

#[tokio::test]
async fn a_redis_that_demands_a_password_and_one_that_refuses_it_are_named() {
    let options = RedisOptions { password: Some("0pen-sesame".to_owned()), ..RedisOptions::default() };
    let (redis, there) = (RedisServer::start(options).await.expect("Redis"), migrated().await);
    let secrets = ["0pen-sesame", "s3cret", "tests-only"];
    let without = redis.url().replace(":0pen-sesame@", "");
    refused(with_redis(&there, &without), "redis.url", &["password"], &secrets).await;
    let wrong = redis.url().replace("0pen-sesame", "s3cret");
    refused(with_redis(&there, &wrong), "redis.url", &["password"], &secrets).await;
    let right =
        run(&with_redis(&there, &redis.url()), &Folder::without_database(), &["config", "check"]).await;
    assert_eq!(right.code, 0, "{right:?}");
}

#[tokio::test]
async fn all_that_is_right_is_said_to_be_right() {
    let (redis, there) =
        (RedisServer::start(RedisOptions::default()).await.expect("Redis"), migrated().await);
    let checked =
        run(&with_redis(&there, &redis.url()), &Folder::without_database(), &["config", "check"]).await;
    assert_eq!(checked.code, 0, "{checked:?}");
    let shown =
        run(&with_redis(&there, &redis.url()), &Folder::without_database(), &["config", "show"]).await;
    assert!(shown.code == 0 && !format!("{shown:?}").contains("tests-only"), "{shown:?}");
    let doctor = run(&with_redis(&there, &redis.url()), &Folder::without_database(), &["doctor"]).await;
    assert!(doctor.code == 0 && !format!("{doctor:?}").contains("tests-only"), "{doctor:?}");
}
