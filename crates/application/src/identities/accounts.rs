//! Making accounts: the part that set-up, the command line and administrators share.

use domain::{
    DisplayName, Email, Event, Expectation, Origin, Role, UnitOfWork, User, UserId, UserState, Version,
    Workspace, WorkspaceId, WorkspaceName,
};

use super::Password;
use crate::{Error, Services};

/// What is needed to make an account.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// How the person signs in.
    pub email: Email,
    /// What others see.
    pub display_name: DisplayName,
    /// What the person may do.
    pub role: Role,
    /// What they sign in with; `None` for an account that waits until they choose.
    pub password: Option<Password>,
}

/// Makes the first account, an owner, with the first workspace. It succeeds once in the life of a database.
pub async fn found_workspace(services: &Services, account: NewAccount) -> Result<User, Error> {
    let at = services.ports.clock.now();
    let mut events = Vec::new();
    let workspace = if let Some(workspace) = services.ports.identities.first_workspace().await? {
        workspace
    } else {
        let id = WorkspaceId::from_uuid(services.ports.ids.uuid());
        let name = WorkspaceName::new("Home").map_err(Error::internal)?;
        let workspace = Workspace { id, name, version: Version::FIRST, created_at: at };
        events.push(Event::WorkspaceCreated(workspace.clone()));
        workspace
    };
    let owner = NewAccount { role: Role::Owner, ..account };
    let user = build(services, workspace.id, owner).await?;
    events.push(Event::UserCreated(user.clone()));
    let origin = Origin::SYSTEM;
    let mut unit = UnitOfWork::new(workspace.id, origin, at, events);
    unit.expected.push(Expectation::NoAccountExists);
    match services.ports.journal.commit(unit).await {
        Ok(_) => Ok(user),
        Err(domain::ports::StorageError::Conflict) => {
            Err(Error::conflict("already_set_up", "This server has an owner already. Sign in instead."))
        }
        Err(error) => Err(error.into()),
    }
}

/// Makes a further account, at the wish of the operator.
pub async fn create_account(services: &Services, account: NewAccount) -> Result<User, Error> {
    let workspace = services.ports.identities.first_workspace().await?;
    let workspace = workspace.ok_or_else(|| Error::conflict("not_set_up", "Create the owner first."))?;
    let user = build(services, workspace.id, account).await?;
    let origin = Origin::SYSTEM;
    let events = vec![Event::UserCreated(user.clone())];
    services.ports.journal.commit(UnitOfWork::new(workspace.id, origin, user.created_at, events)).await?;
    Ok(user)
}

/// An account that is not stored yet.
pub(crate) async fn build(
    services: &Services,
    workspace_id: WorkspaceId,
    account: NewAccount,
) -> Result<User, Error> {
    let about = [account.email.as_str(), account.display_name.as_str()];
    let (state, password_hash) = match &account.password {
        Some(password) => (UserState::Active, Some(services.passwords.hash_new(password, &about).await?)),
        None => (UserState::Pending, None),
    };
    Ok(User {
        id: UserId::from_uuid(services.ports.ids.uuid()),
        workspace_id,
        home_workspace_id: workspace_id,
        role: account.role,
        email: account.email,
        display_name: account.display_name,
        state,
        password_hash,
        version: Version::FIRST,
        created_at: services.ports.clock.now(),
    })
}
