use domain::{
    Conversation, Credential, NewConversation, Parameters, Project, ProjectName, Role, Timestamp, TokenHash,
    Version,
};
use tokio::sync::Notify;
use uuid::Uuid;

use super::*;

const AT: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);

const fn uuid(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn actor(user: u128) -> Actor {
    Actor {
        workspace_id: WorkspaceId::from_uuid(uuid(1)),
        user_id: UserId::from_uuid(uuid(user)),
        role: Role::Member,
        credential: Credential::System,
        expires_at: None,
        proof: TokenHash::new([0; 32]),
    }
}

fn project(number: u128) -> ProjectId {
    ProjectId::from_uuid(uuid(number))
}

fn conversation(project_id: Option<ProjectId>) -> Conversation {
    let new = NewConversation {
        id: ConversationId::from_uuid(uuid(5)),
        workspace_id: WorkspaceId::from_uuid(uuid(1)),
        owner_id: actor(7).user_id,
        project_id,
        title: None,
        model: None,
        system_prompt: None,
        parameters: Parameters::default(),
    };
    Conversation::create(new, AT)
}

fn deleted(id: ProjectId) -> Event {
    Event::ProjectDeleted(Project {
        id,
        workspace_id: WorkspaceId::from_uuid(uuid(1)),
        name: ProjectName::new("Garden").expect("a name"),
        description: None,
        created_by: actor(7).user_id,
        version: Version::FIRST.next(),
        created_at: AT,
        updated_at: AT,
    })
}

fn inbox() -> Arc<Inbox> {
    Inbox::new(Arc::new(Notify::new()))
}

/// Who is told what, of a member who follows a conversation in project 20 and of another one.
fn after(event: Event) -> [bool; 2] {
    let guests = Guests::default();
    let shared = conversation(Some(project(20)));
    let inboxes = [inbox(), inbox()];
    let _guests: Vec<Guest> = [8, 9]
        .iter()
        .zip(&inboxes)
        .filter_map(|(user, inbox)| {
            let actor = actor(*user);
            guests.admit(&actor, shared.id, Sight::of(&actor, &shared), inbox)
        })
        .collect();
    guests.committed(&[event]);
    inboxes.map(|inbox| inbox.has_lost_any() && inbox.take().lost == [shared.id])
}

#[test]
fn guests_are_told_of_what_ends_their_sight_and_of_nothing_else() {
    let removed = |number, user| Event::ProjectMemberRemoved {
        project_id: project(number),
        user_id: actor(user).user_id,
    };
    assert_eq!(after(removed(20, 8)), [true, false]);
    assert_eq!(after(removed(21, 8)), [false, false]);
    assert_eq!(after(removed(20, 7)), [false, false]);
    assert_eq!(after(deleted(project(20))), [true, true]);
    assert_eq!(after(deleted(project(21))), [false, false]);
    assert_eq!(after(Event::ConversationUpdated(conversation(None))), [true, true]);
    assert_eq!(after(Event::ConversationUpdated(conversation(Some(project(21))))), [true, true]);
    assert_eq!(after(Event::ConversationUpdated(conversation(Some(project(20))))), [false, false]);
}

#[test]
fn nobody_is_a_guest_in_a_conversation_of_their_own() {
    let (guests, owner, shared) = (Guests::default(), actor(7), conversation(Some(project(20))));
    assert!(guests.admit(&owner, shared.id, Sight::of(&owner, &shared), &inbox()).is_none());
}

#[test]
fn who_has_left_is_forgotten() {
    let (guests, member, shared) = (Guests::default(), actor(8), conversation(Some(project(20))));
    let arrive = || guests.admit(&member, shared.id, Sight::of(&member, &shared), &inbox());
    let (first, second) = (arrive(), arrive());
    drop(first);
    assert_eq!(guests.people(), [member.user_id]);
    assert_eq!(guests.0.lock().due(true).1.len(), 1);
    assert!(guests.0.lock().due(true).1.is_empty(), "it has been looked at");
    guests.hear_of(member.user_id, Position(4));
    guests.hear_of(member.user_id, Position(4));
    assert_eq!(guests.0.lock().due(true).1.len(), 1);
    guests.hear_of(member.user_id, Position(4));
    assert!(guests.0.lock().due(true).1.is_empty(), "nothing has happened since");
    drop(second);
    assert!(guests.people().is_empty() && guests.0.lock().by_conversation.is_empty());
}
