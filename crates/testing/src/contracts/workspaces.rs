//! What workspaces, memberships and invitations must do.

use std::time::Duration;

use domain::ports::{Clock, Ids, StorageError};
use domain::{
    Email, Event, Invitation, InvitationId, Membership, PageRequest, Role, TokenHash, User, Workspace,
    WorkspaceName,
};
use futures_util::future::join_all;

use super::{Storage, World};
use crate::assert_refused;

/// A workspace has another name, version by version.
pub async fn a_workspace_is_renamed(storage: Storage) {
    let world = World::new(storage).await;
    let port = &world.storage.workspaces;
    let first = port.workspace(world.workspace_id).await.expect("reading works").expect("it is there");
    let renamed = Workspace {
        name: WorkspaceName::new("Office").expect("the name is valid"),
        version: first.version.next(),
        ..first.clone()
    };
    world.done(vec![Event::WorkspaceUpdated(renamed.clone())]).await;
    for stale in [first, renamed.clone()] {
        assert_refused!(world.commit(vec![Event::WorkspaceUpdated(stale)]).await, StorageError::Conflict);
    }
    assert_eq!(port.workspace(world.workspace_id).await.expect("reading works"), Some(renamed.clone()));
    let oldest = world.storage.identities.first_workspace().await.expect("reading works");
    assert_eq!(oldest, Some(renamed.clone()));
    let (other, _) = world.neighbour().await;
    let next = Workspace { version: renamed.version.next(), ..renamed };
    assert_refused!(
        world.commit_in(other, vec![Event::WorkspaceUpdated(next)]).await,
        StorageError::Rejected(_)
    );
}

/// The workspaces of a person in the order in which they joined them.
pub async fn the_workspaces_of_a_person_are_told_with_their_role(storage: Storage) {
    let world = World::new(storage).await;
    let (other, stranger) = world.neighbour().await;
    world.join(other, &world.user).await;
    let port = &world.storage.workspaces;
    let of = |user: &User| port.workspaces_of(user.id);
    let mine: Vec<_> = of(&world.user).await.expect("reading works");
    let mine: Vec<_> = mine.iter().map(|(workspace, role)| (workspace.id, *role)).collect();
    assert_eq!(mine, [(world.workspace_id, Role::Member), (other, Role::Viewer)]);
    let theirs = of(&stranger).await.expect("reading works");
    assert_eq!(theirs.iter().map(|(workspace, _)| workspace.id).collect::<Vec<_>>(), [other]);
    assert_eq!(of(&world.stranger("nobody@example.org")).await.expect("reading works"), []);
}

/// Whoever leaves a workspace has no session, key or project there any more; what they wrote stays theirs.
pub async fn leaving_ends_what_one_had_there(storage: Storage) {
    let world = World::new(storage).await;
    let (other, _) = world.neighbour().await;
    let there = world.join(other, &world.user).await;
    let sessions = [world.session(&world.user, 1), world.session(&there, 2)];
    let keys = [world.api_key(&world.user, 3), world.api_key(&there, 4)];
    let project = super::projects::project(&world, &world.user, "Ours");
    let conversation = world.new_conversation(world.user.id, "Mine");
    let here = vec![
        Event::SessionOpened(sessions[0].clone()),
        Event::ApiKeyCreated(keys[0].clone()),
        Event::ProjectCreated(project.clone()),
        Event::ConversationCreated(conversation.clone()),
    ];
    world.done(here).await;
    let away = vec![Event::SessionOpened(sessions[1].clone()), Event::ApiKeyCreated(keys[1].clone())];
    world.commit_in(other, away).await.expect("they belong to it");
    let left = Membership {
        workspace_id: world.workspace_id,
        user_id: world.user.id,
        role: world.user.role,
        created_at: world.user.created_at,
    };
    world.done(vec![Event::MemberRemoved(left.clone())]).await;
    let Storage { identities, projects, conversations, .. } = &world.storage;
    for (place, is_left) in [(0, false), (1, true)] {
        let session = identities.session(sessions[place].id).await.expect("reading works");
        let key = identities.api_key_by_hash(keys[place].key_hash).await.expect("reading works");
        assert_eq!((session.is_some(), key.is_some()), (is_left, is_left));
    }
    let access = || projects.access(world.workspace_id, project.id, world.user.id);
    assert_eq!(access().await.expect("reading works"), None);
    let kept = conversations.get(world.workspace_id, conversation.id).await.expect("reading works");
    assert!(kept.is_some());
    world.done(vec![Event::MemberAdded(left)]).await;
    assert_eq!(access().await.expect("reading works"), None);
    let again = User { home_workspace_id: other, version: world.user.version.next(), ..world.user.clone() };
    assert_eq!(identities.user(world.workspace_id, world.user.id).await.expect("reading works"), Some(again));
}

pub(super) fn invitation(world: &World, number: u8) -> Invitation {
    Invitation {
        id: InvitationId::from_uuid(world.ids.uuid()),
        workspace_id: world.workspace_id,
        email: Email::new(&format!("guest{number}@example.org")).expect("the address is valid"),
        role: Role::Viewer,
        token_hash: TokenHash::new([number; 32]),
        invited_by: Some(world.user.id),
        created_at: world.tick(),
        expires_at: world.clock.now().plus(Duration::from_mins(1)),
    }
}

/// Of many who follow an invitation at once, one joins.
pub async fn an_invitation_is_followed_once(storage: Storage) {
    let world = World::new(storage).await;
    let invitation = invitation(&world, 1);
    world.done(vec![Event::InvitationCreated(invitation.clone())]).await;
    let port = &world.storage.workspaces;
    let found = || async { port.invitation_by_token(invitation.token_hash).await.expect("reading works") };
    assert_eq!(found().await.as_ref(), Some(&invitation));
    let attempts = (0..10).map(|number| {
        let guest = world.stranger(&format!("attempt{number}@example.org"));
        let accepted = Event::InvitationAccepted { invitation_id: invitation.id, user_id: guest.id };
        world.commit(vec![Event::UserCreated(guest), accepted])
    });
    let outcomes = join_all(attempts).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(_) | Err(StorageError::Conflict))));
    assert_eq!(found().await, None);
    let page = world.storage.identities.users(world.workspace_id, None, PageRequest::first(50)).await;
    assert_eq!(page.expect("reading works").items.len(), 2);
}

/// Invitations are those of one workspace, page newest first, and outlive whoever sent them.
pub async fn invitations_are_listed_and_taken_back(storage: Storage) {
    let world = World::new(storage).await;
    let (other, _) = world.neighbour().await;
    let sent: Vec<Invitation> = (1..=5).rev().map(|number| invitation(&world, number)).collect();
    world.done(sent.iter().cloned().map(Event::InvitationCreated).collect()).await;
    let port = &world.storage.workspaces;
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = port.invitations(world.workspace_id, PageRequest { after, limit: 2 }).await;
        let page = page.expect("reading works");
        seen.extend(page.items);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert!(seen.iter().eq(sent.iter().rev()), "{seen:?}");
    assert_eq!(port.invitations(other, PageRequest::first(9)).await.expect("reading works").items, []);
    let one = |workspace_id| port.invitation(workspace_id, sent[0].id);
    assert_eq!(one(world.workspace_id).await.expect("reading works").as_ref(), Some(&sent[0]));
    assert_eq!(one(other).await.expect("reading works"), None);
    let revoked = vec![Event::InvitationRevoked { invitation_id: sent[0].id, email: sent[0].email.clone() }];
    assert_refused!(world.commit_in(other, revoked.clone()).await, StorageError::Conflict);
    world.done(revoked.clone()).await;
    assert_refused!(world.commit(revoked).await, StorageError::Conflict);
    assert_eq!(one(world.workspace_id).await.expect("reading works"), None);
    let gone = User { version: world.user.version.next(), ..world.user.clone() };
    world.done(vec![Event::UserDeleted(gone)]).await;
    let left = port.invitation(world.workspace_id, sent[1].id).await.expect("reading works");
    assert_eq!(left, Some(Invitation { invited_by: None, ..sent[1].clone() }));
}
