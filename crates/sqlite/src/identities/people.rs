//! People, as workspaces see them.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Nullable, Text};
use diesel::sqlite::SqliteConnection;
use domain::{
    DisplayName, Email, Page, PageRequest, PasswordHash, Role, User, UserId, UserState, WorkspaceId,
};

use crate::columns::{Id, Word, moment, text, version};
use crate::errors::{Failure, Outcome};
use crate::statement::{all, one, values};

/// A `SELECT` of people, from a join of `users u` and `memberships m`.
macro_rules! select_users {
    ($rest:literal) => {
        concat!(
            "SELECT u.id, m.workspace_id, u.home_workspace_id, m.role, u.email, u.display_name, u.state, \
             u.password_hash, u.version, u.created_at ",
            $rest
        )
    };
}

const USER: &str = select_users!(
    "FROM memberships m JOIN users u ON u.id = m.user_id WHERE m.workspace_id = ?1 AND m.user_id = ?2"
);
pub(crate) const USER_BY_EMAIL: &str = select_users!(
    "FROM users u JOIN memberships m ON m.user_id = u.id WHERE u.email = ?1
     ORDER BY m.workspace_id <> u.home_workspace_id, m.created_at LIMIT 1"
);
pub(crate) const USER_FROM_HOME: &str = select_users!(
    "FROM users u JOIN memberships m ON m.user_id = u.id WHERE u.id = ?1
     ORDER BY m.workspace_id <> u.home_workspace_id, m.created_at LIMIT 1"
);
pub(crate) const USERS: &str = select_users!(
    "FROM memberships m JOIN users u ON u.id = m.user_id
     WHERE m.workspace_id = ?1 AND m.user_id < ?2 AND (?4 IS NULL OR u.state = ?4)
     ORDER BY m.user_id DESC LIMIT (SELECT ?3)"
);

/// A person as a workspace that they belong to sees them.
pub(super) fn get(
    connection: &mut SqliteConnection,
    workspace_id: WorkspaceId,
    id: UserId,
) -> Outcome<Option<User>> {
    one::<Types, Row, _>(connection, USER, values![workspace_id, id])
}

pub(super) fn by_email(connection: &mut SqliteConnection, email: &Email) -> Outcome<Option<User>> {
    one::<Types, Row, _>(connection, USER_BY_EMAIL, values![email.as_str()])
}

/// A person as their home workspace sees them, or the one that they joined first.
pub(super) fn from_home(connection: &mut SqliteConnection, id: UserId) -> Outcome<Option<User>> {
    one::<Types, Row, _>(connection, USER_FROM_HOME, values![id])
}

pub(super) fn list(
    connection: &mut SqliteConnection,
    workspace_id: WorkspaceId,
    state: Option<UserState>,
    page: &PageRequest<UserId>,
) -> Outcome<Page<User, UserId>> {
    let before = page.after.unwrap_or(UserId::from_uuid(uuid::Uuid::max()));
    let most = u32::from(page.limit) + 1;
    let values = values![workspace_id, before, most, state.map(Word::word)];
    let users = all::<Types, Row, User>(connection, USERS, values)?;
    Ok(Page::from_surplus(users, page.limit, |user| user.id))
}

type Types = (Binary, Binary, Binary, Text, Text, Text, Text, Nullable<Text>, BigInt, BigInt);

#[derive(Queryable)]
struct Row {
    id: Id,
    workspace_id: Id,
    home_workspace_id: Id,
    role: String,
    email: String,
    display_name: String,
    state: String,
    password_hash: Option<String>,
    version: i64,
    created_at: i64,
}

impl TryFrom<Row> for User {
    type Error = Failure;

    fn try_from(row: Row) -> Outcome<Self> {
        Ok(Self {
            id: row.id.typed(UserId::from_uuid),
            workspace_id: row.workspace_id.typed(WorkspaceId::from_uuid),
            home_workspace_id: row.home_workspace_id.typed(WorkspaceId::from_uuid),
            role: Role::from_word(&row.role)?,
            email: text(&row.email, Email::new)?,
            display_name: text(&row.display_name, DisplayName::new)?,
            state: UserState::from_word(&row.state)?,
            password_hash: row.password_hash.map(PasswordHash::from_phc),
            version: version(row.version)?,
            created_at: moment(row.created_at),
        })
    }
}
