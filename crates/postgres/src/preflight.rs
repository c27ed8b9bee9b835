//! What is looked at before a database is used, and what is said when it cannot be.

use diesel::sql_types::{BigInt, Bool, Nullable, Text};
use tokio_postgres::error::SqlState;

use crate::address::Address;
use crate::connection::{ConnectError, Connection};
use crate::session;
use crate::settings::SettingsProblem;

/// The oldest version of Postgres that will do.
const MINIMUM: i64 = 15;
/// The role that connections of those take on whom row-level security would not bind.
pub(crate) const APP_ROLE: &str = "colloquy_app";

/// What a server and the account we have there are like.
#[derive(Debug, Clone)]
pub(crate) struct Preflight {
    version: i64,
    encoding: String,
    schema: Option<String>,
    may_create: bool,
    writing: Writing,
    trigrams: Trigrams,
    wall: Wall,
    /// To whom tables belong that the account may not even read.
    foreign_owner: Option<String>,
}

/// Whether the database can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Writing {
    Allowed,
    Replica,
    ReadOnly,
}

/// How far the extension `pg_trgm` is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trigrams {
    Created,
    Creatable,
    Forbidden,
    NotInstalled,
}

/// Whether row-level security binds the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wall {
    Binding,
    /// It binds the role that the account can take on.
    BindingAppRole,
    Missing,
}

/// Version, encoding, schema, owner of unreadable tables; the rest is words that name a variant.
type Types = (BigInt, Text, Nullable<Text>, Bool, Text, Text, Text, Nullable<Text>);
type Row = (i64, String, Option<String>, bool, String, String, String, Option<String>);

const LOOK: &str = "SELECT
     current_setting('server_version_num')::bigint / 10000,
     getdatabaseencoding()::text,
     current_schema()::text,
     coalesce(has_schema_privilege(current_schema(), 'CREATE'), false),
     CASE
         WHEN pg_is_in_recovery() THEN 'replica'
         WHEN current_setting('transaction_read_only') = 'on' THEN 'read only'
         ELSE 'allowed'
     END,
     CASE
         WHEN EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm') THEN 'created'
         WHEN NOT EXISTS (SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm') THEN 'not installed'
         WHEN has_database_privilege(current_database(), 'CREATE') THEN 'creatable'
         ELSE 'forbidden'
     END,
     CASE
         WHEN NOT (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user) THEN 'binding'
         WHEN (SELECT pg_has_role(oid, 'MEMBER') FROM pg_roles WHERE rolname = 'colloquy_app') THEN 'binding app role'
         ELSE 'missing'
     END,
     (
         SELECT pg_get_userbyid(relowner)::text FROM pg_class
         WHERE oid = to_regclass('__diesel_schema_migrations') AND NOT has_table_privilege(oid, 'SELECT')
     )";

impl Preflight {
    /// Looks.
    pub(crate) async fn of(connection: &Connection) -> diesel::QueryResult<Self> {
        let rows = session::rows::<Types, Row>(&connection.diesel, LOOK, &[]).await?;
        let row = rows.into_iter().next().ok_or(diesel::result::Error::NotFound)?;
        let (version, encoding, schema, may_create, writing, trigrams, wall, foreign_owner) = row;
        let writing = match writing.as_str() {
            "allowed" => Writing::Allowed,
            "replica" => Writing::Replica,
            _ => Writing::ReadOnly,
        };
        let trigrams = match trigrams.as_str() {
            "created" => Trigrams::Created,
            "creatable" => Trigrams::Creatable,
            "forbidden" => Trigrams::Forbidden,
            _ => Trigrams::NotInstalled,
        };
        let wall = match wall.as_str() {
            "binding" => Wall::Binding,
            "binding app role" => Wall::BindingAppRole,
            _ => Wall::Missing,
        };
        Ok(Self { version, encoding, schema, may_create, writing, trigrams, wall, foreign_owner })
    }

    /// Why nothing can be written here, if so.
    pub(crate) fn problem(&self, address: &Address) -> Option<SettingsProblem> {
        let place = format!("leads to the database {:?} on {}", address.database(), address.hosts());
        let problem = if self.version < MINIMUM {
            format!(
                "{place}, which is Postgres {}; Colloquy needs Postgres {MINIMUM} or later: upgrade that server, or name \
                 another one",
                self.version
            )
        } else if self.writing == Writing::Replica {
            format!(
                "{place}, which is a replica that can only be read; name the primary here, and the replica in \
                 database.read_url"
            )
        } else if self.writing == Writing::ReadOnly {
            format!(
                "{place}, where transactions only read unless they say otherwise; set default_transaction_read_only to \
                 off for that database and the user {:?}",
                address.user()
            )
        } else if self.encoding != "UTF8" {
            format!(
                "{place}, which stores text as {}; create a database with `createdb --encoding=UTF8 \
                 --template=template0`",
                self.encoding
            )
        } else if self.schema.is_none() {
            format!(
                "{place}, where the search_path of the user {:?} leads to no schema; create one, or set the search_path of \
                 that user",
                address.user()
            )
        } else {
            return self.foreign_tables(address);
        };
        Some(SettingsProblem::new(address.setting(), problem))
    }

    /// Why a replica cannot be read, if so.
    pub(crate) fn replica_problem(&self, address: &Address) -> Option<SettingsProblem> {
        if self.version >= MINIMUM {
            return self.foreign_tables(address);
        }
        let problem = format!(
            "leads to Postgres {} on {}; Colloquy needs Postgres {MINIMUM} or later",
            self.version,
            address.hosts()
        );
        Some(SettingsProblem::new(address.setting(), problem))
    }

    /// That the tables are not for the account, if so.
    fn foreign_tables(&self, address: &Address) -> Option<SettingsProblem> {
        let (owner, user) = (self.foreign_owner.as_deref()?, address.user());
        let problem = format!(
            "names the user {user:?}, who may not read the tables of the database {:?} on {}, which belong to \
             {owner:?}; name that user here, or let somebody who may say: GRANT {owner:?} TO {user:?}",
            address.database(),
            address.hosts()
        );
        Some(SettingsProblem::new(address.setting(), problem))
    }

    /// Why migrations cannot be applied here, if so.
    pub(crate) fn migration_problem(&self, address: &Address) -> Option<SettingsProblem> {
        let (user, database) = (address.user(), address.database());
        let problem = if !self.may_create {
            let schema = self.schema.as_deref().unwrap_or("public");
            format!(
                "names the user {user:?}, who may not create tables there; let somebody who may say: GRANT CREATE ON \
                 SCHEMA {schema} TO {user:?}"
            )
        } else if self.trigrams == Trigrams::NotInstalled {
            format!(
                "leads to {}, where the extension pg_trgm is not installed; install the additional modules of \
                 Postgres there (the package postgresql-contrib)",
                address.hosts()
            )
        } else if self.trigrams == Trigrams::Forbidden {
            format!(
                "names the user {user:?}, who may not create the extension pg_trgm; let somebody who may say in the \
                 database {database:?}: CREATE EXTENSION pg_trgm"
            )
        } else {
            return None;
        };
        Some(SettingsProblem::new(address.setting(), problem))
    }

    /// Whether row-level security binds nobody here: the account passes it and cannot become one that does not.
    pub(crate) fn lacks_wall(&self) -> bool {
        self.wall == Wall::Missing
    }

    /// Whether connections take on the role that row-level security binds.
    pub(crate) fn takes_app_role(&self) -> bool {
        self.wall == Wall::BindingAppRole
    }
}

/// What a failed attempt to connect means for an operator, and whether waiting may help.
pub(crate) fn explain(error: &ConnectError, address: &Address) -> (SettingsProblem, bool) {
    let (hosts, database, user) = (address.hosts(), address.database(), address.user());
    let said = match error {
        ConnectError::Refused(source) => {
            source.as_db_error().map_or_else(|| with_causes(source), |refusal| refusal.message().to_owned())
        }
        other => other.to_string(),
    };
    let code = error.code();
    let is = |wanted: &SqlState| code == Some(wanted);
    let (problem, may_pass) = if is(&SqlState::INVALID_PASSWORD) {
        (
            format!(
                "has a user or a password that the server {hosts} does not accept (the user is {user:?}); correct them"
            ),
            false,
        )
    } else if is(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION) {
        (
            format!(
                "is refused by the server {hosts}: {said}; correct the user, or allow it in pg_hba.conf, or add ?sslmode=require"
            ),
            false,
        )
    } else if is(&SqlState::INVALID_CATALOG_NAME) {
        (
            format!(
                "names the database {database:?}, which does not exist on {hosts}; create it with `createdb {database}`, or name another one"
            ),
            false,
        )
    } else if is(&SqlState::INSUFFICIENT_PRIVILEGE) {
        (
            format!("names the user {user:?}, who may not use the database {database:?} on {hosts}: {said}"),
            false,
        )
    } else if is(&SqlState::TOO_MANY_CONNECTIONS) {
        (
            format!(
                "leads to {hosts}, which has no connection left; lower database.pool, or raise max_connections there"
            ),
            true,
        )
    } else if code.is_some() {
        (format!("leads to {hosts}, which cannot be used now: {said}"), true)
    } else if said.contains("password missing") {
        (
            format!(
                "has no password, but the server {hosts} demands one of {user:?}; write it as postgres://{user}:password@…"
            ),
            false,
        )
    } else if said.contains("TLS") {
        (
            format!(
                "leads to {hosts}, with which no encrypted connection can be made: {said}; correct sslmode or sslrootcert"
            ),
            false,
        )
    } else {
        (
            format!(
                "leads to {hosts}, which cannot be reached: {said}; start the server there, or correct the address"
            ),
            true,
        )
    };
    (SettingsProblem::new(address.setting(), problem), may_pass)
}

/// The message of an error with its causes.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut said = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_said = cause.to_string();
        if !said.contains(&cause_said) {
            said.push_str(": ");
            said.push_str(&cause_said);
        }
        source = cause.source();
    }
    said
}
