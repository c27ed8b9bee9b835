//! A database per test, copied from a migrated one.

use std::io;

use super::postgres::PASSWORD;
use super::psql::{self, Lock};

/// Whom databases of tests belong to: neither a superuser nor beyond row-level security, like an owner in production.
const OWNER: &str = "colloquy";
/// Guards the making of roles and templates.
const MAKING: i64 = 0x636f_6c6c_6f71;

/// How a database is to be before the test begins.
#[derive(Debug, Clone)]
pub struct Template {
    /// Its name, which changes with the migrations: letters, digits and underscores, at most 40.
    pub name: String,
    /// The administrator's URL of the server.
    pub server: String,
}

impl Template {
    /// A template on the shared server.
    pub fn shared(name: &str) -> Self {
        Self { name: name.to_owned(), server: super::postgres_url() }
    }

    /// A template on a server of one's own.
    pub fn on(server: &super::PostgresServer, name: &str) -> Self {
        Self { name: name.to_owned(), server: server.url() }
    }
}

/// A database of one test, dropped with it.
#[derive(Debug)]
pub struct TestDatabase {
    server: String,
    name: String,
}

impl TestDatabase {
    /// A database in which there is nothing at all.
    pub async fn empty(server: &str) -> io::Result<Self> {
        let server = server.to_owned();
        blocking(move || {
            let _making = Lock::take(&server, MAKING)?;
            psql::run(&server, &[&make_owner()])?;
            create(server.clone(), "template1")
        })
        .await
    }

    /// The URL for its owner, an ordinary role, as in production.
    pub fn url(&self) -> String {
        with(&self.server, Some((OWNER, PASSWORD)), &self.name)
    }

    /// The URL for the server's administrator, a superuser.
    pub fn admin_url(&self) -> String {
        with(&self.server, None, &self.name)
    }

    /// Its name on the server.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Carries out statements as the administrator, each in a transaction of its own; the rows, fields with `|` between
    /// them. It blocks.
    pub fn execute(&self, statements: &[&str]) -> io::Result<String> {
        psql::run(&self.admin_url(), statements)
    }

    /// Everything that is stored, as statements. It blocks.
    pub fn dump(&self) -> io::Result<String> {
        psql::dump(&self.admin_url(), "--inserts")
    }

    /// The schema, as statements. It blocks.
    pub fn schema(&self) -> io::Result<String> {
        let dumped = psql::dump(&self.admin_url(), "--schema-only")?;
        // Newer versions of the tool bind each dump to a word that nobody can guess.
        let is_bound = |line: &&str| line.starts_with("\\restrict") || line.starts_with("\\unrestrict");
        Ok(dumped.lines().filter(|line| !is_bound(line)).collect::<Vec<_>>().join("\n"))
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        // On a server that is gone there is nothing to drop.
        let _ = psql::run(&self.server, &[&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name)]);
    }
}

/// A new database, copied from the template. The first who asks makes the template: `migrate` is given the URL of an
/// empty database and leaves it as tests want it, with no connection open. However many processes ask at once, it is
/// called once.
pub async fn fresh_database(
    template: &Template,
    migrate: impl AsyncFnOnce(String),
) -> io::Result<TestDatabase> {
    let Template { name, server } = template.clone();
    let exists = format!("SELECT 1 FROM pg_database WHERE datname = '{name}' AND datistemplate");
    let (asked, query) = (server.clone(), exists.clone());
    let is_there = blocking(move || Ok(!psql::run(&asked, &[&query])?.is_empty())).await?;
    if !is_there {
        let locked = server.clone();
        let making = blocking(move || Lock::take(&locked, MAKING)).await?;
        if psql::run(&server, &[&exists])?.is_empty() {
            let (drop, create) = (
                format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
                format!("CREATE DATABASE {name} OWNER {OWNER}"),
            );
            psql::run(&server, &[&make_owner(), &drop, &create])?;
            migrate(with(&server, Some((OWNER, PASSWORD)), &name)).await;
            psql::run(
                &server,
                &[&format!("ALTER DATABASE {name} IS_TEMPLATE true ALLOW_CONNECTIONS false")],
            )?;
        }
        drop(making);
    }
    blocking(move || create(server, &name)).await
}

fn create(server: String, template: &str) -> io::Result<TestDatabase> {
    #[expect(
        clippy::disallowed_methods,
        reason = "names of databases are random, so that test processes never meet"
    )]
    let name = format!("test_{}", uuid::Uuid::new_v4().simple());
    psql::run(&server, &[&format!("CREATE DATABASE {name} TEMPLATE {template} OWNER {OWNER}")])?;
    Ok(TestDatabase { server, name })
}

fn make_owner() -> String {
    format!(
        "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{OWNER}') THEN \
         CREATE ROLE {OWNER} LOGIN CREATEROLE PASSWORD '{PASSWORD}'; END IF; END $$"
    )
}

/// The URL of another database of the same server, and of another user where one is given.
fn with(server: &str, user: Option<(&str, &str)>, database: &str) -> String {
    let (scheme, rest) = server.split_once("://").unwrap_or(("postgres", server));
    let (address, _) = rest.rsplit_once('/').unwrap_or((rest, ""));
    let address = match user {
        None => address.to_owned(),
        Some((name, password)) => {
            let host = address.rsplit_once('@').map_or(address, |(_, host)| host);
            format!("{name}:{password}@{host}")
        }
    };
    format!("{scheme}://{address}/{database}")
}

/// Runs what blocks beside the tasks of a test.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_other_databases_and_users_keep_the_host() {
        let server = "postgres://postgres:secret@127.0.0.1:5432/postgres";
        assert_eq!(with(server, None, "test_1"), "postgres://postgres:secret@127.0.0.1:5432/test_1");
        assert_eq!(with(server, Some(("ada", "x")), "test_1"), "postgres://ada:x@127.0.0.1:5432/test_1");
        assert_eq!(with("postgres://[::1]/", Some(("ada", "x")), "t"), "postgres://ada:x@[::1]/t");
    }
}
