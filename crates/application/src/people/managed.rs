//! Whom an administrator may manage.
//!
//! Nobody manages somebody whose role is above their own. The account itself (its state, name, password and end) is
//! managed in the workspace that is its home; other workspaces decide only what somebody may do with them.

use domain::{
    Credential, Expectation, PageRequest, Permission, Role, User, UserId, UserState, Workspace, WorkspaceId,
};

use crate::bus::Context;
use crate::{Code, Error, Services};

/// A member of the actor's workspace whose role is not above the actor's.
pub(crate) async fn member(services: &Services, context: &Context, id: UserId) -> Result<User, Error> {
    let actor = &context.actor;
    let user = services.ports.identities.user(actor.workspace_id, id).await?.ok_or_else(Error::not_found)?;
    if user.role > actor.role {
        return Err(Error::forbidden("You cannot manage somebody whose role is above your own."));
    }
    Ok(user)
}

/// Refuses a role above the actor's own and, to a key, one that manages: whoever has that needs no key.
pub(crate) fn check_role(context: &Context, role: Role) -> Result<(), Error> {
    if role > context.actor.role {
        return Err(Error::forbidden("You cannot give somebody a role above your own."));
    }
    if role > Role::Member && matches!(context.actor.credential, Credential::ApiKey { .. }) {
        let detail = "A key cannot make administrators or owners. Somebody who has signed in can.";
        return Err(Error::new(Code::Forbidden, "role_by_key", detail));
    }
    Ok(())
}

/// Refuses to manage an account whose home is another workspace.
pub(crate) fn check_home(user: &User) -> Result<(), Error> {
    if user.home_workspace_id == user.workspace_id {
        return Ok(());
    }
    let detail = "This account belongs to another workspace, which manages it. Here you can change its role, or remove \
                  the person from this workspace.";
    Err(Error::new(Code::Forbidden, "account_elsewhere", detail))
}

/// Refuses to take over, bar or delete the account of somebody who may do more in another workspace than the actor may
/// there: it is one account everywhere. Whoever does not belong to a workspace may do nothing in it.
pub(crate) async fn check_roles_elsewhere(
    services: &Services,
    context: &Context,
    user: &User,
) -> Result<(), Error> {
    if may_do_more_elsewhere(services, user, context.actor.user_id).await? {
        let detail = "This person may do more in another workspace than you may there, and it is the same account. Remove \
                      them from this workspace instead.";
        return Err(Error::new(Code::Forbidden, "role_elsewhere", detail));
    }
    Ok(())
}

async fn may_do_more_elsewhere(services: &Services, user: &User, manager: UserId) -> Result<bool, Error> {
    let workspaces = &services.ports.workspaces;
    let own = workspaces.workspaces_of(manager).await?;
    let is_above = |(workspace, role): &(Workspace, Role)| {
        workspace.id != user.workspace_id
            && own.iter().all(|(known, own_role)| known.id != workspace.id || role > own_role)
    };
    Ok(workspaces.workspaces_of(user.id).await?.iter().any(is_above))
}

/// Whether somebody who made a link to an account might still make it: neither they nor its person need be what they were,
/// nor its home where it was.
pub(crate) async fn may_still_recover(
    services: &Services,
    maker: UserId,
    user: &User,
) -> Result<bool, Error> {
    if user.home_workspace_id != user.workspace_id {
        return Ok(false);
    }
    let maker = services.ports.identities.user(user.workspace_id, maker).await?;
    let least_role = Permission::RecoverAccounts.rule().least_role.max(user.role);
    match maker.filter(|maker| maker.state == UserState::Active && maker.role >= least_role) {
        Some(maker) => Ok(!may_do_more_elsewhere(services, user, maker.id).await?),
        None => Ok(false),
    }
}

/// Refuses what nobody does to themselves in this way.
pub(crate) fn refuse_self(context: &Context, user: &User, instead: &str) -> Result<(), Error> {
    if user.id == context.actor.user_id {
        return Err(Error::conflict("yourself", format!("This is your own account. {instead}")));
    }
    Ok(())
}

/// Refuses to take the last active owner from another workspace that has members, and gives what must hold at the commit
/// so that nobody else takes the other owners meanwhile.
pub(crate) async fn check_other_workspaces(
    services: &Services,
    user: &User,
) -> Result<Vec<Expectation>, Error> {
    let mut expected = Vec::new();
    for (workspace, role) in services.ports.workspaces.workspaces_of(user.id).await? {
        if role != Role::Owner || workspace.id == user.workspace_id {
            continue;
        }
        if leaves_people_without_owner(services, workspace.id, user.id).await? {
            let detail = format!(
                "The workspace “{}” has no other active owner. Make somebody an owner there first.",
                workspace.name
            );
            return Err(Error::conflict("last_owner", detail));
        }
        expected.push(Expectation::OthersHaveAnOwner { workspace_id: workspace.id, besides: user.id });
    }
    Ok(expected)
}

/// Whether people belong to a workspace, besides somebody, of whom none is an active owner.
async fn leaves_people_without_owner(
    services: &Services,
    workspace_id: WorkspaceId,
    besides: UserId,
) -> Result<bool, Error> {
    let mut is_anybody_there = false;
    let mut page = PageRequest::first(200);
    loop {
        let users = services.ports.identities.users(workspace_id, None, page).await?;
        for user in users.items.iter().filter(|user| user.id != besides) {
            if user.role == Role::Owner && user.state == UserState::Active {
                return Ok(false);
            }
            is_anybody_there = true;
        }
        let Some(after) = users.next else { return Ok(is_anybody_there) };
        page = PageRequest { after: Some(after), limit: 200 };
    }
}
