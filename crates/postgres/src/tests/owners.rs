//! A workspace keeps an owner, whoever goes at the same moment.

use domain::ports::StorageError;
use domain::{Event, Expectation, Role, UnitOfWork, User, UserChange};
use futures_util::future::join_all;
use testing::contracts::World;

use super::{connect, empty, rows, world};

/// An owner who becomes a member.
fn demotion(world: &World, owner: &User) -> UnitOfWork {
    let user = User { role: Role::Member, version: owner.version.next(), ..owner.clone() };
    let change = UserChange::Role { previous: Role::Owner };
    let unit = world.unit(vec![Event::UserUpdated { user, change }]);
    UnitOfWork { expected: vec![Expectation::AnOwnerRemains], ..unit }
}

#[tokio::test]
async fn of_owners_who_go_at_once_one_stays() {
    let database = empty().await;
    let (world, _postgres) = world(&database).await;
    let mut owners = Vec::new();
    for number in 0..8 {
        let owner = User { role: Role::Owner, ..world.stranger(&format!("owner{number}@example.org")) };
        world.done(vec![Event::UserCreated(owner.clone())]).await;
        owners.push(owner);
    }
    let commits = owners.iter().map(|owner| world.storage.journal.commit(demotion(&world, owner)));
    let outcomes = join_all(commits).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 7);
    let kept = outcomes.iter().find_map(|outcome| outcome.as_ref().err()).expect("one is refused");
    assert!(matches!(kept, StorageError::Rejected("a workspace needs an active owner")), "{kept:?}");
    let client = connect(&database.admin_url()).await;
    let left = "SELECT count(*) FROM memberships WHERE role = 'owner'";
    assert_eq!(rows(&client, left).await, ["1"]);
}
