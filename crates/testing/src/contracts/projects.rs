//! What projects must do.

use domain::ports::{ConversationFilter, ConversationsOf, Ids, StorageError};
use domain::{
    Conversation, Event, PageRequest, Project, ProjectAccess, ProjectDescription, ProjectId, ProjectMember,
    ProjectName, User, UserId, Version, WorkspaceId,
};

use super::{Storage, World};
use crate::assert_refused;

/// A project of somebody that is not stored yet.
pub(super) fn project(world: &World, maker: &User, name: &str) -> Project {
    let now = world.tick();
    Project {
        id: ProjectId::from_uuid(world.ids.uuid()),
        workspace_id: maker.workspace_id,
        name: ProjectName::new(name).expect("the name is valid"),
        description: Some(ProjectDescription::new("One line\nand another").expect("it is valid")),
        created_by: maker.id,
        version: Version::FIRST,
        created_at: now,
        updated_at: now,
    }
}

fn member(world: &World, project: &Project, user: &User, access: ProjectAccess) -> ProjectMember {
    ProjectMember { project_id: project.id, user_id: user.id, access, added_at: world.tick() }
}

async fn access(world: &World, project: &Project, user_id: UserId) -> Option<ProjectAccess> {
    let port = &world.storage.projects;
    port.access(project.workspace_id, project.id, user_id).await.expect("reading works")
}

async fn titles(world: &World, workspace_id: WorkspaceId, of: ConversationsOf) -> Vec<String> {
    let filter = ConversationFilter::default();
    let page = world.storage.conversations.list(workspace_id, of, filter, PageRequest::first(50)).await;
    page.expect("reading works").items.iter().map(|it| it.title.to_string()).collect()
}

/// Every field survives; whoever made it manages it; versions replace each other.
pub async fn a_project_is_managed_by_its_maker(storage: Storage) {
    let world = World::new(storage).await;
    let first = project(&world, &world.user, "First");
    world.done(vec![Event::ProjectCreated(first.clone())]).await;
    assert_eq!(access(&world, &first, world.user.id).await, Some(ProjectAccess::Manage));
    let changed = Project {
        name: ProjectName::new("Renamed").expect("the name is valid"),
        description: None,
        version: first.version.next(),
        updated_at: world.tick(),
        ..first.clone()
    };
    world.done(vec![Event::ProjectUpdated(changed.clone())]).await;
    for stale in [first.clone(), changed.clone()] {
        assert_refused!(
            world.commit(vec![Event::ProjectUpdated(stale.clone())]).await,
            StorageError::Conflict
        );
        assert_refused!(world.commit(vec![Event::ProjectDeleted(stale)]).await, StorageError::Conflict);
    }
    let port = &world.storage.projects;
    let stored = || async { port.project(world.workspace_id, first.id).await.expect("reading works") };
    assert_eq!(stored().await.as_ref(), Some(&changed));
    let deleted = Project { version: changed.version.next(), ..changed };
    world.done(vec![Event::ProjectDeleted(deleted)]).await;
    assert_eq!(stored().await, None);
    assert_eq!(access(&world, &first, world.user.id).await, None);
}

/// Members of the workspace see a project as far as they were let in.
pub async fn members_see_a_project_as_far_as_they_may(storage: Storage) {
    let world = World::new(storage).await;
    let project = project(&world, &world.user, "Ours");
    world.done(vec![Event::ProjectCreated(project.clone())]).await;
    let mut members = Vec::new();
    for number in 0..5 {
        let user = world.colleague(&format!("user{number}@example.org")).await;
        let member = member(&world, &project, &user, ProjectAccess::Read);
        world.done(vec![Event::ProjectMemberSet(member.clone())]).await;
        members.push(member);
    }
    members[0].access = ProjectAccess::Write;
    world.done(vec![Event::ProjectMemberSet(members[0].clone())]).await;
    assert_eq!(access(&world, &project, members[0].user_id).await, Some(ProjectAccess::Write));
    members.insert(
        0,
        ProjectMember {
            project_id: project.id,
            user_id: world.user.id,
            access: ProjectAccess::Manage,
            added_at: project.created_at,
        },
    );
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = PageRequest { after, limit: 4 };
        let page = world.storage.projects.project_members(world.workspace_id, project.id, page).await;
        let page = page.expect("reading works");
        seen.extend(page.items);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, members);
    let (_, stranger) = world.neighbour().await;
    let foreign = member(&world, &project, &stranger, ProjectAccess::Read);
    assert_refused!(world.commit(vec![Event::ProjectMemberSet(foreign)]).await, StorageError::Rejected(_));
    let remove = || {
        let user_id = members[1].user_id;
        world.commit(vec![Event::ProjectMemberRemoved { project_id: project.id, user_id }])
    };
    remove().await.expect("they see it");
    assert_refused!(remove().await, StorageError::Conflict);
    assert_eq!(access(&world, &project, members[1].user_id).await, None);
}

/// Pages of projects hold every one that a person sees once, with what they may do there.
pub async fn the_projects_of_a_person_page_newest_first(storage: Storage) {
    let world = World::new(storage).await;
    let colleague = world.colleague("bob@example.org").await;
    let mut expected = Vec::new();
    for number in 0..7 {
        let maker = if number % 2 == 0 { &world.user } else { &colleague };
        let made = project(&world, maker, &format!("Project {number}"));
        world.done(vec![Event::ProjectCreated(made.clone())]).await;
        if number % 2 == 0 {
            expected.insert(0, (made, ProjectAccess::Manage));
        } else if number > 2 {
            let let_in = member(&world, &made, &world.user, ProjectAccess::Read);
            world.done(vec![Event::ProjectMemberSet(let_in)]).await;
            expected.insert(0, (made, ProjectAccess::Read));
        }
    }
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = PageRequest { after, limit: 2 };
        let page = world.storage.projects.projects_of(world.workspace_id, world.user.id, page).await;
        let page = page.expect("reading works");
        seen.extend(page.items);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, expected);
}

/// A project shows what anybody put there, and deleting it leaves that to its owners.
pub async fn a_project_shows_what_was_put_there(storage: Storage) {
    let world = World::new(storage).await;
    let colleague = world.colleague("bob@example.org").await;
    let project = project(&world, &world.user, "Ours");
    world.done(vec![Event::ProjectCreated(project.clone())]).await;
    let placed = |owner: &User, title| Conversation {
        project_id: Some(project.id),
        ..world.new_conversation(owner.id, title)
    };
    let mine = placed(&world.user, "Mine");
    let theirs = placed(&colleague, "Theirs");
    let private = world.new_conversation(colleague.id, "Private");
    let all = [&mine, &theirs, &private];
    world.done(all.map(|it| Event::ConversationCreated(it.clone())).to_vec()).await;
    let of_project = ConversationsOf::Project(project.id);
    assert_eq!(titles(&world, world.workspace_id, of_project).await, ["Theirs", "Mine"]);
    assert_eq!(
        titles(&world, world.workspace_id, ConversationsOf::Owner(colleague.id)).await,
        ["Private", "Theirs"]
    );
    let port = &world.storage.conversations;
    let get = |id| port.get(world.workspace_id, id);
    assert_eq!(get(mine.id).await.expect("reading works").as_ref(), Some(&mine));
    let moved = Conversation { project_id: None, version: mine.version.next(), ..mine };
    world.done(vec![Event::ConversationUpdated(moved.clone())]).await;
    assert_eq!(titles(&world, world.workspace_id, of_project).await, ["Theirs"]);
    let back = Conversation {
        project_id: Some(project.id),
        version: moved.version.next(),
        updated_at: world.tick(),
        ..moved
    };
    world.done(vec![Event::ConversationUpdated(back)]).await;
    assert_eq!(titles(&world, world.workspace_id, of_project).await, ["Mine", "Theirs"]);
    let deleted = Project { version: project.version.next(), ..project };
    world.done(vec![Event::ProjectDeleted(deleted)]).await;
    assert_eq!(titles(&world, world.workspace_id, of_project).await, [""; 0]);
    let left = get(theirs.id).await.expect("reading works");
    assert_eq!(left, Some(Conversation { project_id: None, ..theirs }));
}

/// A project of another workspace does not exist, neither for readers nor for conversations.
pub async fn projects_stay_in_their_workspace(storage: Storage) {
    let world = World::new(storage).await;
    let (other, stranger) = world.neighbour().await;
    let there = world.join(other, &world.user).await;
    let project = project(&world, &world.user, "Ours");
    world.done(vec![Event::ProjectCreated(project.clone())]).await;
    let placed =
        Conversation { project_id: Some(project.id), ..world.new_conversation(world.user.id, "Placed") };
    world.done(vec![Event::ConversationCreated(placed)]).await;
    let port = &world.storage.projects;
    assert_eq!(port.project(other, project.id).await.expect("reading works"), None);
    assert_eq!(port.access(other, project.id, world.user.id).await.expect("reading works"), None);
    let first = PageRequest::first(9);
    assert_eq!(port.projects_of(other, there.id, first).await.expect("reading works").items, []);
    let first = PageRequest::first(9);
    assert_eq!(port.project_members(other, project.id, first).await.expect("reading works").items, []);
    assert_eq!(titles(&world, other, ConversationsOf::Project(project.id)).await, [""; 0]);
    let foreign = Conversation {
        workspace_id: other,
        project_id: Some(project.id),
        ..world.new_conversation(world.user.id, "Foreign")
    };
    assert_refused!(
        world.commit_in(other, vec![Event::ConversationCreated(foreign.clone())]).await,
        StorageError::Rejected(_)
    );
    let plain = Conversation { project_id: None, ..foreign };
    world.commit_in(other, vec![Event::ConversationCreated(plain.clone())]).await.expect("it is in order");
    for id in [project.id, ProjectId::from_uuid(world.ids.uuid())] {
        let moved = Conversation { project_id: Some(id), version: plain.version.next(), ..plain.clone() };
        assert_refused!(
            world.commit_in(other, vec![Event::ConversationUpdated(moved)]).await,
            StorageError::Rejected(_)
        );
    }
    let intruder = member(&world, &project, &stranger, ProjectAccess::Manage);
    assert_refused!(
        world.commit_in(other, vec![Event::ProjectMemberSet(intruder)]).await,
        StorageError::Rejected(_)
    );
    let removal = Event::ProjectMemberRemoved { project_id: project.id, user_id: world.user.id };
    assert_refused!(world.commit_in(other, vec![removal]).await, StorageError::Conflict);
}
