//! Whose conversations they are.

use std::error::Error;

use domain::ports::{Identities, Journal};
use domain::{
    DisplayName, Email, Event, Origin, PageRequest, Role, UnitOfWork, User, UserId, UserState, Version,
    Workspace, WorkspaceId, WorkspaceName,
};

use crate::arguments::Arguments;
use crate::conversations::BEGINNING;
use crate::random::Random;

/// The account that is named, else the only one; in an empty database a new one that nobody can sign in to until
/// an operator gives it a password.
pub async fn find_or_make<S: Identities + Journal>(
    storage: &S,
    arguments: &Arguments,
) -> Result<User, Box<dyn Error>> {
    if let Some(email) = &arguments.owner
        && let Some(user) = storage.user_by_email(email).await?
    {
        return Ok(user);
    }
    let workspace = storage.first_workspace().await?;
    if storage.any_account().await? {
        if let Some(email) = &arguments.owner {
            return Err(format!("there is no account of {email}").into());
        }
        let Some(workspace) = workspace else {
            return Err("the accounts of this database are in no workspace".into());
        };
        let mut users = storage.users(workspace.id, None, PageRequest::first(2)).await?.items;
        return match (users.pop(), users.pop()) {
            (Some(user), None) => Ok(user),
            _ => Err("there are several accounts; name one with --owner".into()),
        };
    }
    make(storage, workspace, arguments).await
}

async fn make<S: Journal>(
    storage: &S,
    workspace: Option<Workspace>,
    arguments: &Arguments,
) -> Result<User, Box<dyn Error>> {
    let mut random = Random::new(arguments.seed, u64::MAX);
    let mut events = Vec::new();
    let workspace_id = if let Some(workspace) = workspace {
        workspace.id
    } else {
        let id = WorkspaceId::from_uuid(random.uuid(BEGINNING));
        let name = WorkspaceName::new("Seeded")?;
        events.push(Event::WorkspaceCreated(Workspace {
            id,
            name,
            version: Version::FIRST,
            created_at: BEGINNING,
        }));
        id
    };
    let user = User {
        id: UserId::from_uuid(random.uuid(BEGINNING)),
        workspace_id,
        home_workspace_id: workspace_id,
        role: Role::Owner,
        email: arguments.owner.clone().map_or_else(|| Email::new("owner@localhost"), Ok)?,
        display_name: DisplayName::new("Owner")?,
        state: UserState::Active,
        password_hash: None,
        version: Version::FIRST,
        created_at: BEGINNING,
    };
    events.push(Event::UserCreated(user.clone()));
    storage.commit(UnitOfWork::new(workspace_id, Origin::SYSTEM, BEGINNING, events)).await?;
    println!("Made the account {}; `colloquy user reset-password` gives it a password.", user.email);
    Ok(user)
}
