//! What accounts must do.

use domain::ports::{Clock, FactScope, Ids, Position, StorageError};
use domain::{
    DisplayName, Email, Event, Expectation, Membership, PageRequest, PasswordHash, Role, UnitOfWork, User,
    UserChange, UserId, UserState, Version, WorkspaceId,
};
use futures_util::future::join_all;

use super::{Storage, World};
use crate::assert_refused;

async fn get(world: &World, workspace_id: WorkspaceId, id: UserId) -> Option<User> {
    world.storage.identities.user(workspace_id, id).await.expect("reading works")
}

/// The account one version on.
fn next(user: &User) -> User {
    User { version: user.version.next(), ..user.clone() }
}

const fn updated(user: User, change: UserChange) -> Event {
    Event::UserUpdated { user, change }
}

/// Pages of accounts hold every one once, or those in a state.
pub async fn accounts_page_newest_first(storage: Storage) {
    let world = World::new(storage).await;
    let mut users = vec![world.user.clone()];
    for number in 0..5 {
        let mut user = world.stranger(&format!("user{number}@example.org"));
        user.state = [UserState::Pending, UserState::Suspended, UserState::Active][number % 3];
        world.done(vec![Event::UserCreated(user.clone())]).await;
        users.insert(0, user);
    }
    world.neighbour().await;
    for state in [None, Some(UserState::Pending), Some(UserState::Active), Some(UserState::Suspended)] {
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = PageRequest { after, limit: 2 };
            let page = world.storage.identities.users(world.workspace_id, state, page).await;
            let page = page.expect("reading works");
            seen.extend(page.items);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let expected: Vec<User> =
            users.iter().filter(|user| state.is_none_or(|it| it == user.state)).cloned().collect();
        assert_eq!(seen, expected, "{state:?}");
    }
}

/// An address is taken, however it is written.
pub async fn an_address_has_one_account_whatever_its_case(storage: Storage) {
    let world = World::new(storage).await;
    let mut twin = world.stranger("ADA@Example.org");
    assert_refused!(
        world.commit(vec![Event::UserCreated(twin.clone())]).await,
        StorageError::Rejected("an account with this e-mail address exists")
    );
    twin.email = Email::new("ada2@example.org").expect("the address is valid");
    twin.role = Role::Admin;
    twin.password_hash = Some(PasswordHash::from_phc("$argon2id$…".to_owned()));
    world.done(vec![Event::UserCreated(twin.clone())]).await;
    let port = &world.storage.identities;
    assert_eq!(port.user_by_email(&twin.email).await.expect("reading works"), Some(twin.clone()));
    assert_eq!(get(&world, world.workspace_id, twin.id).await, Some(twin.clone()));
    let (other, _) = world.neighbour().await;
    assert_eq!(get(&world, other, twin.id).await, None);
    assert_eq!(
        port.first_workspace().await.expect("reading works").map(|it| it.id),
        Some(world.workspace_id)
    );
    let stolen = User { email: world.user.email.clone(), ..next(&twin) };
    assert_refused!(
        world.commit(vec![updated(stolen, UserChange::Email)]).await,
        StorageError::Rejected("an account with this e-mail address exists")
    );
}

/// A second account with an id is refused, and the first one stays.
pub async fn ids_are_not_taken_twice(storage: Storage) {
    let world = World::new(storage).await;
    let email = Email::new("other@example.org").expect("the address is valid");
    let twin = User { email, ..world.user.clone() };
    assert_refused!(world.commit(vec![Event::UserCreated(twin)]).await, StorageError::Rejected(_));
    assert_eq!(get(&world, world.workspace_id, world.user.id).await, Some(world.user.clone()));
}

/// Every field that can change does, version by version; the role is that of one workspace.
pub async fn a_changed_account_replaces_the_version_before(storage: Storage) {
    let world = World::new(storage).await;
    let (other, _) = world.neighbour().await;
    let seen_there = world.join(other, &world.user).await;
    let changed = User {
        email: Email::new("lovelace@example.org").expect("the address is valid"),
        display_name: DisplayName::new("Countess").expect("the name is valid"),
        state: UserState::Suspended,
        password_hash: Some(PasswordHash::from_phc("$argon2id$new".to_owned())),
        role: Role::Admin,
        ..next(&world.user)
    };
    let change = UserChange::Role { previous: world.user.role };
    world.done(vec![updated(changed.clone(), change)]).await;
    assert_eq!(get(&world, world.workspace_id, world.user.id).await, Some(changed.clone()));
    let there = User { workspace_id: other, role: seen_there.role, ..changed.clone() };
    assert_eq!(get(&world, other, world.user.id).await, Some(there.clone()));
    for stale in [world.user.clone(), changed.clone(), next(&next(&changed))] {
        assert_refused!(
            world.commit(vec![updated(stale, UserChange::Profile)]).await,
            StorageError::Conflict
        );
    }
    let elsewhere = User { role: Role::Member, ..next(&there) };
    let change = UserChange::Role { previous: Role::Viewer };
    world.commit_in(other, vec![updated(elsewhere.clone(), change)]).await.expect("it is the next version");
    assert_eq!(get(&world, other, world.user.id).await, Some(elsewhere));
    let at_home = get(&world, world.workspace_id, world.user.id).await.expect("they are still there");
    assert_eq!((at_home.role, at_home.version), (Role::Admin, changed.version.next()));
}

/// Whoever signs in is seen from their home workspace; whoever leaves that is at home where they joined first of what is
/// left, and nobody leaves the last one.
pub async fn a_person_is_seen_from_home_first(storage: Storage) {
    let world = World::new(storage).await;
    let (other, _) = world.neighbour().await;
    let long_ago = world.user.created_at.minus(std::time::Duration::from_hours(1));
    let joined =
        Membership { workspace_id: other, user_id: world.user.id, role: Role::Admin, created_at: long_ago };
    world.commit_in(other, vec![Event::MemberAdded(joined.clone())]).await.expect("they are not there yet");
    assert_refused!(
        world.commit_in(other, vec![Event::MemberAdded(joined)]).await,
        StorageError::Rejected(_)
    );
    let port = &world.storage.identities;
    let found = || async { port.user_by_email(&world.user.email).await.expect("reading works") };
    assert_eq!(found().await, Some(world.user.clone()));
    let left = Membership {
        workspace_id: world.workspace_id,
        user_id: world.user.id,
        role: world.user.role,
        created_at: world.user.created_at,
    };
    world.done(vec![Event::MemberRemoved(left.clone())]).await;
    assert_refused!(world.commit(vec![Event::MemberRemoved(left.clone())]).await, StorageError::Conflict);
    let elsewhere =
        User { workspace_id: other, home_workspace_id: other, role: Role::Admin, ..next(&world.user) };
    assert_eq!(found().await, Some(elsewhere.clone()));
    let last = Membership { workspace_id: other, ..left.clone() };
    let leave_last = vec![Event::MemberRemoved(last)];
    assert_refused!(world.commit_in(other, leave_last).await, StorageError::Conflict);
    assert_eq!(found().await, Some(elsewhere.clone()));
    // Back again, they are a guest here, and stay at home there when they go.
    world.done(vec![Event::MemberAdded(left.clone())]).await;
    assert_eq!(found().await, Some(elsewhere.clone()));
    world.done(vec![Event::MemberRemoved(left)]).await;
    assert_eq!(found().await, Some(elsewhere));
}

/// Of many simultaneous attempts to make the first account, one succeeds.
pub async fn the_first_owner_is_made_once(storage: Storage) {
    assert!(!storage.identities.any_account().await.expect("reading works"));
    assert_eq!(storage.identities.first_workspace().await.expect("reading works"), None);
    let ids = crate::fakes::SequentialIds::new();
    let attempts = (0..20).map(|number| {
        let workspace_id = WorkspaceId::from_uuid(ids.uuid());
        let clock = crate::fakes::ManualClock::default();
        let world = World {
            storage: storage.clone(),
            ids: crate::fakes::SequentialIds::new(),
            workspace_id,
            user: World::account(&ids, workspace_id, &format!("owner{number}@example.org"), clock.now()),
            node_id: domain::NodeId::from_uuid(ids.uuid()),
            clock,
        };
        let events = vec![Event::WorkspaceCreated(world.workspace()), Event::UserCreated(world.user.clone())];
        let unit = UnitOfWork { expected: vec![Expectation::NoAccountExists], ..world.unit(events) };
        storage.journal.commit(unit)
    });
    let outcomes = join_all(attempts).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(_) | Err(StorageError::Conflict))));
    assert!(storage.identities.any_account().await.expect("reading works"));
}

async fn keeping_an_owner(world: &World, events: Vec<Event>) -> Result<(), StorageError> {
    let unit = UnitOfWork { expected: vec![Expectation::AnOwnerRemains], ..world.unit(events) };
    world.storage.journal.commit(unit).await.map(drop)
}

/// Whoever is the last active owner of a workspace stays it, however they would cease to be.
pub async fn a_workspace_keeps_an_active_owner(storage: Storage) {
    let world = World::new(storage).await;
    let owner = |email, state| User { role: Role::Owner, state, ..world.stranger(email) };
    let last = owner("last@example.org", UserState::Active);
    let barred = owner("barred@example.org", UserState::Suspended);
    let pending = owner("pending@example.org", UserState::Pending);
    let (other, _) = world.neighbour().await;
    world.done([&last, &barred, &pending].map(|user| Event::UserCreated(user.clone())).to_vec()).await;
    let elsewhere = world.join(other, &world.user).await;
    world.join(other, &last).await;
    let promoted = User { role: Role::Owner, ..next(&elsewhere) };
    let change = UserChange::Role { previous: elsewhere.role };
    world.commit_in(other, vec![updated(promoted, change)]).await.expect("an owner of another workspace");
    let removed = Membership {
        workspace_id: world.workspace_id,
        user_id: last.id,
        role: last.role,
        created_at: last.created_at,
    };
    let demoted =
        updated(User { role: Role::Admin, ..next(&last) }, UserChange::Role { previous: Role::Owner });
    for event in [
        demoted.clone(),
        updated(User { state: UserState::Suspended, ..next(&last) }, UserChange::Suspended),
        Event::MemberRemoved(removed),
        Event::UserDeleted(next(&last)),
    ] {
        assert_refused!(
            keeping_an_owner(&world, vec![event]).await,
            StorageError::Rejected("a workspace needs an active owner")
        );
        assert_eq!(get(&world, world.workspace_id, last.id).await.as_ref(), Some(&last));
    }
    let restored = User { state: UserState::Active, ..next(&barred) };
    // All that counts is what is there at the end of the unit.
    keeping_an_owner(&world, vec![demoted, updated(restored, UserChange::Activated)])
        .await
        .expect("another owner is active now");
}

/// Of two workspaces that somebody leaves at the same time, they stay in one, where they are at home.
pub async fn nobody_leaves_two_workspaces_at_once(storage: Storage) {
    let world = World::new(storage).await;
    let (other, _) = world.neighbour().await;
    for round in 0..10 {
        let guest = world.colleague(&format!("guest{round}@example.org")).await;
        let there = world.join(other, &guest).await;
        let leave = |user: &User| {
            let (workspace_id, user_id, role) = (user.workspace_id, user.id, user.role);
            let left = Membership { workspace_id, user_id, role, created_at: user.created_at };
            world.commit_in(workspace_id, vec![Event::MemberRemoved(left)])
        };
        let outcomes = join_all([&guest, &there].map(leave)).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
        let left = world.storage.identities.user_by_email(&guest.email).await.expect("reading works");
        let left = left.expect("they belong somewhere");
        assert_eq!(left.home_workspace_id, left.workspace_id);
    }
}

/// Of two owners who cease to be one at the same time, one stays.
pub async fn two_owners_do_not_leave_at_once(storage: Storage) {
    let world = World::new(storage).await;
    for round in 0..10 {
        let pair = [0, 1].map(|number| User {
            role: Role::Owner,
            ..world.stranger(&format!("owner{round}{number}@example.org"))
        });
        world.done(pair.iter().cloned().map(Event::UserCreated).collect()).await;
        let change = UserChange::Role { previous: Role::Owner };
        let demotions = pair.iter().map(|user| {
            keeping_an_owner(&world, vec![updated(User { role: Role::Member, ..next(user) }, change)])
        });
        let outcomes = join_all(demotions).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
        for (outcome, user) in outcomes.iter().zip(&pair) {
            assert!(matches!(outcome, Ok(()) | Err(StorageError::Rejected(_))), "{outcome:?}");
            if outcome.is_err() {
                let left = User { role: Role::Member, ..next(user) };
                world.done(vec![updated(left, change)]).await;
            }
        }
    }
}

/// Whoever goes, by whatever way, leaves no people behind without an owner in any workspace.
pub async fn nobody_is_left_behind_without_an_owner(storage: Storage) {
    let world = World::new(storage).await;
    let (other, member) = world.neighbour().await;
    let promoted = |seen: &User| {
        let change = UserChange::Role { previous: seen.role };
        updated(User { role: Role::Owner, ..next(seen) }, change)
    };
    let mut owners = Vec::new();
    for email in ["first@example.org", "second@example.org"] {
        let owner = world.join(other, &world.colleague(email).await).await;
        world.commit_in(other, vec![promoted(&owner)]).await.expect("one version on");
        owners.push(User { workspace_id: world.workspace_id, role: Role::Member, ..next(&owner) });
    }
    let goes = |user: &User, event: Event| {
        let unit = world.unit(vec![event, Event::SessionsClosed { user_id: user.id, except: None }]);
        let expected = vec![Expectation::OthersHaveAnOwner { workspace_id: other, besides: user.id }];
        world.storage.journal.commit(UnitOfWork { expected, ..unit })
    };
    let barred =
        |user: &User| updated(User { state: UserState::Suspended, ..next(user) }, UserChange::Suspended);
    // Of two who go at once, one stays.
    let (one, two) = (&owners[0], &owners[1]);
    let outcomes = join_all([goes(one, barred(one)), goes(two, Event::UserDeleted(next(two)))]).await;
    let [first, second] = outcomes.as_slice() else { unreachable!("two of them") };
    assert!(first.is_ok() != second.is_ok(), "{outcomes:?}");
    let refused = outcomes.iter().find_map(|outcome| outcome.as_ref().err());
    assert!(
        matches!(refused, Some(StorageError::Rejected("a workspace needs an active owner"))),
        "{refused:?}"
    );
    // With nobody else there, whoever is left may go.
    let left = if first.is_ok() { two } else { one };
    assert!(goes(left, Event::UserDeleted(next(left))).await.is_err());
    world.commit_in(other, vec![Event::UserDeleted(next(&member))]).await.expect("a member may always go");
    if first.is_ok() {
        world.done(vec![Event::UserDeleted(next(&next(one)))]).await;
    }
    goes(left, barred(left)).await.expect("nobody is left behind");
    goes(left, Event::UserDeleted(next(&next(left)))).await.expect("nobody is left behind");
}

/// A deleted account takes along what it had in all workspaces, and leaves behind what others have to account for.
pub async fn deleting_a_person_takes_all_but_the_record(storage: Storage) {
    let world = World::new(storage).await;
    let doomed = world.colleague("doomed@example.org").await;
    let (other, _) = world.neighbour().await;
    let there = world.join(other, &doomed).await;
    let session = world.session(&there, 1);
    let key = world.api_key(&there, 2);
    let mut away = world.new_conversation(doomed.id, "Elsewhere");
    away.workspace_id = other;
    world
        .commit_in(
            other,
            vec![
                Event::SessionOpened(session.clone()),
                Event::ApiKeyCreated(key.clone()),
                Event::ConversationCreated(away.clone()),
            ],
        )
        .await
        .expect("they belong to both");
    let mut conversation = world.new_conversation(doomed.id, "Here");
    world.done(vec![Event::ConversationCreated(conversation.clone())]).await;
    let message = world.post(&mut conversation, None, "Last words").await;
    let mine = world.conversation("Mine").await;
    let stale = Event::UserDeleted(doomed.clone());
    assert_refused!(world.commit(vec![stale]).await, StorageError::Conflict);
    world.done(vec![Event::UserDeleted(next(&doomed))]).await;
    let Storage { identities, conversations, messages, journal, audit, workspaces, .. } = &world.storage;
    for workspace_id in [world.workspace_id, other] {
        assert_eq!(get(&world, workspace_id, doomed.id).await, None);
        for id in [away.id, conversation.id] {
            assert_eq!(conversations.get(workspace_id, id).await.expect("reading works"), None);
        }
    }
    assert_eq!(identities.user_by_email(&doomed.email).await.expect("reading works"), None);
    assert_eq!(identities.session(session.id).await.expect("reading works"), None);
    assert_eq!(identities.api_key_by_hash(key.key_hash).await.expect("reading works"), None);
    assert_eq!(workspaces.workspaces_of(doomed.id).await.expect("reading works"), []);
    assert_eq!(messages.get(world.workspace_id, message.id).await.expect("reading works"), None);
    assert!(conversations.get(world.workspace_id, mine.id).await.expect("reading works").is_some());
    let facts = journal.read_after(world.workspace_id, FactScope::User(doomed.id), Position(0), 100).await;
    let facts = facts.expect("reading works");
    assert_eq!(facts.first().map(|fact| fact.name.as_str()), Some("user.created"));
    assert_eq!(facts.last().map(|fact| fact.name.as_str()), Some("user.deleted"));
    let entries = audit.audit_chain(world.workspace_id, 0, 100).await.expect("reading works");
    let about = entries.iter().filter(|entry| entry.record.user_id == Some(doomed.id));
    let names: Vec<&str> = about.map(|entry| entry.record.name.as_str()).collect();
    assert_eq!(names, ["user.created", "user.deleted"]);
    let again = User { version: Version::FIRST, ..world.stranger("doomed@example.org") };
    world.done(vec![Event::UserCreated(again)]).await;
}
